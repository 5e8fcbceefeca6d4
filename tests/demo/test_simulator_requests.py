"""How the simulator reads request lines and selectors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.simulator.addresses import Address, parse_address
from demo.simulator.errors import StatusError
from demo.simulator.selectors import field_selector, label_selector


@pytest.mark.parametrize(
    ("method", "path", "address"),
    [
        ("GET", "/api/v1/namespaces", Address("list", "", "namespaces")),
        ("GET", "/api/v1/namespaces/ads", Address("get", "", "namespaces", name="ads")),
        ("DELETE", "/api/v1/namespaces/ads", Address("delete", "", "namespaces", name="ads")),
        ("GET", "/api/v1/namespaces/ads/pods", Address("list", "", "pods", "ads")),
        ("POST", "/apis/apps/v1/namespaces/ads/deployments", Address("create", "apps", "deployments", "ads")),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/ads/deployments/bidder/scale",
            Address("patch", "apps", "deployments", "ads", "bidder", "scale"),
        ),
        ("PUT", "/api/v1/nodes/one", Address("update", "", "nodes", name="one")),
    ],
)
def test_a_request_is_about_what_its_line_says(method: str, path: str, address: Address) -> None:
    assert parse_address(method, path) == address


@given(st.text(alphabet="/ab", max_size=12), st.sampled_from(["", "/api/v1", "/apis/apps/v1", "/apis/apps/v2"]))
def test_any_path_is_about_something_or_answered_404(rest: str, root: str) -> None:
    try:
        about = parse_address("GET", root + rest).plural
    except StatusError as error:
        about = str(error.code)
    assert about
    assert about == "404" or about in rest


def test_a_kind_that_the_simulator_does_not_have_is_found_missing_only_when_it_is_needed() -> None:
    address = parse_address("GET", "/api/v1/namespaces/ads/secrets")

    with pytest.raises(StatusError) as error:
        _ = address.resource
    assert error.value.code == 404


@pytest.mark.parametrize(
    ("query", "labels", "selected"),
    [
        ("", {}, True),
        ("app=web", {"app": "web"}, True),
        ("app==web", {"app": "db"}, False),
        ("app!=web", {}, True),
        ("app in (web,db),tier", {"app": "db", "tier": ""}, True),
        ("app in (web,db),!tier", {"app": "db", "tier": ""}, False),
        ("app notin (web)", {"app": "web"}, False),
    ],
)
def test_labels_are_selected(query: str, labels: dict[str, str], selected: bool) -> None:
    assert label_selector(query)(labels) is selected


def test_fields_are_selected_by_their_paths() -> None:
    event = {"reason": "FailedCreate", "involvedObject": {"kind": "StatefulSet"}}

    assert field_selector("involvedObject.kind=StatefulSet,reason=FailedCreate")(event)
    assert not field_selector("involvedObject.kind=ReplicaSet")(event)
    assert not field_selector("involvedObject.name.first=x")(event)
    assert field_selector("")(event)


@pytest.mark.parametrize("query", ["app like web", "a=b=c,", "in (a)", "app in web"])
def test_a_label_query_that_is_none_is_answered_400(query: str) -> None:
    with pytest.raises(StatusError) as error:
        label_selector(query)
    assert error.value.code == 400


@pytest.mark.parametrize("query", ["reason", "reason!=x", ","])
def test_a_field_query_that_is_none_is_answered_400(query: str) -> None:
    with pytest.raises(StatusError) as error:
        field_selector(query)
    assert error.value.code == 400

"""Label selectors: the product's and the simulator's understanding of them agree, and both with the rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.simulator.selectors import label_selector
from ops_dashboard.workers.selector import Requirement, Selector
from tests.support.clusters.objects import from_json

KEYS = st.sampled_from(["app", "tier", "example.com/part-of"])
VALUES = st.sampled_from(["", "web", "db-1", "A.b_c"])
REQUIREMENTS = st.one_of(
    st.builds(Requirement, KEYS, st.sampled_from(["In", "NotIn"]), st.frozensets(VALUES, min_size=1)),
    st.builds(Requirement, KEYS, st.sampled_from(["Exists", "DoesNotExist"])),
)
SELECTORS = st.builds(Selector, st.lists(REQUIREMENTS, max_size=4).map(tuple))


@given(SELECTORS, st.dictionaries(KEYS, VALUES))
def test_a_selector_as_a_query_selects_what_the_selector_matches(selector: Selector, labels: dict[str, str]) -> None:
    assert label_selector(str(selector))(labels) == selector.matches(labels)


@pytest.mark.parametrize(
    ("operator", "absent", "one", "other"),
    [
        ("In", False, True, False),
        ("NotIn", True, False, True),
        ("Exists", False, True, True),
        ("DoesNotExist", True, False, False),
    ],
)
def test_each_operator_means_what_kubernetes_means(operator: str, absent: bool, one: bool, other: bool) -> None:
    requirement = Requirement("app", operator, frozenset({"one"}))

    assert [requirement.matches(labels) for labels in ({}, {"app": "one"}, {"app": "other"})] == [absent, one, other]


def test_a_workloads_selector_is_its_labels_and_its_expressions() -> None:
    document = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "NotIn", "values": ["test"]},
            {"key": "on", "operator": "Exists"},
        ],
    }

    assert str(Selector.of(from_json("V1LabelSelector", document))) == "app in (web),tier notin (test),on"
    assert str(Selector.of(from_json("V1LabelSelector", {}))) == ""


def test_an_operator_that_kubernetes_does_not_have_is_told() -> None:
    with pytest.raises(ValueError, match="operator: 'Like' is not one of In, NotIn, Exists, DoesNotExist"):
        Requirement("app", "Like").matches({})

"""How the API server treats a workload's scale; the product relies on every line of it."""

from __future__ import annotations

from typing import Any

import pytest

from ops_dashboard.catalog import WorkloadKind
from tests.support.clusters.cluster import JSON_PATCH, MERGE_PATCH, Answer
from tests.support.clusters.place import Place

BOTH_KINDS = pytest.mark.parametrize("kind", list(WorkloadKind))
SET_TO_3 = {"op": "add", "path": "/spec/replicas", "value": 3}


def patch_scale(place: Place, kind: WorkloadKind, body: object, *, content_type: str = JSON_PATCH) -> Answer:
    path = f"{place.path(place.pool(kind))}/scale?fieldManager=ops-dashboard"
    return place.cluster.request("PATCH", path, body, content_type=content_type, token=place.token)


def scale(place: Place, kind: WorkloadKind) -> dict[str, Any]:
    return place.cluster.request("GET", f"{place.path(place.pool(kind))}/scale").document


def test_of(path: str, value: object) -> dict[str, object]:
    return {"op": "test", "path": path, "value": value}


test_of.__test__ = False  # type: ignore[attr-defined]


@BOTH_KINDS
def test_a_patch_whose_tests_hold_sets_the_count_and_nothing_else(place: Place, kind: WorkloadKind) -> None:
    pool = place.create(kind, 2)
    before = place.workload(pool)

    answer = patch_scale(
        place, kind, [test_of("/metadata/uid", before["metadata"]["uid"]), test_of("/spec/replicas", 2), SET_TO_3]
    )

    assert (answer.status, answer.document["kind"], answer.document["spec"]) == (200, "Scale", {"replicas": 3})
    after = place.workload(pool)
    assert after["spec"] == before["spec"] | {"replicas": 3}
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1


@BOTH_KINDS
@pytest.mark.parametrize(
    "test",
    [
        test_of("/spec/replicas", 5),
        test_of("/spec/replicas", None),
        test_of("/spec/replicas", "2"),
        test_of("/spec/replicas", 2.0),
        test_of("/metadata/uid", "another"),
        test_of("/metadata/uid", None),
        test_of("/spec/nothing/here", 1),
    ],
    ids=lambda test: f"{test['path']}={test['value']!r}",
)
def test_a_patch_whose_test_fails_is_answered_422_and_changes_nothing(
    place: Place, kind: WorkloadKind, test: dict[str, object]
) -> None:
    pool = place.create(kind, 2)

    answer = patch_scale(place, kind, [test, SET_TO_3])

    assert (answer.status, answer.document["reason"]) == (422, "Invalid")
    assert answer.document["message"] == "the server rejected our request due to an error in our request"
    assert place.workload(pool)["spec"]["replicas"] == 2


@BOTH_KINDS
@pytest.mark.parametrize("value", ["3", 3.5, 3.0, True, -1, 2**31, [3], {}], ids=repr)
def test_a_count_that_is_no_whole_number_in_range_is_answered_422(
    place: Place, kind: WorkloadKind, value: object
) -> None:
    pool = place.create(kind, 2)

    assert patch_scale(place, kind, [SET_TO_3 | {"value": value}]).status == 422
    assert place.workload(pool)["spec"]["replicas"] == 2


@BOTH_KINDS
def test_null_means_zero_and_zero_is_left_out(place: Place, kind: WorkloadKind) -> None:
    pool = place.create(kind, 2)

    answer = patch_scale(place, kind, [SET_TO_3 | {"value": None}])

    assert (answer.status, answer.document["spec"]) == (200, {})
    assert scale(place, kind)["spec"] == {}
    assert place.workload(pool)["spec"]["replicas"] == 0


@BOTH_KINDS
def test_a_count_of_zero_passes_a_test_for_null_only(place: Place, kind: WorkloadKind) -> None:
    pool = place.create(kind, 0)

    assert patch_scale(place, kind, [test_of("/spec/replicas", 0), SET_TO_3]).status == 422
    assert patch_scale(place, kind, [test_of("/spec/replicas", None), SET_TO_3]).status == 200
    assert place.workload(pool)["spec"]["replicas"] == 3


@BOTH_KINDS
@pytest.mark.parametrize("body", [{"op": "add"}, "text", [1]], ids=repr)
def test_a_json_patch_that_is_no_list_of_operations_is_answered_400(
    place: Place, kind: WorkloadKind, body: object
) -> None:
    place.create(kind, 2)

    assert patch_scale(place, kind, body).status == 400


@BOTH_KINDS
@pytest.mark.parametrize("metadata", [{"uid": "another"}, {"resourceVersion": "1"}], ids=repr)
def test_a_merge_patch_of_another_object_is_answered_409(
    place: Place, kind: WorkloadKind, metadata: dict[str, str]
) -> None:
    place.create(kind, 2)

    answer = patch_scale(place, kind, {"metadata": metadata, "spec": {"replicas": 3}}, content_type=MERGE_PATCH)

    assert (answer.status, answer.document["reason"]) == (409, "Conflict")


@BOTH_KINDS
def test_who_changed_the_count_last_is_its_only_manager(place: Place, kind: WorkloadKind) -> None:
    pool = place.create(kind, 2)

    def owners() -> list[tuple[str, str | None, bool]]:
        return [
            (entry["manager"], entry.get("subresource"), "time" in entry)
            for entry in place.workload(pool)["metadata"]["managedFields"]
            if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
        ]

    patch_scale(place, kind, [SET_TO_3])
    assert owners() == [("ops-dashboard", "scale", False)]
    place.set_count(pool, 4)
    assert owners() == [("kubectl", None, True)]
    place.set_count(pool, 4, manager="somebody")
    place.patch(pool, {"spec": {"template": {"metadata": {"annotations": {"note": "new"}}}}}, manager="editor")
    assert owners() == [("kubectl", None, True)]


def test_only_a_change_of_the_specification_counts_as_a_generation(place: Place) -> None:
    pool = place.create(WorkloadKind.DEPLOYMENT, 1)
    generation = place.workload(pool)["metadata"]["generation"]
    place.until_ready(pool, 1)
    assert place.workload(pool)["metadata"]["generation"] == generation

    place.patch(pool, {"spec": {"template": {"metadata": {"annotations": {"note": "new"}}}}})
    assert place.workload(pool)["metadata"]["generation"] == generation + 1


def test_what_does_not_exist_is_answered_404(place: Place) -> None:
    for kind in WorkloadKind:
        answer = patch_scale(place, kind, [SET_TO_3])
        assert (answer.status, answer.document["reason"]) == (404, "NotFound")


def test_an_unknown_token_is_answered_401(place: Place) -> None:
    answer = place.cluster.request("GET", place.path(place.pool(WorkloadKind.DEPLOYMENT)), token="stale")

    assert (answer.status, answer.document["reason"]) == (401, "Unauthorized")

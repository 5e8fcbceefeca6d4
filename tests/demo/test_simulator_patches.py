"""JSON-Patch and merge patch, apart from what the contract tests show on a whole server."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.simulator.errors import StatusError
from demo.simulator.patches import apply_patch
from tests.support.clusters.cluster import JSON_PATCH, MERGE_PATCH

KEYS = st.sampled_from(["spec", "replicas", "a/b", "m~n", "labels"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3))
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=3)
OPERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["add", "replace", "remove", "test", "move", 7]),
        "path": st.sampled_from(["", "/", "/spec", "/spec/replicas", "/a~1b", "/m~0n/labels", 7]),
        "value": VALUES,
    },
)


def json_patch(document: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    return apply_patch(JSON_PATCH, document, list(operations))


@given(DOCUMENTS, st.lists(OPERATIONS, max_size=4))
def test_a_patch_is_applied_whole_or_refused_and_never_touches_the_original(
    document: dict[str, Any], operations: list[dict[str, Any]]
) -> None:
    before, refusal = deepcopy(document), None
    try:
        json_patch(document, *operations)
    except StatusError as error:
        refusal = error.code
    assert refusal in {None, 422}
    assert document == before


@given(DOCUMENTS, KEYS, VALUES)
def test_what_was_added_passes_a_test_for_itself(document: dict[str, Any], key: str, value: object) -> None:
    path = "/" + key.replace("~", "~0").replace("/", "~1")

    patched = json_patch(
        document, {"op": "add", "path": path, "value": value}, {"op": "test", "path": path, "value": value}
    )

    assert patched == document | {key: value}


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), (0, False), (0, None), ("", None), ("1", 1)])
def test_values_of_different_types_are_different(one: object, other: object) -> None:
    with pytest.raises(StatusError):
        json_patch({"x": one}, {"op": "test", "path": "/x", "value": other})


def test_what_is_not_there_cannot_be_removed() -> None:
    assert json_patch({"x": 1}, {"op": "remove", "path": "/x"}) == {}
    with pytest.raises(StatusError):
        json_patch({}, {"op": "remove", "path": "/x"})


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": "foo"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)
def test_merge_patch_does_what_the_examples_of_rfc_7386_do(
    target: dict[str, Any], patch: dict[str, Any], merged: dict[str, Any]
) -> None:
    assert apply_patch(MERGE_PATCH, target, patch) == merged


@pytest.mark.parametrize(
    ("content_type", "patch", "code"),
    [(MERGE_PATCH, [], 400), (JSON_PATCH, {}, 400), ("text/plain", {}, 415), ("", {}, 415)],
)
def test_a_patch_that_is_none_is_refused(content_type: str, patch: object, code: int) -> None:
    with pytest.raises(StatusError) as error:
        apply_patch(content_type, {}, patch)

    assert error.value.code == code

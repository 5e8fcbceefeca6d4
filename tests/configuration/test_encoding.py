"""Values and the text that is kept of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_dashboard.catalog import Parameter, ValueType
from ops_dashboard.configuration import Current, current, to_text
from ops_dashboard.parameters.keywords import LARGEST_INTEGER, LARGEST_NUMBER
from ops_dashboard.text import is_visible

SIZE = Parameter(type=ValueType.INTEGER, minimum=1, maximum=1000)
RATE = Parameter(type=ValueType.NUMBER)
FLAG = Parameter(type=ValueType.BOOLEAN)
MODEL = Parameter(type=ValueType.STRING, enum=("a", "b"))
LONG = "x" * 5000

READ: list[tuple[Parameter, str | None, Any, bool]] = [
    (SIZE, "100", 100, True),
    (SIZE, " 100\n", 100, True),
    (SIZE, None, None, True),
    (SIZE, "5000", 5000, False),
    (SIZE, '"100"', '"100"', False),
    (SIZE, "100.0", "100.0", False),
    (SIZE, "1e2", "1e2", False),
    (SIZE, "true", "true", False),
    (SIZE, "null", "null", False),
    (SIZE, "", "", False),
    (SIZE, "[1]", "[1]", False),
    (SIZE, "9" * 10_000, "9" * 1999 + "…", False),
    (SIZE, LONG, LONG[:1999] + "…", False),
    (RATE, "0.5", 0.5, True),
    (RATE, "1", 1, True),
    (RATE, "NaN", "NaN", False),
    (RATE, "Infinity", "Infinity", False),
    (RATE, "1e400", "1e400", False),
    (FLAG, "true", True, True),
    (FLAG, "True", "True", False),
    (FLAG, "1", "1", False),
    (MODEL, "a", "a", True),
    (MODEL, "c", "c", False),
    (MODEL, "", "", False),
    (MODEL, '"a"', '"a"', False),
    (MODEL, LONG, LONG[:1999] + "…", False),
]


@pytest.mark.parametrize(("parameter", "text", "value", "fits"), READ)
def test_what_is_kept_is_read_by_its_type_and_else_as_it_is(
    parameter: Parameter, text: str | None, value: object, fits: bool
) -> None:
    found = current(parameter, text)

    assert (found.value, type(found.value)) == (value, type(value))
    assert (found.problem is None) == fits
    assert found.problem is None or "is not accepted; accepted is" in found.problem


ANY_VALUE = st.one_of(
    st.booleans().map(lambda value: (FLAG, value)),
    st.integers(-LARGEST_INTEGER, LARGEST_INTEGER).map(lambda value: (Parameter(type=ValueType.INTEGER), value)),
    st.floats(-LARGEST_NUMBER, LARGEST_NUMBER).map(lambda value: (RATE, value)),
    st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=200)
    .filter(is_visible)
    .map(lambda value: (Parameter(type=ValueType.STRING), value)),
)


@given(ANY_VALUE)
def test_what_is_written_is_read_back(case: tuple[Parameter, Any]) -> None:
    parameter, value = case

    assert current(parameter, to_text(value)) == Current(value)


@given(st.text(max_size=50), st.sampled_from([SIZE, RATE, FLAG, MODEL]))
def test_whatever_is_kept_can_be_shown(text: str, parameter: Parameter) -> None:
    found = current(parameter, text)

    assert found.value is not None
    assert found.problem is not None or to_text(found.value).strip() != "" or text == ""

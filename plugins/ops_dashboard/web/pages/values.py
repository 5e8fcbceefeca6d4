"""How pages write the values of settings, and how a form carries what was seen."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ops_dashboard.acts import RequestError
from ops_dashboard.catalog import Parameter
from ops_dashboard.catalog.current import find_operation
from ops_dashboard.ledger import Value
from ops_dashboard.parameters import text_of
from ops_dashboard.text import shorten, shown
from ops_dashboard.web.components import Code, Node, Stacked

NOT_SET = "not set"
_LONGEST_LINE = 140
_LONGEST_VALUE = 40


def value_in_words(value: Value) -> str:
    """On one short line, true and false as JSON has them."""
    if value is None:
        return NOT_SET
    return shorten(text_of(value)) or '""'


def change_in_words(before: Value, after: Value) -> str:
    """Before → after in a line."""
    return f"{value_in_words(before)} → {value_in_words(after)}"


def figure(value: Value) -> int | float | str:
    """For a large display: a number as it is, anything else in words."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return value_in_words(value)


def recorded_values(recorded: Value) -> Mapping[str, Value] | None:
    """Read back the values that a run was asked for with; None if the record holds something else."""
    try:
        values = json.loads(str(recorded))
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def given(operation: str, recorded: Value) -> list[tuple[str, Node]]:
    """The values that a run of an operation is given, for a list of facts, as its form calls them.

    Of what was left empty its description may say what that means.
    """
    found = find_operation(operation)
    parameters = found.parameters if found is not None else {}
    return [_given(name, parameters.get(name), value) for name, value in (recorded_values(recorded) or {}).items()]


def _given(name: str, parameter: Parameter | None, value: Value) -> tuple[str, Node]:
    label = parameter.label(name) if parameter is not None else name
    if value is not None:
        return label, Code(text_of(value))
    return label, Stacked("left empty", parameter.description if parameter is not None else None)


def recorded_in_short(recorded: Value, *, also_missing: bool = False) -> str:
    """What is on record, in a line: values by name, or whatever else it is.

    Args:
        recorded: It.
        also_missing: Whether to tell of values that were left out, too: "region eu, no prefix".
    """
    values = recorded_values(recorded)
    if values is None:
        return "" if recorded is None else shorten(str(recorded))
    given = [f"{name} {_in_short(value)}" for name, value in values.items() if value is not None]
    missing = [f"no {name}" for name, value in values.items() if value is None] if also_missing else []
    return shorten(", ".join([*given, *missing]), _LONGEST_LINE)


def _in_short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shorten(text, _LONGEST_VALUE) or "empty"


def seen_as_text(value: Value) -> str:
    """What a form carries of the value that was seen: JSON, in which the text 3 and the number 3 differ."""
    return json.dumps(value)


def seen_from_text(text: str) -> Value:
    """Read it back.

    Raises:
        RequestError: It is no value that anybody can have seen.
    """
    try:
        value = json.loads(text)
        str(value).encode()  # half a character is nothing that anybody can have seen
    except (ValueError, RecursionError):
        value = ...
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise RequestError({"expected": f"{shown(text)} is not accepted; accepted is the value that was seen, as JSON"})

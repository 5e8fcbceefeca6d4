"""Between a value and the text that is kept of it: text is kept as it is, anything else as JSON."""

from __future__ import annotations

import json

from ops_dashboard.catalog import Parameter, Scalar, ValueType
from ops_dashboard.configuration.models import Current
from ops_dashboard.parameters import ValueProblem, accepted, check_value
from ops_dashboard.parameters.keywords import LARGEST_NUMBER, LONGEST_TEXT
from ops_dashboard.text import shown


def to_text(value: Scalar) -> str:
    """Return what is kept of a value."""
    return value if isinstance(value, str) else json.dumps(value, allow_nan=False)


def current(parameter: Parameter, text: str | None) -> Current:
    """Return the value that a text stands for; one that is not accepted, or is of another type, with the problem.

    A text that is too long for a record is cut.
    """
    if text is None:
        return Current(None)
    value = text if parameter.type is ValueType.STRING else _decoded(text)
    if not parameter.type.fits(value) or _is_huge(value):
        cut = text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
        return Current(cut, f"{shown(cut)} is not accepted; accepted is {accepted(parameter)}")
    try:
        check_value(parameter, value)
    except ValueProblem as problem:
        return Current(value, str(problem))
    return Current(value)


def _decoded(text: str) -> Scalar | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # no JSON, or a number of more digits, or deeper, than anybody can mean
        return None
    return found if isinstance(found, bool | int | float | str) else None


def _is_huge(value: Scalar | None) -> bool:
    if isinstance(value, str):
        return len(value) > LONGEST_TEXT
    return isinstance(value, int | float) and not abs(value) <= LARGEST_NUMBER  # nor is NaN

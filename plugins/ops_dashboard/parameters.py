"""Stand-in until the real module is merged."""

from __future__ import annotations

from typing import Any

from ops_dashboard.catalog import Parameter, Scalar, ValueType
from ops_dashboard.catalog.parameters import LARGEST_INTEGER, LARGEST_NUMBER, LONGEST_TEXT
from ops_dashboard.text import shown


class ValueProblem(ValueError):  # noqa: N818
    """A value that is not accepted."""


def check_value(parameter: Parameter, value: object) -> Scalar | None:
    """Return the value if it is accepted."""
    fits = parameter.type.fits(value)
    if fits and isinstance(value, int | float) and not isinstance(value, bool):
        bound = LARGEST_INTEGER if parameter.type is ValueType.INTEGER else LARGEST_NUMBER
        least = parameter.minimum if parameter.minimum is not None else -bound
        most = parameter.maximum if parameter.maximum is not None else bound
        fits = least <= value <= most
    if fits and isinstance(value, str):
        fits = len(value) <= (parameter.maxLength or LONGEST_TEXT)
    if fits and parameter.enum is not None:
        fits = value in parameter.enum
    if not fits:
        raise ValueProblem(f"{shown(value)} is not accepted; accepted is {accepted(parameter)}")
    return value  # type: ignore[return-value]


def accepted(parameter: Parameter) -> str:
    """Say what is accepted."""
    if parameter.enum is not None:
        return " or ".join(map(str, parameter.enum))
    if parameter.type is ValueType.INTEGER:
        return f"a whole number from {parameter.minimum} to {parameter.maximum}"
    return f"a {parameter.type}"


def json_schema(parameter: Parameter) -> dict[str, Any]:
    """The schema."""
    return parameter.model_dump(mode="json", exclude_none=True, include={"type", "enum", "minimum", "maximum"})


def read_text(parameter: Parameter, text: str) -> object:
    """What a form means."""
    import json
    import re

    if parameter.type is ValueType.STRING:
        return text
    if parameter.type is ValueType.INTEGER:
        return int(text) if re.fullmatch(r"-?[0-9]{1,16}", text.strip(), re.ASCII) else text
    try:
        return json.loads(text)
    except ValueError:
        return text


def text_of(value: object) -> str:
    """As a form shows it."""
    import json

    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)

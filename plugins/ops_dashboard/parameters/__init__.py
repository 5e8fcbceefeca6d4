"""Stand-in until the branch is merged."""

from __future__ import annotations

from ops_dashboard.catalog import Parameter, Scalar


class ValueProblem(ValueError):
    """A value that is not accepted."""


def check_value(parameter: Parameter, value: object) -> Scalar | None:
    if not parameter.type.fits(value):
        raise ValueProblem("no")
    return value  # type: ignore[return-value]


def accepted(parameter: Parameter) -> str:
    return parameter.type


def json_schema(parameter: Parameter) -> dict[str, object]:
    return {"type": parameter.type.value}

"""Stand-in until the real module is merged."""

from __future__ import annotations

from ops_dashboard.catalog import Parameter
from ops_dashboard.parameters import accepted
from ops_dashboard.web.components import Node, SelectField, TextField


def value_field(name: str, parameter: Parameter, *, value: str = "", error: str | None = None) -> Node:
    """The field."""
    if parameter.enum is not None:
        options = [(str(each), str(each)) for each in parameter.enum]
        return SelectField(name, parameter.title or "Value", options, value, accepted(parameter), error)
    return TextField(name, parameter.title or "Value", value, accepted(parameter), error, required=True)

"""Stand-in until the branch is merged."""

from __future__ import annotations

from collections.abc import Sequence

from ops_dashboard.catalog import Parameter, TextFormat
from ops_dashboard.web.components import Component, SelectField, TextArea, TextField


def value_field(
    name: str,
    parameter: Parameter,
    *,
    value: str = "",
    error: str | None = None,
    options: Sequence[tuple[str, str]] | None = None,
) -> Component:
    """Show a parameter's value."""
    label, hint = parameter.title or name, parameter.description or None
    if parameter.enum is not None:
        options = [(str(each), str(each)) for each in parameter.enum]
    if options is not None:
        return SelectField(name, label, [("", "Choose …"), *options], value, hint, error)
    if parameter.format is TextFormat.MULTILINE:
        return TextArea(name, label, value, hint, error)
    return TextField(name, label, value, hint, error, required=parameter.is_required)

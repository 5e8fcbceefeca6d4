"""Self-service operations inside the Airflow web UI.

What pages are written with can be imported from here: `from ops_dashboard import Page, PageRequest, Router, Table`
(docs/pages.md). It is loaded when it is asked for, since Airflow imports this package in every process, and only its
web server shows pages.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops_dashboard.web.components import (
        Actions,
        Badge,
        Button,
        Change,
        Chip,
        Chips,
        Code,
        Column,
        Columns,
        Component,
        Confirm,
        DateField,
        Empty,
        Facts,
        Fieldset,
        Form,
        Heading,
        Hidden,
        Link,
        Live,
        Message,
        Muted,
        Node,
        Note,
        NumberField,
        Output,
        Outside,
        Page,
        Panel,
        Progress,
        ReadyBar,
        Redirect,
        Renew,
        Search,
        Select,
        SelectField,
        Spread,
        Stacked,
        Step,
        Steps,
        StepState,
        Submit,
        Table,
        Template,
        Text,
        TextArea,
        TextField,
        Time,
        TimeField,
        Tone,
        Toolbar,
        Typed,
    )
    from ops_dashboard.web.errors import Problem, not_found
    from ops_dashboard.web.request import PageRequest
    from ops_dashboard.web.router import Router

__all__ = [
    "Actions",
    "Badge",
    "Button",
    "Change",
    "Chip",
    "Chips",
    "Code",
    "Column",
    "Columns",
    "Component",
    "Confirm",
    "DateField",
    "Empty",
    "Facts",
    "Fieldset",
    "Form",
    "Heading",
    "Hidden",
    "Link",
    "Live",
    "Message",
    "Muted",
    "Node",
    "Note",
    "NumberField",
    "Output",
    "Outside",
    "Page",
    "PageRequest",
    "Panel",
    "Problem",
    "Progress",
    "ReadyBar",
    "Redirect",
    "Renew",
    "Router",
    "Search",
    "Select",
    "SelectField",
    "Spread",
    "Stacked",
    "Step",
    "StepState",
    "Steps",
    "Submit",
    "Table",
    "Template",
    "Text",
    "TextArea",
    "TextField",
    "Time",
    "TimeField",
    "Tone",
    "Toolbar",
    "Typed",
    "not_found",
]

if not TYPE_CHECKING:  # or type checkers would take every misspelt name for one of these
    _ELSEWHERE = {"PageRequest": "request", "Problem": "errors", "Router": "router", "not_found": "errors"}

    def __getattr__(name: str) -> object:
        """Load one of the names above (PEP 562); most are components."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.web.{_ELSEWHERE.get(name, 'components')}"), name)

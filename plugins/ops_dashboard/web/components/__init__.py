"""The vocabulary of pages: frozen values, each with a template of the same name."""

from __future__ import annotations

from ops_dashboard.web.components.base import Component, Node, Tone
from ops_dashboard.web.components.filters import Chip, Chips, Search, Select, Toolbar
from ops_dashboard.web.components.forms import (
    Confirm,
    DateField,
    Fieldset,
    Form,
    Hidden,
    NumberField,
    Outside,
    Renew,
    SelectField,
    Submit,
    TextArea,
    TextField,
    TimeField,
    Typed,
)
from ops_dashboard.web.components.layout import Actions, Columns, Facts, Panel, Spread
from ops_dashboard.web.components.page import Live, Message, Page, Redirect, Template
from ops_dashboard.web.components.status import (
    Badge,
    Change,
    Note,
    Progress,
    ReadyBar,
    Step,
    Steps,
    StepState,
)
from ops_dashboard.web.components.table import Column, Empty, Table
from ops_dashboard.web.components.text import Button, Code, Heading, Link, Muted, Output, Stacked, Text, Time

__all__ = [
    "Actions", "Badge", "Button", "Change", "Chip", "Chips", "Code", "Column", "Columns", "Component", "Confirm",
    "DateField", "Empty", "Facts", "Fieldset", "Form", "Heading", "Hidden", "Link", "Live", "Message", "Muted", "Node",
    "Note", "NumberField", "Output", "Outside", "Page", "Panel", "Progress", "ReadyBar", "Redirect", "Renew", "Search",
    "Select", "SelectField", "Spread", "Stacked", "Step", "StepState", "Steps", "Submit", "Table", "Template", "Text",
    "TextArea", "TextField", "Time", "TimeField", "Tone", "Toolbar", "Typed",
]  # fmt: skip

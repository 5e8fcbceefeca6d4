"""A setting: a registered, typed configuration value."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from ops_dashboard.catalog.fields import (
    LABEL,
    LABEL_IN_WORDS,
    LINE_IN_WORDS,
    ConnectionId,
    Entry,
    Kind,
    Label,
    Line,
)
from ops_dashboard.catalog.parameters import Parameter
from ops_dashboard.catalog.relations import Inside, refuse
from ops_dashboard.parameters.keywords import TextFormat
from ops_dashboard.strict_yaml import RELATION


class Restart(Entry):
    """The workload that has to start anew to see a changed ConfigMap."""

    kind: Kind
    name: Label = Field(description=f"the workload's name: {LABEL_IN_WORDS}")


class ConfigMapKey(Entry):
    """Where a value lives in Kubernetes: text as it is, any other value as JSON."""

    connection: ConnectionId
    namespace: Label = Field(description=f"a Kubernetes namespace: {LABEL_IN_WORDS}")
    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", description="the ConfigMap's name")
    key: str = Field(pattern=r"^[A-Za-z0-9._-]{1,253}$", description="a key of the ConfigMap: letters, digits, _ . -")
    restart: Restart | None = Field(default=None, description="a mapping of kind and name")


def _one_place(variable: str | None, info: ValidationInfo) -> str | None:
    if "config_map" in info.data and (variable is None) == (info.data["config_map"] is None):
        raise PydanticCustomError(RELATION, "exactly one of config_map and variable")
    return variable


def _on_its_own(value: Parameter) -> Parameter:
    """Check that a value means something without an operation around it."""
    if value.format is TextFormat.CONNECTION:
        refuse([Inside(("format",), value.format.value, "another format, as no script gets a setting's secrets")])
    if value.choices:
        refuse([Inside(("choices",), value.choices.query, "an enum, as only operations have choices by query")])
    return value


class Setting(Entry):
    """A value that lives in a ConfigMap or in an Airflow variable; `set:<name>` allows to change it.

    Attributes:
        name: The key of the whole entry.
        value: What it accepts.
    """

    name: str = Field(
        pattern=f"^{LABEL}/{LABEL}$", description=f"team/name as in ads/batch-size, each {LABEL_IN_WORDS}"
    )
    title: Line = Field(description=LINE_IN_WORDS)
    description: str = Field(default="", max_length=2000, description="at most 2000 characters")
    owner: Line = Field(description=f"who answers for it: {LINE_IN_WORDS}")
    value: Annotated[Parameter, AfterValidator(_on_its_own)] = Field(description="a schema of the value")
    config_map: ConfigMapKey | None = Field(
        default=None, description="a mapping of connection, namespace, name, key and restart"
    )
    variable: Annotated[str | None, AfterValidator(_one_place)] = Field(
        default=None,
        validate_default=True,
        pattern=r"^[A-Za-z0-9_.-]{1,250}$",
        description="the key of an Airflow variable: letters, digits, _ . -",
    )

    @property
    def team(self) -> str:
        """The part of the name before the slash."""
        return self.name.partition("/")[0]

    @property
    def action(self) -> str:
        """The action that a grant must cover to change it."""
        return f"set:{self.name}"

"""What may be operated, and the first grants: YAML files that a team reviews as it reviews code."""

from __future__ import annotations

from ops_dashboard.catalog.fields import TIME_IN_WORDS, GroupName, Scalar, Time, WorkloadKind
from ops_dashboard.catalog.grants import ActionPattern, CatalogGrant, Limits, OnlyOfNumbers, limits_in_words
from ops_dashboard.catalog.models import (
    Catalog,
    UnknownEntryError,
    UnknownOperationError,
    UnknownPoolError,
    UnknownSettingError,
)
from ops_dashboard.catalog.operations import Approval, Concurrency, Operation, PodRun, ScriptRun, SqlRun
from ops_dashboard.catalog.parameters import Choices, Parameter
from ops_dashboard.catalog.pools import Pool
from ops_dashboard.catalog.reading import CatalogError, load_catalog
from ops_dashboard.catalog.settings import ConfigMapKey, Restart, Setting
from ops_dashboard.parameters.keywords import TextFormat, ValueType

__all__ = [
    "TIME_IN_WORDS",
    "ActionPattern",
    "Approval",
    "Catalog",
    "CatalogError",
    "CatalogGrant",
    "Choices",
    "Concurrency",
    "ConfigMapKey",
    "GroupName",
    "Limits",
    "OnlyOfNumbers",
    "Operation",
    "Parameter",
    "PodRun",
    "Pool",
    "Restart",
    "Scalar",
    "ScriptRun",
    "Setting",
    "SqlRun",
    "TextFormat",
    "Time",
    "UnknownEntryError",
    "UnknownOperationError",
    "UnknownPoolError",
    "UnknownSettingError",
    "ValueType",
    "WorkloadKind",
    "limits_in_words",
    "load_catalog",
]

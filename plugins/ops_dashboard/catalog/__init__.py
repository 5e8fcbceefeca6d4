"""What may be operated, and the first grants: YAML files that a team reviews as it reviews code."""

from __future__ import annotations

from ops_dashboard.catalog.models import (
    TIME_IN_WORDS,
    ActionPattern,
    Catalog,
    CatalogGrant,
    GroupName,
    Limits,
    Pool,
    Time,
    UnknownPoolError,
    WorkloadKind,
)
from ops_dashboard.catalog.reading import CatalogError, load_catalog

__all__ = [
    "TIME_IN_WORDS",
    "ActionPattern",
    "Catalog",
    "CatalogError",
    "CatalogGrant",
    "GroupName",
    "Limits",
    "Pool",
    "Time",
    "UnknownPoolError",
    "WorkloadKind",
    "load_catalog",
]

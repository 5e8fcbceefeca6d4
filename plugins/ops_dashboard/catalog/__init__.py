"""What may be operated, and the first grants: YAML files that a team reviews as it reviews code."""

from __future__ import annotations

from ops_dashboard.catalog.models import (
    Catalog,
    CatalogGrant,
    Limits,
    Pool,
    UnknownPoolError,
    WorkloadKind,
)
from ops_dashboard.catalog.reading import CatalogError, load_catalog

__all__ = [
    "Catalog",
    "CatalogError",
    "CatalogGrant",
    "Limits",
    "Pool",
    "UnknownPoolError",
    "WorkloadKind",
    "load_catalog",
]

"""What may be operated, and the first grants: YAML files that a team reviews as it reviews code."""

from __future__ import annotations

from ops_dashboard.catalog.models import (
    MAX_REPLICAS,
    Catalog,
    CatalogGrant,
    Limits,
    Pool,
    UnknownPoolError,
    WorkloadKind,
)
from ops_dashboard.catalog.reading import CatalogError, Problem, load_catalog

__all__ = [
    "MAX_REPLICAS",
    "Catalog",
    "CatalogError",
    "CatalogGrant",
    "Limits",
    "Pool",
    "Problem",
    "UnknownPoolError",
    "WorkloadKind",
    "load_catalog",
]

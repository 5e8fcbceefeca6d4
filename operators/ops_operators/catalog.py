"""The catalog as a task needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops_dashboard.catalog import CatalogError
from ops_dashboard.catalog.current import current_catalog
from ops_operators.verdicts import RefusedError

if TYPE_CHECKING:
    from ops_dashboard.catalog import Catalog


def catalog() -> Catalog:
    """Return the catalog as it is now.

    Raises:
        RefusedError: It has mistakes.
    """
    try:
        return current_catalog()
    except CatalogError as error:
        raise RefusedError(f"the catalog has mistakes, so nothing can be operated: {error}") from error

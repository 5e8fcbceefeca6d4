"""Bring the copy of the company directory, and the grants that the catalog declares, up to date."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from ops_dashboard import access, database, directory
from ops_dashboard.catalog import CatalogError
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.directory import store
from ops_dashboard.settings import settings

if TYPE_CHECKING:
    from airflow.sdk import Context


class SyncDirectoryOperator(BaseOperator):
    """Fetch users and groups from the configured source and apply them in one transaction."""

    template_fields = ()

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002
        """Fetch, then apply.

        Raises:
            AirflowFailException: The source gave no complete answer; what was known stays as it was.
        """
        try:
            snapshot = directory.from_connection(settings().directory_connection_id).fetch()
            with closing(database.connect()) as connection:
                result = store.apply(connection, snapshot)
        except (directory.DirectoryError, database.DatabaseDownError) as error:
            raise AirflowFailException(f"{error}; users and groups stay as they were") from error
        self.log.info("Applied %s: %s", snapshot.source, result)
        return asdict(result)


class SyncCatalogGrantsOperator(BaseOperator):
    """Add the grants that the catalog newly declares, revoke those that it no longer does."""

    template_fields = ()

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002
        """Compare and apply.

        Raises:
            AirflowFailException: The catalog has mistakes or the database is down; the grants stay as they were.
        """
        try:
            grants = current_catalog().grants
            with closing(database.connect()) as connection:
                changes = access.apply_catalog_grants(connection, grants)
                connection.commit()
        except (CatalogError, database.DatabaseDownError) as error:
            raise AirflowFailException(f"{error}; the grants stay as they were") from error
        self.log.info("Grants of the catalog: %s", changes)
        return asdict(changes)

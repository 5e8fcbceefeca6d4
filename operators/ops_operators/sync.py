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

if TYPE_CHECKING:
    import psycopg
    from airflow.sdk import Context


class SyncDirectoryOperator(BaseOperator):
    """Fetch users and groups from one source, and apply them in one transaction as far as proof and guards allow.

    The run's parameter `dry_run` only tells what would change.

    Args:
        connection_id: The Airflow connection that configures the source.
    """

    template_fields = ()

    def __init__(self, *, connection_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.connection_id = connection_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Fetch, then sync.

        Raises:
            AirflowFailException: What a person has to look at: the source gave no complete answer, or it is held.
        """
        run = context["dag_run"]
        asked = directory.Asked(run.triggering_user_name or "the schedule", run.run_id)
        dry_run = bool(context["params"].get("dry_run"))
        try:
            configured = directory.from_connection(self.connection_id)
            with closing(database.connect()) as connection:
                report = self._sync(connection, configured, asked, dry_run)
        except (directory.DirectoryError, database.DatabaseDownError) as error:
            raise AirflowFailException(f"{error}; users and groups stay as they were") from error
        return self._told(report)

    @staticmethod
    def _sync(
        connection: psycopg.Connection, configured: directory.ConfiguredSource, asked: directory.Asked, dry_run: bool
    ) -> directory.SyncReport:
        try:
            snapshot = configured.source.fetch()
            return directory.sync(connection, snapshot, configured.rules, asked, dry_run=dry_run)
        except directory.DirectoryError as error:
            directory.record_failure(connection, configured.name, str(error), asked)
            raise

    def _told(self, report: directory.SyncReport) -> dict[str, Any]:
        if report.suspended:
            self.log.warning("Suspended at once: %s", ", ".join(report.suspended))
        why = "; ".join(report.reasons)
        if report.state is directory.SyncState.HELD:
            raise AirflowFailException(
                f"held, and nothing but suspensions was changed: {why}. Look at the differences on the page Access,"
                f" Sources, and release or discard them (digest {report.digest})"
            )
        if report.state is directory.SyncState.PARTIAL:
            raise AirflowFailException(f"not everything could be read, and what was not stays as it was: {why}")
        self.log.info("%s %s: %s", report.state.capitalize(), report.source, report.differences)
        return {
            "state": report.state,
            "digest": report.digest,
            "differences": report.differences.model_dump(mode="json") if report.differences else None,
        }


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

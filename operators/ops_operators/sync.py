"""Bring the copy of the company directory, and the grants that the catalog declares, up to date."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import psycopg
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from ops_dashboard import access, database, directory
from ops_dashboard.catalog import CatalogError
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.settings import settings

if TYPE_CHECKING:
    from airflow.sdk import Context

_DATABASE_FAILURES = (database.DatabaseDownError, psycopg.OperationalError)


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
        try:
            configured = directory.from_connection(self.connection_id)
            others = settings().directory_connection_ids
            directory.refuse_shared_name(self.connection_id, configured.name, others)
            report = _sync(configured, asked, dry_run=_is_dry_run(context))
        except (directory.DirectoryError, *_DATABASE_FAILURES) as error:
            suspended = error.suspended if isinstance(error, directory.DirectoryError) else ()
            but = f" but for suspensions ({', '.join(suspended)})" if suspended else ""
            raise AirflowFailException(f"{error}; users and groups stay as they were{but}") from error
        return self._told(report)

    def _told(self, report: directory.SyncReport) -> dict[str, Any]:
        if report.suspended:
            at_once = "Suspended" if report.state is not directory.SyncState.REHEARSED else "It would suspend"
            self.log.warning("%s at once: %s", at_once, ", ".join(report.suspended))
        why = "; ".join(report.reasons)
        if report.state is directory.SyncState.HELD:
            raise AirflowFailException(
                f"held, and nothing but suspensions was changed: {why}. Look at the differences on the page Access,"
                f" Sources, and release or discard them (digest {report.digest})"
            )
        if report.state is directory.SyncState.PARTIAL:
            raise AirflowFailException(f"not everything could be read, and what was not stays as it was: {why}")
        if report.reasons:  # of a dry run, which fails for none of them
            becomes = "held" if report.digest else "partial"
            self.log.warning("Without a dry run it would be %s: %s", becomes, why)
        self.log.info("%s %s: %s", report.state.capitalize(), report.source, report.differences)
        return {
            "state": report.state,
            "digest": report.digest,
            "differences": report.differences.model_dump(mode="json") if report.differences else None,
        }


class SyncCatalogGrantsOperator(BaseOperator):
    """Add the grants that the catalog newly declares, revoke those that it no longer does.

    The run's parameter `dry_run` only tells how many these are. When most would go it takes `confirm_grants`.
    """

    template_fields = ()

    def execute(self, context: Context) -> dict[str, Any]:
        """Compare and apply.

        Raises:
            AirflowFailException: The catalog has mistakes, most of its grants would go and nobody has confirmed it, or
                the database is down; the grants stay as they were.
        """
        dry_run = _is_dry_run(context)
        confirmed = bool(context["params"].get("confirm_grants"))
        try:
            catalog = current_catalog()
            with closing(database.connect()) as connection, connection.transaction(force_rollback=dry_run):
                try:
                    changes = access.apply_catalog_grants(connection, catalog.grants, confirmed=confirmed)
                except access.MassRevocationError as error:
                    if not dry_run:
                        raise
                    self.log.warning("Without a dry run it would be held: %s", error)
                    changes = access.apply_catalog_grants(connection, catalog.grants, confirmed=True)
                access.apply_operation_approvers(connection, catalog.approver_groups)
        except access.MassRevocationError as error:
            raise AirflowFailException(
                f"held: {error}; the grants stay as they were. Look at what the catalog folder holds; if it is right,"
                " trigger this DAG with confirm_grants"
            ) from error
        except (CatalogError, *_DATABASE_FAILURES) as error:
            raise AirflowFailException(f"{error}; the grants stay as they were") from error
        self.log.info("Grants of the catalog%s: %s", ", rehearsed" if dry_run else "", changes)
        return asdict(changes)


def _sync(configured: directory.ConfiguredSource, asked: directory.Asked, *, dry_run: bool) -> directory.SyncReport:
    """Connect only after the source was read: that may take so long that an idle connection is dropped."""
    try:
        snapshot = configured.source.fetch()
        with closing(database.connect()) as connection:
            return directory.sync(connection, snapshot, configured.rules, asked, dry_run=dry_run)
    except directory.DirectoryError as error:
        max_age = configured.rules.max_age
        with closing(database.connect()) as connection:
            directory.record_failure(connection, configured.name, error, asked, max_age=max_age)
        raise


def _is_dry_run(context: Context) -> bool:
    return bool(context["params"].get("dry_run"))

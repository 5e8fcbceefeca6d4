"""Bring the database's schema up to date: Alembic runs the SQL files of the folder `sql`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from ops_dashboard.database.connections import connect_url

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationInfo
    from sqlalchemy import Connection


class MigrationError(Exception):
    """The schema could not be brought up to date; nothing was changed. The message tells why."""


def migrate(url: str) -> list[str]:
    """Apply what is missing, in one transaction; a second migration at the same time waits and finds nothing to do.

    Args:
        url: libpq URL (`postgresql://…`) of the database, as the role that shall own the schema.

    Returns:
        Names of the applied revisions, oldest first; empty if the schema was up to date.

    Raises:
        DatabaseDownError: The server can't be reached.
        MigrationError: The role lacks a right, or a statement failed.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    engine = create_engine("postgresql+psycopg://", creator=partial(connect_url, url), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            return _upgrade(connection)
    except DBAPIError as error:
        raise MigrationError(_explain(error.orig)) from error


def run_sql_beside(revision_file: str) -> None:
    """Run the SQL file that lies beside a revision and has its name."""
    from alembic import op

    statements = Path(revision_file).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})


def _upgrade(connection: Connection) -> list[str]:
    from alembic import command
    from alembic.config import Config

    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended('ops.migrate', 0))")
    # IF NOT EXISTS would ask for the right to create schemas even where an administrator has made this one.
    if connection.exec_driver_sql("SELECT to_regnamespace('ops')").scalar() is None:
        connection.exec_driver_sql("CREATE SCHEMA ops")
    applied: list[str] = []

    def note(*, step: MigrationInfo, **_: object) -> None:
        applied.append(str(step.up_revision_id))

    config = Config(attributes={"connection": connection, "on_version_apply": note})
    config.set_main_option("script_location", str(_sql_folder()).replace("%", "%%"))
    command.upgrade(config, "head")
    return applied


def _sql_folder() -> Path:
    """Inside the installed package, or at the top of the checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "sql"
    return installed if installed.is_dir() else package.parents[1] / "sql"


def _explain(cause: BaseException | None) -> str:
    reason = str(cause)
    if isinstance(cause, psycopg.Error):
        reason = cause.diag.message_primary or reason
    if isinstance(cause, psycopg.errors.InsufficientPrivilege):
        return (
            f"the database role lacks a right: {reason}. It needs CREATE on the database, and CREATEROLE unless an"
            " administrator has created the role ops_dashboard_app"
        )
    return f"a migration failed, the schema stays as it was: {reason}"

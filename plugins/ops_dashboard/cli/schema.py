"""`ops-dashboard migrate`: the schema in Postgres and the role in Airflow."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ops_dashboard.cli.command import Command, fail


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="postgresql://... of a user who may create schemas and roles (default: the product's Airflow connection)",
    )
    parser.add_argument("--no-role", action="store_true", help="leave Airflow's own roles alone")


def _migrate(arguments: Namespace) -> int:
    from sqlalchemy.exc import DBAPIError

    from ops_dashboard import airflow_role, database

    try:
        applied = database.migrate(arguments.database_url or _airflow_connection())
    except (database.DatabaseDownError, database.MigrationError) as error:
        return fail(error)
    print(f"applied {', '.join(applied)}" if applied else "the schema is up to date")
    if arguments.no_role:
        return 0
    try:
        airflow_role.ensure_role()
    except DBAPIError as error:
        return fail(f"Airflow's role was not made; is `airflow db migrate` done? {str(error.orig).strip()}")
    print(f"Airflow's role {airflow_role.ROLE} is ready")
    return 0


def _airflow_connection() -> str:
    """Return libpq's description of where the product's Airflow connection leads."""
    from psycopg.conninfo import make_conninfo

    from ops_dashboard import database

    with database.connect() as connection:
        return make_conninfo(connection.info.dsn, password=connection.info.password or None)


MIGRATE = Command("migrate", "create or update the schema in Postgres and the role in Airflow", _arguments, _migrate)

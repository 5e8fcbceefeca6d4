"""A real PostgreSQL for the tests: one server for the session, a fresh migrated database for each test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from demo.postgres import Postgres, start
from ops_dashboard.database import connect_url, migrate

_TEMPLATE = "ops_template"
APP_LOGIN = "ops_test_app"
_DROP = "DROP DATABASE IF EXISTS {} WITH (FORCE)"

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server, without any of the product's databases."""
    # Not pytest's folder: its path can be too long for a socket, and the server may run as another user.
    with tempfile.TemporaryDirectory(prefix="ops-postgres-", ignore_cleanup_errors=True) as folder:
        started = start(Path(folder) / "data")
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            started.run("ALTER SYSTEM SET {} = off", setting)
        started.run("SELECT pg_reload_conf()")
        yield started
        started.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> str:
    """Name of a migrated database to clone, on a server that has a login for the product."""
    postgres.ensure_database(_TEMPLATE)
    migrate(postgres.url(_TEMPLATE))
    postgres.ensure_login(APP_LOGIN, member_of="ops_dashboard_app")
    return _TEMPLATE


@pytest.fixture
def empty_database_url(postgres: Postgres) -> Iterator[str]:
    """URL of a fresh database that nothing was migrated in, as superuser."""
    name = f"empty_{next(_numbers)}"
    postgres.run("CREATE DATABASE {}", name)
    yield postgres.url(name)
    postgres.run(_DROP, name)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, postgres: Postgres) -> Iterator[str]:
    """URL of a fresh migrated database, as its owner, who is superuser. Whoever asks for the company finds it there."""
    name = f"ops_{next(_numbers)}"
    template = "company_template" if "company" in request.fixturenames else "migrated_template"
    postgres.run("CREATE DATABASE {} TEMPLATE {}", name, request.getfixturevalue(template))
    yield postgres.url(name)
    postgres.run(_DROP, name)


@pytest.fixture
def app_url(postgres: Postgres, database_url: str) -> str:
    """URL of the same database as a login that has the product's rights and no others."""
    return postgres.url(urlsplit(database_url).path.removeprefix("/"), APP_LOGIN)


@pytest.fixture
def owner_connection(database_url: str) -> Iterator[psycopg.Connection]:
    with connect_url(database_url) as connection:
        yield connection


@pytest.fixture
def app_connection(app_url: str) -> Iterator[psycopg.Connection]:
    """What the product works with: its own rights, READ COMMITTED, autocommit off."""
    with connect_url(app_url) as connection:
        yield connection

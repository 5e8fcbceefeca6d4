"""Run a guarded operator as Airflow would, against the test's database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import psycopg
import pytest

from ops_dashboard import access, ledger
from ops_dashboard.catalog import CatalogGrant, Limits
from ops_dashboard.directory import DirectoryGroup, DirectoryUser, Snapshot, store
from ops_dashboard.settings import settings

if TYPE_CHECKING:
    from ops_operators.guarded import GuardedOperator

ADS = "oncall@ads.example.com"
SEARCH = "oncall@search.example.com"
VIEWER = "viewer@example.com"

COMPANY = Snapshot(
    source="test",
    users=(
        DirectoryUser("u1", ADS, "Ads on-call", active=True),
        DirectoryUser("u2", SEARCH, "Search on-call", active=True),
        DirectoryUser("u3", VIEWER, "Viewer", active=True),
    ),
    groups=(
        DirectoryGroup("g1", "ads-oncall", ("u1",), ()),
        DirectoryGroup("g2", "search-oncall", ("u2",), ()),
    ),
)
GRANTS = (
    CatalogGrant(group="ads-oncall", action="scale:ads/*", limits=Limits(max_change=10)),
    CatalogGrant(group="search-oncall", action="scale:search/*"),
)


@dataclass
class Run:
    """What a task sees of its DAG run."""

    conf: Mapping[str, Any]
    triggering_user_name: str | None = ADS
    run_id: str = field(default_factory=lambda: f"test__{uuid4()}")
    dag_id: str = "test_dag"
    clear_number: int = 0
    run_after: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(seconds=1))


@dataclass
class TaskInstance:
    """What a task sees of itself."""

    task_id: str = "act"
    try_number: int = 1


def perform(operator: GuardedOperator[Any, Any], run: Run, try_number: int = 1) -> dict[str, Any]:
    """Execute the operator as the task of a run."""
    context: Any = {"dag_run": run, "ti": TaskInstance(operator.task_id, try_number)}
    return operator.execute(context)


def records(connection: psycopg.Connection, run: Run) -> tuple[ledger.Entry, ...]:
    """The run's records, newest first."""
    connection.rollback()
    return ledger.entries(connection, ledger.Filter(run_id=run.run_id), limit=20).entries


@pytest.fixture
def product_database(app_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The database that the product's own connection leads to, still empty."""
    parts = urlsplit(app_url)
    connection = {
        "conn_type": "postgres",
        "host": parse_qs(parts.query)["host"][0],
        "login": parts.username,
        "schema": parts.path.removeprefix("/"),
    }
    monkeypatch.setenv("AIRFLOW_CONN_OPS_DASHBOARD", json.dumps(connection))
    return app_url


@pytest.fixture
def company(product_database: str, app_connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """The same with users, groups and grants; a connection to look at it."""
    store.apply(app_connection, COMPANY)
    access.apply_catalog_grants(app_connection, GRANTS)
    app_connection.commit()
    yield app_connection


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """Each test may set its own."""
    settings.cache_clear()
    yield
    settings.cache_clear()

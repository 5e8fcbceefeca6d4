"""Run a guarded operator as Airflow would, against the test's database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import psycopg
import pytest
from structlog.testing import capture_logs

from ops_dashboard import ledger
from ops_dashboard.catalog import Limits
from ops_dashboard.operations import OUTPUT_MARK
from ops_dashboard.settings import settings
from tests.support.company import ADS, grant, with_grants

if TYPE_CHECKING:
    from ops_operators.guarded import GuardedOperator


@dataclass
class Run:
    """What a task sees of its DAG run.

    Attributes:
        others: States of other runs, as Airflow knows them; what is not here goes on.
    """

    conf: Mapping[str, Any]
    triggering_user_name: str | None = ADS
    run_id: str = field(default_factory=lambda: f"test__{uuid4()}")
    dag_id: str = "test_dag"
    clear_number: int = 0
    run_after: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(seconds=1))
    others: dict[str, str] = field(default_factory=dict)


@dataclass
class TaskInstance:
    """What a task sees of itself."""

    task_id: str = "act"
    try_number: int = 1
    dag_id: str = "test_dag"
    map_index: int = -1
    others: Mapping[str, str] = field(default_factory=dict)
    pushed: dict[str, object] = field(default_factory=dict)

    def xcom_push(self, key: str, value: object) -> None:
        self.pushed[key] = value

    def get_dagrun_state(self, dag_id: str, run_id: str) -> str:
        assert dag_id.startswith("ops_run_")
        return self.others.get(run_id, "running")


def perform(operator: GuardedOperator[Any, Any], run: Run, try_number: int = 1) -> dict[str, Any]:
    """Execute the operator as the task of a run."""
    from airflow.sdk.execution_time.context import set_current_context

    task = TaskInstance(operator.task_id, try_number, run.dag_id, others=run.others)
    context: Any = {"dag_run": run, "run_id": run.run_id, "dag": None, "ti": task}
    with set_current_context(context):
        return operator.execute(context)


def records(connection: psycopg.Connection, run: Run) -> tuple[ledger.Entry, ...]:
    """The run's records, newest first."""
    connection.rollback()
    return ledger.entries(connection, ledger.Filter(run_id=run.run_id), limit=20).entries


@pytest.fixture
def said() -> Iterator[Callable[[], list[str]]]:
    """Gives what operations have said so far, a line each."""
    with capture_logs() as logged:
        yield lambda: [each["event"] for each in logged if each.get(OUTPUT_MARK)]


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
def at_work(product_database: str, company: psycopg.Connection) -> psycopg.Connection:
    """The company in that database, its ads on-call with steps of ten; a connection to look at it."""
    return with_grants(
        company,
        grant("ads-oncall", "scale:ads/*", limits=Limits(max_change=10)),
        grant("search-oncall", "scale:search/*"),
    )


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """Each test may set its own."""
    settings.cache_clear()
    yield
    settings.cache_clear()

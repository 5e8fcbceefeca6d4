"""Operations on a database of a team's own, for tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from demo.environment import REPOSITORY
from ops_dashboard.catalog import Operation
from ops_dashboard.operations import choices
from ops_operators.sql import SqlOperator
from tests.support.acting import Run, perform
from tests.support.company import grant, with_grants

DAG_ID = "ops_run_repair"
ORDERS = """
    CREATE TABLE orders (id int PRIMARY KEY, region text NOT NULL, batch text NOT NULL, status text NOT NULL);
    INSERT INTO orders SELECT n, CASE WHEN n <= 6 THEN 'eu' ELSE 'us' END, 'b' || n % 3, 'stuck'
                         FROM generate_series(1, 10) AS n
"""

WriteFile = Callable[[str, str], Path]


def operation(**fields: Any) -> Operation:
    """A repair of orders by `repair.sql`; the arguments add to it."""
    sql = {"file": "repair.sql", "connection": "shop", "max_rows": 3, **fields.pop("sql", {})}
    return Operation.model_validate(
        {"name": "repair", "title": "Repair orders", "owner": "Search", "sql": sql, "timeout": 20, **fields}
    )


def asked(**parameters: Any) -> Run:
    return Run({**parameters, "reason": "because"}, dag_id=DAG_ID)


def carry_out(repair: Operation, run: Run) -> Any:
    """Its result, by the operator on its whole path."""
    after = perform(SqlOperator(task_id="run", operation=repair), run)["after"]
    return json.loads(after) if isinstance(after, str) else after


def text(**fields: Any) -> Mapping[str, Any]:
    return {"type": "string", **fields}


@pytest.fixture
def write_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteFile:
    """Writes a file into the folder of the scripts."""
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__SCRIPTS_FOLDER", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(REPOSITORY / "dags" / "catalog"))

    def write(name: str, content: str) -> Path:
        file = tmp_path / name
        file.write_text(content)
        return file

    return write


@pytest.fixture
def shop(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """A look into the team's database, which has ten stuck orders; the Airflow connection `shop` leads to it."""
    parts = urlsplit(empty_database_url)
    place = {"host": parse_qs(parts.query)["host"][0], "login": parts.username, "schema": parts.path.removeprefix("/")}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "postgres", **place}))
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(ORDERS)
        yield connection


@pytest.fixture
def on_call(at_work: psycopg.Connection) -> psycopg.Connection:
    """The company, whose ads on-call may run everything."""
    return with_grants(at_work, grant("ads-oncall", "run:*"))


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    choices._kept.clear()
    yield
    choices._kept.clear()

"""Runs of the demo's operations on the running product."""

from __future__ import annotations

import re
import time

import httpx

from demo.client import Client
from tests.product.over_rest import eventually

REPORT, LOGS, PURGE, REPAIR = (
    "ops_run_rebuild-report",
    "ops_run_rotate-logs",
    "ops_run_purge-cache",
    "ops_run_repair-orders",
)
CANCEL = "ops_cancel_run"
_SETTLED_SECONDS = 4
"""Until then Airflow 3.3 may fail a task that is answered: docs/threat-model.md."""
GOOD = {"report": "clicks", "day": "2026-11-01", "depth": 2, "reason": "late events"}
PURGED = {"region": "eu", "prefix": "ads:", "reason": "stale ads"}


def page(client: Client, dag_id: str, run_id: str) -> str:
    """The text of the run's page."""
    answer = client.http.get(f"/ops/runs/{dag_id}/{run_id}")
    answer.raise_for_status()
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def waiting_run(client: Client, dag_id: str, conf: dict[str, object]) -> str:
    """A run that waits for a second person, and of which Airflow's scheduler has noticed that it does."""
    run_id = client.trigger(dag_id, conf)
    eventually(lambda: "Waiting for approval" in page(client, dag_id, run_id))
    time.sleep(_SETTLED_SECONDS)
    return run_id


def answer(client: Client, dag_id: str, run_id: str, choice: str, note: str = "") -> httpx.Response:
    """Answer through Airflow's own API."""
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/run/-1/hitlDetails"
    return client.http.patch(path, json={"chosen_options": [choice], "params_input": {"note": note}})

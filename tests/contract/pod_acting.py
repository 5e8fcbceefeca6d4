"""Run operations in pods as Airflow would, while others act on the cluster."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from ops_dashboard import cancellations
from ops_dashboard.catalog import Operation, Parameter, PodRun, TextFormat, ValueType
from ops_dashboard.ledger import Entry
from ops_operators.pod import PodOperator
from tests.support.acting import Run, perform, records
from tests.support.clusters.pods import PodPlace


def operator(run: PodRun, *, starts_within: float = 30, **changes: Any) -> PodOperator:
    parameter = Parameter(type=ValueType.STRING, format=TextFormat.MULTILINE)
    operation = Operation(
        name="rebuild-index",
        title="Rebuild",
        owner="Search",
        parameters={"shard": parameter},
        pod=run,
        **{"timeout": 60} | changes,
    )
    return PodOperator(task_id="run", operation=operation, starts_within=timedelta(seconds=starts_within))


def asking(shard: str = "7", reason: str = "test") -> Run:
    return Run({"shard": shard, "reason": reason}, dag_id="ops_run_rebuild-index")


def failing(run: Run, pod: PodOperator, connection: psycopg.Connection) -> Entry:
    """Perform what must fail, and return its record."""
    with pytest.raises(AirflowFailException):
        perform(pod, run)
    (record,) = records(connection, run)
    return record


def terminate_when_running(place: PodPlace) -> None:
    place.until("Running")
    os.kill(os.getpid(), signal.SIGTERM)


def cancel_when_running(place: PodPlace, database: str, run: Run) -> None:
    place.until("Running")
    with psycopg.connect(database) as connection:
        cancellations.cancel(connection, run.dag_id, run.run_id, "grace")

"""Runs whose task was lost: Airflow has ended them, and they have not written how they ended, nor ever will."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowRuntimeError

from ops_dashboard import ledger
from ops_dashboard.acts import OPERATION_TASK_ID

if TYPE_CHECKING:
    from ops_dashboard.ledger import Entry

_ENDED = {"success", "failed"}
_MESSAGE = (
    "the task was lost: Airflow has ended the run, and it has not written how it ended, so what it did is not known;"
    " look at what is there before asking again"
)


def close_lost(connection: psycopg.Connection, running: Sequence[Entry]) -> list[Entry]:
    """Write of the lost ones that nobody knows what came of them, and return the others. Commits.

    A process that outlives its run has its lock still, as long as it can reach the database.

    Args:
        connection: In no transaction.
        running: Records of runs of operations that have started and not ended.

    Raises:
        psycopg.OperationalError: The ledger can't be written.
    """
    lost = [entry for entry in running if _has_ended_in_airflow(entry)]
    for entry in lost:
        with suppress(psycopg.errors.CheckViolation), connection.transaction():  # it has written its end just now
            ledger.append(connection, _request(entry), ledger.Event.UNKNOWN, ledger.Details(message=_MESSAGE))
    return [entry for entry in running if entry not in lost]


def _has_ended_in_airflow(entry: Entry) -> bool:
    try:
        state = get_current_context()["ti"].get_dagrun_state(dag_id=entry.dag_id, run_id=entry.run_id)
    except AirflowRuntimeError:
        return False  # it does not tell, and may have deleted the run
    return state in _ENDED


def _request(entry: Entry) -> ledger.Request:
    return ledger.Request(
        request_id=entry.request_id,
        actor=entry.actor,
        action=entry.action,
        resource=entry.resource,
        dag_id=entry.dag_id,
        run_id=entry.run_id,
        task_id=OPERATION_TASK_ID,
        reason=entry.reason,
    )

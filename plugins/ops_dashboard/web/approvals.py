"""Requests that wait for a second person, as Airflow's human in the loop keeps them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ops_dashboard.acts import APPROVE, NOTE, REJECT, approver_in, parts_in
from ops_dashboard.web.dag_runs import run_path

if TYPE_CHECKING:
    from ops_dashboard.web.request import AirflowApi

_SETTLED_SECONDS = 4.0
_GOING_ON = "&".join(f"state={state}" for state in ("awaiting_input", "scheduled", "queued", "running"))
_OPEN = f"/api/v2/dags/~/dagRuns/~/hitlDetails?{_GOING_ON}&limit=100"


@dataclass(frozen=True, slots=True)
class Approval:
    """What was put before a second person.

    Attributes:
        task_id: The task that waits.
        group: Of whom one may approve it.
        parts: What exactly would be done, as it is shown to them.
        asked_at: Since when it waits.
        is_open: Whether nobody has answered yet.
    """

    task_id: str
    group: str
    parts: tuple[tuple[str, str], ...]
    asked_at: datetime
    is_open: bool


def open_runs(airflow: AirflowApi) -> dict[tuple[str, str], bool] | None:
    """Return the DAG and the id of each run that has asked and goes on, and whether it was answered.

    None if there are more than are told at once.

    Raises:
        Problem: Airflow gives no answer.
    """
    answer = airflow.call("GET", _OPEN)
    if answer["total_entries"] > len(answer["hitl_details"]):
        return None
    tasks = [(each["task_instance"], bool(each["response_received"])) for each in answer["hitl_details"]]
    return {(task["dag_id"], task["dag_run_id"]): is_answered for task, is_answered in tasks}


def read_approval(airflow: AirflowApi, dag_id: str, run_id: str) -> Approval | None:
    """Read what a run waits for; None if it has not asked anybody.

    Raises:
        Problem: There is no such run, or the person may not see it.
    """
    answer = airflow.call("GET", f"{run_path(dag_id, run_id)}/hitlDetails")
    found = [each for each in answer["hitl_details"] if _is_of(each["task_instance"], dag_id, run_id)]
    return _approval(found[0]) if found else None


def _is_of(task: dict[str, Any], dag_id: str, run_id: str) -> bool:
    return (task["dag_id"], task["dag_run_id"]) == (dag_id, run_id)


def answer(airflow: AirflowApi, dag_id: str, run_id: str, approval: Approval, *, approve: bool, note: str) -> None:
    """Answer as this person; the task judges whether their answer counts. An answer that comes very soon is held back.

    Raises:
        Problem: Somebody has answered before, or the person may not.
    """
    body = {"chosen_options": [APPROVE if approve else REJECT], "params_input": {NOTE: note}}
    task = f"{run_path(dag_id, run_id)}/taskInstances/{approval.task_id}/-1"
    # Airflow 3.3 fails a task that goes on before its scheduler has noticed that it waits: nothing would be on record.
    time.sleep(max(0.0, _SETTLED_SECONDS - (datetime.now(UTC) - approval.asked_at).total_seconds()))
    airflow.call("PATCH", f"{task}/hitlDetails", body)


def _approval(found: dict[str, Any]) -> Approval:
    body = found["body"] or ""
    return Approval(
        task_id=found["task_instance"]["task_id"],
        group=approver_in(body),
        parts=parts_in(body),
        asked_at=datetime.fromisoformat(found["created_at"]),
        is_open=not found["response_received"] and found["task_instance"]["state"] == "awaiting_input",
    )

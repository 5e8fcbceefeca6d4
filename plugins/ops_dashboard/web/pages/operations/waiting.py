"""Requests that wait until the reader, or somebody else of a group of theirs, approves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ops_dashboard import access
from ops_dashboard.acts import operation_dag_id
from ops_dashboard.catalog import Operation
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.web.components import Button, Code, Column, Heading, Node, Note, Panel, Stacked, Table, Time, Tone
from ops_dashboard.web.dag_runs import DagRun, read_run
from ops_dashboard.web.errors import Problem
from ops_dashboard.web.pages.operations.words import values_in_short
from ops_dashboard.web.pages.runs import run
from ops_dashboard.web.request import PageRequest

_MOST_ASKED = 50
_MOST_SHOWN = 10
_OPEN = (
    "/api/v2/dags/~/dagRuns/~/hitlDetails"
    f"?response_received=false&state=awaiting_input&order_by=created_at&limit={_MOST_ASKED}"
)
_COLUMNS = (
    Column("Operation", width=40),
    Column("With", optional=True),
    Column("Asked by", width=20),
    Column("Look", width=10, action=True),
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    operation: Operation
    run: DagRun
    until: datetime


def waiting_for(request: PageRequest) -> tuple[Node, ...]:
    """The section about them; nothing for who approves nothing. Where they can't be read, it says so."""
    mine = _approved_by(request)
    if not mine:
        return ()
    heading = Heading("Waiting for your approval")
    try:
        found = _read(request, mine)
    except Problem as problem:
        text = f"Requests that wait for approval can't be seen: {problem.text.rstrip('.')}. Load the page again."
        return heading, Note(Tone.WARN, text)
    if not found:
        return ()
    table = Table(_COLUMNS, [_cells(request, each) for each in found], "Waiting for your approval")
    return heading, Panel(table, flush=True)


def _approved_by(request: PageRequest) -> Mapping[str, Operation]:
    """The operations of whose approving group the reader is, by DAG."""
    wanted = [each for each in current_catalog().operations.values() if each.approval]
    groups = {each.approval.group for each in wanted if each.approval}
    mine = {
        group for group in sorted(groups) if access.why_not_member(request.database, request.user.name, group) is None
    }
    return {operation_dag_id(each): each for each in wanted if each.approval and each.approval.group in mine}


def _read(request: PageRequest, mine: Mapping[str, Operation]) -> list[_Waiting]:
    """Ask Airflow, as the reader. The run tells who asked: nobody approves what they asked for themselves.

    Raises:
        Problem: Airflow gives no answer, or no such one.
    """
    details: list[dict[str, Any]] = request.airflow.call("GET", _OPEN)["hitl_details"]
    found: list[_Waiting] = []
    for detail in details:
        task = detail["task_instance"]
        operation = mine.get(task["dag_id"])
        if operation is None or operation.approval is None or len(found) == _MOST_SHOWN:
            continue
        asked = read_run(request.airflow, task["dag_id"], task["dag_run_id"])
        if (asked.asked_by or "").lower() != request.user.name.lower():
            within = timedelta(seconds=operation.approval.within)
            found.append(_Waiting(operation, asked, datetime.fromisoformat(detail["created_at"]) + within))
    return found


def _cells(request: PageRequest, waiting: _Waiting) -> tuple[Node, ...]:
    asked, name = waiting.run, waiting.operation.name
    reason = str(asked.conf.get("reason", ""))
    href = request.url(run, dag_id=asked.dag_id, run_id=asked.run_id)
    values = {each: value for each, value in asked.conf.items() if each != "reason"}
    return (
        Stacked((f"{waiting.operation.title} ", Code(name)), f"“{reason}”" if reason else None),
        Stacked(values_in_short(values), ("to be answered ", Time(waiting.until))),
        Stacked(asked.asked_by or "nobody", Time(asked.asked_at)),
        Button("Look", href, small=True, describes=f"at the request to run {name}"),
    )

"""Requests that wait until the reader, or somebody else in a group of theirs, approves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ops_dashboard import access
from ops_dashboard.acts import approver_in, operation_dag_id, request_model
from ops_dashboard.catalog import Operation
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.text import shorten
from ops_dashboard.web.components import (
    Button,
    Code,
    Column,
    Heading,
    Link,
    Node,
    Note,
    Panel,
    Stacked,
    Table,
    Time,
    Tone,
)
from ops_dashboard.web.dag_runs import DagRun, read_run
from ops_dashboard.web.errors import Problem
from ops_dashboard.web.pages.runs import is_own, run, run_url
from ops_dashboard.web.pages.values import values_in_short
from ops_dashboard.web.request import PageRequest

_MOST_ASKED = 100
_MOST_SHOWN = 10
_GONE = 404
_OPEN = (
    "/api/v2/dags/{dag_id}/dagRuns/~/hitlDetails"
    f"?response_received=false&state=awaiting_input&order_by=created_at&limit={_MOST_ASKED}"
)
_TITLE = "Waiting for your approval"
_COLUMNS = (
    Column("What", width=35),
    Column("With", optional=True),
    Column("Asked by", width=20),
    Column("Look", width=10, action=True),
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A run that waits.

    Attributes:
        operation: What it runs; None if it is another kind of request.
        what: The same for any kind: verb and resource.
        until: When it is too late to answer, if that is known.
    """

    run: DagRun
    operation: Operation | None
    what: str
    until: datetime | None


def waiting_for(request: PageRequest) -> tuple[Node, ...]:
    """The section about them; nothing for who approves nothing. Where they can't be read, it says so."""
    groups = _groups_of(request)
    if not groups:
        return ()
    try:
        found = _read(request, groups)
    except Problem as problem:
        text = f"Requests that wait for approval can't be seen: {problem.text.rstrip('.')}. Load the page again."
        return Heading(_TITLE), Note(Tone.WARN, text)
    if not found:
        return ()
    table = Table(_COLUMNS, [_cells(request, each) for each in found[:_MOST_SHOWN]], _TITLE)
    more = "the oldest; there are more" if len(found) > _MOST_SHOWN else ""
    return Heading(_TITLE, note=more), Panel(table, flush=True)


def waiting_of(request: PageRequest, operation: Operation) -> tuple[Note, ...]:
    """What of an operation waits for approval. It has no record yet, so no list of runs tells of it."""
    if operation.approval is None:
        return ()
    try:
        found = request.airflow.call("GET", _OPEN.format(dag_id=operation_dag_id(operation)))["hitl_details"]
    except Problem:
        return ()  # whether it may run at all is told in another warning
    links: list[Node] = []
    for detail in found[:_MOST_SHOWN]:
        task = detail["task_instance"]
        href = request.url(run, dag_id=task["dag_id"], run_id=task["dag_run_id"])
        links += [", ", Link(("asked for ", Time(datetime.fromisoformat(detail["created_at"]))), href)]
    more = f" and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
    return (Note(Tone.BUSY, *links[1:], more, title="Waiting for approval:"),) if links else ()


def _groups_of(request: PageRequest) -> set[str]:
    """Those of the reader's groups that approve anything at all."""
    approving = {each.approval.group for each in current_catalog().operations.values() if each.approval}
    approving.update(access.approver_groups(request.database))
    user = request.user.name
    return {group for group in sorted(approving) if access.why_not_member(request.database, user, group) is None}


def _read(request: PageRequest, groups: set[str]) -> list[_Waiting]:
    """Ask Airflow, as the reader. The run tells who asked: nobody approves what they asked for themselves.

    Raises:
        Problem: Airflow gives no answer, or no such one.
    """
    operations = {operation_dag_id(each): each for each in current_catalog().operations.values()}
    found: list[_Waiting] = []
    for detail in request.airflow.call("GET", _OPEN.format(dag_id="~"))["hitl_details"]:
        task = detail["task_instance"]
        operation, model = operations.get(task["dag_id"]), request_model(task["dag_id"])
        if model is None or _group(operation, detail) not in groups:
            continue
        try:
            asked = read_run(request.airflow, task["dag_id"], task["dag_run_id"])
        except Problem as problem:
            if problem.status != _GONE:
                raise
            continue  # one that nobody can look at
        if not is_own(request, asked.asked_by):
            what = shorten(f"{model.verb} {model.resource_of(asked.conf)}")
            found.append(_Waiting(asked, operation, what, _until(operation, detail)))
        if len(found) > _MOST_SHOWN:
            break
    return found


def _group(operation: Operation | None, detail: Mapping[str, Any]) -> str:
    """Of whom one has to approve: an operation's is what the catalog says by now, others are as they were told."""
    if operation is None:
        return approver_in(detail["body"] or "")
    return operation.approval.group if operation.approval else ""


def _until(operation: Operation | None, detail: Mapping[str, Any]) -> datetime | None:
    if operation is None or operation.approval is None:
        return None
    return datetime.fromisoformat(detail["created_at"]) + timedelta(seconds=operation.approval.within)


def _cells(request: PageRequest, waiting: _Waiting) -> tuple[Node, ...]:
    asked = waiting.run
    what: Node = waiting.what
    if waiting.operation is not None:
        what = (f"{waiting.operation.title} ", Code(waiting.operation.name))
    reason = shorten(asked.conf.get("reason", ""), 200)
    values = {name: value for name, value in asked.conf.items() if name != "reason"}
    href = run_url(request, asked)
    until = ("to be answered ", Time(waiting.until)) if waiting.until else None
    return (
        Stacked(what, f"“{reason}”" if reason else None),
        Stacked(values_in_short(values) or "no values", until),
        Stacked(asked.asked_by or "nobody", Time(asked.asked_at)),
        Button("Look", href, small=True, describes=f"at the request to {waiting.what}"),
    )

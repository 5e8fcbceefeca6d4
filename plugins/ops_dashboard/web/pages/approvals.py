"""Approvals: what waits for the reader's answer, and what of theirs waits for somebody else's."""

from __future__ import annotations

from collections.abc import Sequence

from ops_dashboard import ledger
from ops_dashboard.acts import operation_dag_id
from ops_dashboard.catalog.current import find_operation
from ops_dashboard.ledger import Entry
from ops_dashboard.text import shorten
from ops_dashboard.web.approvals import open_runs
from ops_dashboard.web.components import (
    Button,
    Code,
    Column,
    Empty,
    Heading,
    Link,
    Muted,
    Node,
    Page,
    Panel,
    Stacked,
    Table,
    Time,
)
from ops_dashboard.web.errors import Problem
from ops_dashboard.web.pages.answer import answer_form
from ops_dashboard.web.pages.reader import is_reader
from ops_dashboard.web.pages.runs import run_url
from ops_dashboard.web.pages.shared import outcome_badge, person, told, wanted
from ops_dashboard.web.pages.waiting import read_waiting, to_answer
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_LONGEST_REASON = 200
_TO_ANSWER, _OWN, _LATELY = "For you to answer", "You asked for", "Answered lately"
_ENDED, _ANSWERED = "ended in Airflow", "answered, about to be carried out"
_COLUMNS_TO_ANSWER = (
    Column("What", width=40),
    Column("Change"),
    Column("Asked by", width=20),
    Column("Act", action=True),
)
_COLUMNS_OWN = (Column("What", width=40), Column("Change"), Column("Waits for", width=20), Column("Act", action=True))
_COLUMNS_LATELY = (Column("What", width=40), Column("Change"), Column("Answered by", width=20), Column("Outcome"))


def _count(request: PageRequest) -> int:
    return len(to_answer(request, read_waiting(request)))


@router.page("/approvals", title="Approvals", needs=None, nav=4, count=_count)
def approvals(request: PageRequest) -> Page:
    """What concerns the reader, and nothing else: what others ask others for is in the audit."""
    waiting = read_waiting(request)
    answerable, answered = to_answer(request, waiting), ledger.answered(request.database, request.user.name)
    own = [entry for entry in waiting.entries if is_reader(request, entry.actor)]
    over = _over_by_airflow(request, [*answerable, *own])
    nothing = Empty("Nothing waits for your answer.", "What people in a group of yours have to approve appears here.")
    return Page(
        "Approvals",
        Heading(_TO_ANSWER),
        Panel(
            Table(
                _COLUMNS_TO_ANSWER,
                [_to_answer(request, entry, over.get(entry.seq)) for entry in answerable],
                _TO_ANSWER,
                nothing,
            ),
            flush=True,
        ),
        Heading(_OWN),
        Panel(
            Table(
                _COLUMNS_OWN,
                [_own(request, entry, over.get(entry.seq)) for entry in own],
                _OWN,
                Empty("Nothing that you asked for waits."),
            ),
            flush=True,
        ),
        *_answered_lately(request, answered),
        lead="Some acts take a second person, who looks at what exactly would be done. Nothing is done until then.",
    )


def _over_by_airflow(request: PageRequest, entries: Sequence[Entry]) -> dict[int, str]:
    """What became of those that wait by the ledger alone; where Airflow does not tell, the ledger is believed."""
    try:
        going_on = open_runs(request.airflow) if entries else None
    except Problem:
        going_on = None
    if going_on is None:
        return {}
    answered = {entry.seq: going_on.get((entry.dag_id, entry.run_id)) for entry in entries}
    return {
        seq: _ENDED if is_answered is None else _ANSWERED
        for seq, is_answered in answered.items()
        if is_answered is not False
    }


def _to_answer(request: PageRequest, entry: Entry, over: str | None) -> tuple[Node, ...]:
    href = request.url(answer_form, dag_id=entry.dag_id, run_id=entry.run_id)
    button = Button("Answer", href, small=True, describes=f"the request to {_in_words(entry)} of {entry.actor}")
    return (
        _what(entry),
        Stacked(wanted(entry), _answer_by(entry)),
        Stacked(entry.actor, Time(entry.at)),
        Muted(over) if over else button,
    )


def _own(request: PageRequest, entry: Entry, over: str | None) -> tuple[Node, ...]:
    return (
        _what(entry),
        Stacked(wanted(entry), _answer_by(entry)),
        Stacked(over or f"somebody in {entry.approver}", ("since ", Time(entry.at))),
        Button("Look", run_url(request, entry), small=True, describes=f"at your request to {_in_words(entry)}"),
    )


def _answered_lately(request: PageRequest, entries: Sequence[Entry]) -> tuple[Node, ...]:
    if not entries:
        return ()
    rows = [
        (
            _what(entry),
            Stacked(wanted(entry), told(entry, request.user.name)),
            Stacked(person(entry.answered_by or "nobody", request.user.name), Time(entry.answered_at or entry.at)),
            Link(outcome_badge(entry), run_url(request, entry)),
        )
        for entry in entries
    ]
    return Heading(_LATELY), Panel(Table(_COLUMNS_LATELY, rows, _LATELY), flush=True)


def _what(entry: Entry) -> Node:
    reason = f"“{shorten(entry.reason, _LONGEST_REASON)}”" if entry.reason else None
    return Stacked((f"{_title(entry)} ", Code(entry.resource)), reason)


def _in_words(entry: Entry) -> str:
    return f"{entry.action} {entry.resource}"


def _title(entry: Entry) -> str:
    """What an operation is called; of anything else the verb says enough."""
    operation = find_operation(entry.resource)
    if operation is not None and operation_dag_id(operation) == entry.dag_id:
        return operation.title
    return entry.action.capitalize()


def _answer_by(entry: Entry) -> Node:
    return ("to be answered ", Time(entry.answer_by)) if entry.answer_by is not None else None

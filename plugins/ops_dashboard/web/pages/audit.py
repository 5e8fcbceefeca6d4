"""Audit: who did what, when, why and to which effect."""

from __future__ import annotations

from datetime import datetime, timedelta

from ops_dashboard import ledger
from ops_dashboard.acts import REQUESTS, RunRequest
from ops_dashboard.ledger import Entry, Filter, Outcome
from ops_dashboard.web.components import (
    Actions,
    Button,
    Chip,
    Chips,
    Code,
    Column,
    Empty,
    Link,
    Node,
    Page,
    Panel,
    Search,
    Select,
    Stacked,
    Table,
    Time,
    Toolbar,
)
from ops_dashboard.web.errors import Problem
from ops_dashboard.web.pages.runs import run_url
from ops_dashboard.web.pages.shared import effect, outcome_badge, outcome_label, person, told, unknown_filter, wanted
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_PAGE_SIZE = 50
_ACTIONS = tuple(dict.fromkeys([*(request.verb for request in REQUESTS.values()), RunRequest.verb]))
_PERIODS = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
_PERIOD_LABELS = {"1h": "Last hour", "1d": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days"}
_FILTERS = ("q", "actor", "action", "resource", "outcome", "period", "run_id")
_WAITING = "waiting"
_OUTCOMES = ((_WAITING, "Waiting"), *((str(outcome), outcome_label(outcome)) for outcome in Outcome))
_COLUMNS = (
    Column("Time", width=15, numeric=True),
    Column("Person", width=20),
    Column("Act", broad=True),
    Column("Effect", width=20, numeric=True, broad=True),
    Column("Outcome", width=10),
)


@router.page("/audit", title="Audit", nav=5)
def audit(request: PageRequest) -> Page:
    """The ledger, newest first."""
    try:
        page = ledger.entries(
            request.database, _filter(request), limit=_PAGE_SIZE, cursor=request.query.get("cursor") or None
        )
    except ValueError as error:
        raise Problem(400, "This list can't be continued", str(error), hint="Open the audit page anew.") from error
    rows = [_cells(request, entry) for entry in page.entries]
    return Page(
        "Audit",
        _toolbar(request),
        Panel(Table(_COLUMNS, rows, "Requests, newest first", _nothing(request)), flush=True),
        *_paging(request, page.next),
        lead="Who did what, when, why and to which effect. Entries are never changed; times are UTC.",
    )


def _filter(request: PageRequest) -> Filter:
    query = request.query
    return Filter(
        actor=query.get("actor") or None,
        action=_action(query.get("action", "")),
        resource=query.get("resource") or None,
        outcome=_outcome(query.get("outcome", "")),
        waiting=query.get("outcome") == _WAITING,
        run_id=query.get("run_id") or None,
        since=_since(query.get("period", ""), request.now),
        text=query.get("q") or None,
    )


def _action(text: str) -> str | None:
    if text and text not in _ACTIONS:
        raise unknown_filter("action", text, _ACTIONS)
    return text or None


def _outcome(text: str) -> Outcome | None:
    if text in {"", _WAITING}:
        return None
    try:
        return Outcome(text)
    except ValueError:
        raise unknown_filter("outcome", text, [_WAITING, *Outcome]) from None


def _since(period: str, now: datetime) -> datetime | None:
    if not period:
        return None
    if period not in _PERIODS:
        raise unknown_filter("period", period, _PERIODS)
    return now - _PERIODS[period]


def _toolbar(request: PageRequest) -> Toolbar:
    run_id = request.query.get("run_id", "")
    return Toolbar(
        Search("q", "Search"),
        Search("actor", "Who asked, exact"),
        Search("resource", "Resource, exact"),
        Select("action", "Action", [("", "Any action"), *((action, action) for action in _ACTIONS)]),
        Select("outcome", "Outcome", [("", "Any outcome"), *_OUTCOMES]),
        Select("period", "Time", [("", "Any time"), *_PERIOD_LABELS.items()]),
        *([Chips("run_id", "Run", Chip("", "All runs"), Chip(run_id, "This run"))] if run_id else []),
    )


def _cells(request: PageRequest, entry: Entry) -> tuple[Node, ...]:
    href = run_url(request, entry)
    act = (f"{entry.action} ", Link(Code(entry.resource or "?"), href))
    return (
        Stacked(Time(entry.at, clock=True), Time(entry.at)),
        Stacked(person(entry.actor, request.user.name), _second_person(request, entry)),
        Stacked(act, " · ".join(filter(None, (entry.reason, told(entry, request.user.name))))),
        wanted(entry) if entry.is_waiting else effect(entry),
        outcome_badge(entry),
    )


def _second_person(request: PageRequest, entry: Entry) -> Node:
    if entry.is_waiting:
        return f"waits for somebody in {entry.approver}"
    if entry.answered_by is None or entry.answered_at is None:
        return None
    what = "approved" if entry.approved_by else "answered"
    note = f": “{entry.note}”" if entry.note else ""
    return (f"{what} by {person(entry.answered_by, request.user.name)} ", Time(entry.answered_at, clock=True), note)


def _nothing(request: PageRequest) -> Empty:
    if any(request.query.get(name) for name in _FILTERS):
        return Empty("No entry fits the filter.", Link("Show all", request.url(audit)))
    return Empty("Nothing was done yet.", "Acts appear here as soon as somebody asks for one.")


def _paging(request: PageRequest, cursor: str | None) -> tuple[Node, ...]:
    buttons: list[Node] = []
    if request.query.get("cursor"):
        buttons.append(Button("Newest", request.here(cursor="")))
    if cursor:
        buttons.append(Button("Older", request.here(cursor=cursor)))
    return (Actions(*buttons),) if buttons else ()

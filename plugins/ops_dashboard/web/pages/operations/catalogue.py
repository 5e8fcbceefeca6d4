"""Operations: what may I run, and how did it last go?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ops_dashboard.acts import RunRequest
from ops_dashboard.catalog import Operation
from ops_dashboard.ledger import Entry, Outcome
from ops_dashboard.overview.operations import OperationView, read_operations
from ops_dashboard.web.components import (
    Button,
    Chip,
    Chips,
    Code,
    Column,
    Empty,
    Link,
    Muted,
    Node,
    Page,
    Search,
    Select,
    Stacked,
    Time,
    Toolbar,
)
from ops_dashboard.web.pages.listings import act, by_right, has_words
from ops_dashboard.web.pages.operations.words import operation_url, summary
from ops_dashboard.web.pages.runs import run_url
from ops_dashboard.web.pages.shared import outcome_badge, person, unknown_filter
from ops_dashboard.web.pages.waiting import Waiting, read_waiting, waiting_line
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_FILTERS = ("q", "tag", "show")
_COLUMNS = (
    Column("Operation", width=45),
    Column("Owner", width=20, optional=True),
    Column("Last run", width=20, numeric=True),
    Column("Act", action=True),
)


@router.page("/operations", title="Operations", nav=2)
def operations(request: PageRequest) -> Page:
    """All operations, those that the person may run first."""
    waiting = read_waiting(request)
    seen = read_operations(request.host.database, request.user.name)
    found = [view for view in seen if _matches(request, view)]
    chosen = [view for view in found if _choice(request)(view)]
    return Page(
        "Operations",
        _toolbar(seen, found),
        *by_right(chosen, "operations", _COLUMNS, partial(_cells, request, waiting), _nothing(request)),
        lead="Run what used to be a ticket. You see what exactly will run before it does, and every run is on record.",
    )


def _matches(request: PageRequest, view: OperationView) -> bool:
    operation, tag = view.operation, request.query.get("tag", "")
    texts = (operation.name, operation.title, operation.description, operation.owner, *operation.tags)
    return tag in ("", *operation.tags) and has_words(request, *texts)


def _choice(request: PageRequest) -> Callable[[OperationView], bool]:
    choices: dict[str, Callable[[OperationView], bool]] = {
        "": lambda _view: True,
        "mine": _is_mine,
        "running": _is_running,
        "failed": _has_failed,
    }
    show = request.query.get("show", "")
    if show not in choices:
        raise unknown_filter("show", show, filter(None, choices))
    return choices[show]


def _is_mine(view: OperationView) -> bool:
    return view.decision.allowed


def _is_running(view: OperationView) -> bool:
    return bool(view.running)


def _has_failed(view: OperationView) -> bool:
    return view.last is not None and view.last.outcome in {Outcome.FAILED, Outcome.UNKNOWN}


def _toolbar(seen: Sequence[OperationView], found: Sequence[OperationView]) -> Toolbar:
    tags = sorted({tag for view in seen for tag in view.operation.tags})
    return Toolbar(
        Search("q", "Search operations"),
        Chips(
            "show",
            "Show",
            Chip("", "All", len(found)),
            Chip("mine", "Yours", sum(map(_is_mine, found))),
            Chip("running", "Running", sum(map(_is_running, found))),
            Chip("failed", "Failed last", sum(map(_has_failed, found))),
        ),
        Select("tag", "Tag", [("", "All tags"), *((tag, tag) for tag in tags)]),
    )


def _cells(request: PageRequest, waiting: Waiting, view: OperationView) -> tuple[Node, ...]:
    operation = view.operation
    href = operation_url(request, operation.name)
    return (
        Stacked(
            (Link(operation.title, href), " ", Code(operation.name)), summary(operation) or None, _approval(operation)
        ),
        Stacked(operation.owner, ", ".join(operation.tags) or None),
        Stacked(*_last_run(request, view.last), _waiting(request, waiting, view)),
        act(request, view, Button("Run", href, small=True, describes=operation.title)),
    )


def _approval(operation: Operation) -> str | None:
    return f"Takes the approval of {operation.approval.group}." if operation.approval is not None else None


def _waiting(request: PageRequest, waiting: Waiting, view: OperationView) -> Node:
    entries = waiting.of(RunRequest.verb, view.operation.name)
    if not entries:
        return None
    return waiting_line(request, entries, in_full=view.decision.allowed or request.may("view:audit"))


def _last_run(request: PageRequest, entry: Entry | None) -> tuple[Node, ...]:
    if entry is None:
        return (Muted("no run on record"),)
    by = (f"by {person(entry.actor, request.user.name)} · ", Time(entry.at))
    return (Link(outcome_badge(entry), run_url(request, entry)), by)


def _nothing(request: PageRequest) -> Empty:
    if any(request.query.get(name) for name in _FILTERS):
        return Empty("No operation of yours fits the filter.", Link("Show all", request.url(operations)))
    return Empty("You may not run any operation.", "Ask your Data Platform team for a grant to a group of yours.")

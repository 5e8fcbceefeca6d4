"""Sources: where users and groups come from, how old that is, and what the last syncs did."""

from __future__ import annotations

from ops_dashboard.directory import SYNC_DAG_ID, SourceStatus, SyncRun, read_statuses
from ops_dashboard.web.components import (
    Code,
    Column,
    Empty,
    Facts,
    Heading,
    Link,
    Muted,
    Node,
    Note,
    Page,
    Panel,
    Spread,
    Stacked,
    Table,
    Text,
    Time,
    Tone,
)
from ops_dashboard.web.freshness import Freshness
from ops_dashboard.web.pages.access.sync_run import sync_run
from ops_dashboard.web.pages.access.sync_words import age_badge, effect, state_badge
from ops_dashboard.web.pages.access.words import sections
from ops_dashboard.web.pages.shared import person
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router
from ops_dashboard.web.wording import lasting

router = Router(prefix="/ops")

_RUNS = (
    Column("Run", width=20, numeric=True),
    Column("State", width=15),
    Column("Asked by", width=20),
    Column("What it changes", broad=True),
)
_UNREAD = (Column("Group", width=20), Column("Read last", width=20, numeric=True), Column("Why not since", broad=True))


@router.page("/access/sources", title="Sources", needs=None)
def sources(request: PageRequest) -> Page:
    """All directories that were ever asked."""
    statuses = read_statuses(request.database)
    return Page(
        "Sources",
        *(node for status in statuses for node in _source(request, status)),
        *([] if statuses else [Panel(_nothing())]),
        lead=("Where users and groups come from, and how old that is. ", sections(request, "/access/sources")),
    )


def _nothing() -> Empty:
    return Empty("No company directory was read yet, so nobody is known.", f"DAG {SYNC_DAG_ID} reads them.")


def _source(request: PageRequest, status: SourceStatus) -> tuple[Node, ...]:
    source = status.source
    runs = [_run_cells(request, each) for each in status.runs]
    return (
        Heading(Code(source.source), note=source.origin or None),
        Panel(_age(request, status), _counts(status), *_held(request, status)),
        *_unread(status),
        Panel(Table(_RUNS, runs, f"Last runs of {source.source}", Empty("It was never asked.")), flush=True),
    )


def _age(request: PageRequest, status: SourceStatus) -> Spread:
    source = status.source
    age = Freshness(source.applied_at, source.max_age).age(request.now)
    read = ("Read completely ", Time(source.applied_at)) if source.applied_at else "Never read completely"
    return Spread(Text(read, f"; from {lasting(source.max_age)} on nothing is decided from it."), age_badge(age))


def _counts(status: SourceStatus) -> Facts:
    source = status.source
    return Facts(("Users", source.users), ("Groups", source.groups), ("Direct memberships", source.memberships))


def _held(request: PageRequest, status: SourceStatus) -> tuple[Node, ...]:
    held = status.held
    if held is None:
        return ()
    href = request.url(sync_run, source=held.source, sync_id=held.sync_id)
    text = f"{'; '.join(held.reasons)}. Until somebody decides, users and groups stay as they are. "
    return (Note(Tone.WARN, text, Link("Look at what it would change", href), title="A sync is held:"),)


def _unread(status: SourceStatus) -> tuple[Node, ...]:
    if not status.unread:
        return ()
    rows = [(Code(group.name), Time(group.unread_since), group.problem) for group in status.unread]
    text = "They keep the people they had, until that is too old; then nothing is decided from them."
    table = Table(_UNREAD, rows, f"Groups of {status.source.source} that could not be read")
    return (Note(Tone.WARN, text, title=f"Groups that could not be read: {len(rows)}."), Panel(table, flush=True))


def _run_cells(request: PageRequest, run: SyncRun) -> tuple[Node, ...]:
    href = request.url(sync_run, source=run.source, sync_id=run.sync_id)
    return (
        Stacked(Link(f"Sync {run.sync_id}", href), Time(run.at)),
        state_badge(run.state),
        person(run.asked_by, request.user.name),
        Stacked(effect(run) or Muted("not known"), "; ".join(run.reasons) or None),
    )

"""What several pages about the sources say in the same words."""

from __future__ import annotations

from ops_dashboard.directory import SyncRun, SyncState, held_runs
from ops_dashboard.web.components import Badge, Link, Node, Note, Text, Time, Tone
from ops_dashboard.web.freshness import Age
from ops_dashboard.web.pages.shared import person
from ops_dashboard.web.questions import MANAGES
from ops_dashboard.web.request import PageRequest

_STATES = {
    SyncState.APPLIED: ("Applied", Tone.OK),
    SyncState.PARTIAL: ("Partial", Tone.WARN),
    SyncState.HELD: ("Held", Tone.WARN),
    SyncState.FAILED: ("Failed", Tone.BAD),
    SyncState.REHEARSED: ("Dry run", Tone.IDLE),
    SyncState.DISCARDED: ("Discarded", Tone.IDLE),
    SyncState.SUPERSEDED: ("Superseded", Tone.IDLE),
}
_AGES = {
    Age.FRESH: Badge("Fresh", Tone.OK),
    Age.AGEING: Badge("Getting old", Tone.WARN),
    Age.STALE: Badge("Stale: nothing is decided", Tone.BAD),
}


def state_badge(state: SyncState) -> Badge:
    """What became of a run, in a word."""
    return Badge(*_STATES[state])


def age_badge(age: Age) -> Badge:
    """How old the data of a source is, in a word."""
    return _AGES[age]


def decided(run: SyncRun, reader: str) -> Node:
    """Who released or discarded a run that was held, and why."""
    if run.decided_by is None or run.decided_at is None:
        return None
    verb = "Discarded" if run.state is SyncState.DISCARDED else "Released"
    why = f": “{run.decided_why}”" if run.decided_why else ""
    return Text(f"{verb} by {person(run.decided_by, reader)} ", Time(run.decided_at), why, muted=True)


def effect(run: SyncRun) -> str | None:
    """What a run changes in memberships; None if it was not compared."""
    found = run.differences
    if found is None:
        return None
    if found.nothing:
        return "nothing"
    added, removed = found.memberships_added, found.memberships_removed
    return f"+{added} −{removed} memberships" if added or removed else "no memberships"


def held_notice(request: PageRequest) -> Node:
    """That syncs wait for somebody to decide, said to those who may."""
    held = held_runs(request.database)
    if not held or not request.may(MANAGES):
        return None
    links: list[Node] = []
    for each in held:
        href = request.url(f"/access/sources/{each.source}/runs/{each.sync_id}")
        links += [", ", Link(f"sync {each.sync_id} of {each.source}", href)]
    text = "Users and groups stay as they are until somebody decides about "
    return Note(Tone.WARN, text, *links[1:], ".", title="Held:")

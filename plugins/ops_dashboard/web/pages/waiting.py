"""Requests that wait for a second person, wherever a page tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops_dashboard import access, ledger
from ops_dashboard.ledger import Entry
from ops_dashboard.web.approvals import open_runs
from ops_dashboard.web.components import Link, Node, Note, Time, Tone
from ops_dashboard.web.errors import Problem
from ops_dashboard.web.pages.reader import is_reader
from ops_dashboard.web.pages.runs import run_url
from ops_dashboard.web.pages.shared import person, wanted
from ops_dashboard.web.request import PageRequest


@dataclass(frozen=True, slots=True)
class Waiting:
    """All requests that wait, the oldest first."""

    entries: tuple[Entry, ...]

    def of(self, verb: str, resource: str) -> tuple[Entry, ...]:
        """Those to do one thing."""
        return tuple(entry for entry in self.entries if (entry.action, entry.resource) == (verb, resource))


def read_waiting(request: PageRequest) -> Waiting:
    """Read what waits by the ledger, without what Airflow says is over: a run can be ended by hand, or deleted."""
    found = ledger.waiting(request.database)
    if not found:
        return Waiting(())
    try:
        still = open_runs(request.airflow)
    except Problem:
        still = None
    return Waiting(tuple(entry for entry in found if still is None or (entry.dag_id, entry.run_id) in still))


def to_answer(request: PageRequest, waiting: Waiting) -> tuple[Entry, ...]:
    """Those that the reader may approve: others have asked, and it takes somebody in a group of theirs."""
    others = [entry for entry in waiting.entries if not is_reader(request, entry.actor)]
    asked = {entry.approver for entry in others if entry.approver}
    user = request.user.name
    groups = {group for group in asked if access.why_not_member(request.database, user, group) is None}
    return tuple(entry for entry in others if entry.approver in groups)


def waiting_line(request: PageRequest, entries: Sequence[Entry]) -> Node:
    """What waits, in a line of a list."""
    if not entries:
        return None
    (*_, last) = entries
    more = f", {len(entries) - 1} more" if len(entries) > 1 else ""
    return (Link(f"{wanted(last)} waits for approval", run_url(request, last)), more)


def waiting_notes(request: PageRequest, entries: Sequence[Entry]) -> tuple[Note, ...]:
    """What waits, above the form with which one might ask for the same again."""
    return tuple(
        Note(
            Tone.BUSY,
            Link(f"{wanted(entry)}, asked for by {person(entry.actor, request.user.name)}", run_url(request, entry)),
            " ",
            Time(entry.at),
            f". Somebody in {entry.approver} has to approve it." if entry.approver else ".",
            title="Waiting for approval:",
        )
        for entry in entries
    )

"""Requests that wait for a second person, wherever a page tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops_dashboard import access, ledger
from ops_dashboard.ledger import Entry, Value
from ops_dashboard.web.components import Link, Node, Note, Time, Tone
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
    """Read what waits, by the ledger. What was ended in Airflow by hand is among it until its time is over."""
    return Waiting(ledger.waiting(request.database))


def to_answer(request: PageRequest, waiting: Waiting) -> tuple[Entry, ...]:
    """Those that the reader may approve: others have asked, and it takes somebody in a group of theirs."""
    others = [entry for entry in waiting.entries if not is_reader(request, entry.actor)]
    asked = {entry.approver for entry in others if entry.approver}
    user = request.user.name
    groups = {group for group in asked if access.why_not_member(request.database, user, group) is None}
    return tuple(entry for entry in others if entry.approver in groups)


def waiting_line(
    request: PageRequest, entries: Sequence[Entry], present: Value = None, *, in_full: bool = True
) -> Node:
    """What waits, in a line of a list.

    Args:
        request: The reader's.
        entries: What waits.
        present: The value that is there now, if it is known.
        in_full: Whether the reader may know the values, and look at the run.
    """
    if not entries:
        return None
    if not in_full:
        return f"{len(entries)} waits for approval" if len(entries) == 1 else f"{len(entries)} wait for approval"
    (*_, last) = entries
    more = f", {len(entries) - 1} more" if len(entries) > 1 else ""
    waits = "waits in vain" if is_outdated(last, present) else "waits for approval"
    return (Link(f"{wanted(last)} {waits}", run_url(request, last)), more)


def waiting_notes(request: PageRequest, verb: str, resource: str, present: Value = None) -> tuple[Note, ...]:
    """What waits, above the form with which one might ask for the same again.

    Args:
        request: The reader's.
        verb: What is done.
        resource: To what.
        present: The value that is there now, if it is known.
    """
    return tuple(_note(request, entry, present) for entry in read_waiting(request).of(verb, resource))


def _note(request: PageRequest, entry: Entry, present: Value) -> Note:
    asked = f"{wanted(entry)}, asked for by {person(entry.actor, request.user.name)}"
    link, at = Link(asked, run_url(request, entry)), Time(entry.at)
    if is_outdated(entry, present):
        return Note(Tone.WARN, link, " ", at, f". {outdated(present)}", title="Waiting in vain:")
    needed = f". Somebody in {entry.approver} has to approve it."
    return Note(Tone.BUSY, link, " ", at, needed, title="Waiting for approval:")


def is_outdated(entry: Entry, present: Value) -> bool:
    """Whether what waits can't be carried out any more, since what is there is not what was shown."""
    return present is not None and entry.before is not None and present != entry.before


def outdated(present: Value) -> str:
    """The same in words."""
    return f"It is {present} by now, so an approval would be refused."

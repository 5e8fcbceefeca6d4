"""What several pages say in the same words and colours."""

from __future__ import annotations

from collections.abc import Iterable

from ops_dashboard.access import is_same_person
from ops_dashboard.ledger import Entry, Outcome
from ops_dashboard.text import shown
from ops_dashboard.web.components import Badge, Tone
from ops_dashboard.web.errors import Problem
from ops_dashboard.web.pages.tellings import telling_of
from ops_dashboard.workers import PoolState, PoolStatus

_STATE_TONES = {
    PoolState.HEALTHY: Tone.OK,
    PoolState.ROLLING_OUT: Tone.BUSY,
    PoolState.SCALED_TO_ZERO: Tone.IDLE,
    PoolState.UNKNOWN: Tone.IDLE,
}

_OUTCOMES = {
    Outcome.DENIED: ("Denied", Tone.BAD),
    Outcome.REFUSED: ("Refused", Tone.WARN),
    Outcome.RUNNING: ("Running", Tone.BUSY),
    Outcome.SUCCEEDED: ("Done", Tone.OK),
    Outcome.FAILED: ("Failed", Tone.BAD),
    Outcome.UNKNOWN: ("Unknown", Tone.WARN),
}


def unknown_filter(name: str, value: str, accepted: Iterable[str]) -> Problem:
    """What an address with a filter that the page does not have is answered with."""
    text = f"{name}: {shown(value)} is not accepted; accepted are {', '.join(accepted)}."
    return Problem(400, "This filter is not known", text)


def state_tone(status: PoolStatus | None) -> Tone:
    """The colour of a pool's state; what is neither good nor busy nor idle needs attention."""
    return _STATE_TONES.get(status.state, Tone.BAD) if status else Tone.IDLE


def state_badge(status: PoolStatus | None) -> Badge:
    """A pool's state in a word."""
    return Badge(status.state.label if status else "Not seen", state_tone(status))


def outcome_badge(entry: Entry) -> Badge:
    """How a request ended, or how far it is, in a word."""
    if entry.is_waiting:
        return Badge("Waiting", Tone.BUSY)
    if entry.cancelled_by is not None:
        return Badge("Cancelled", Tone.IDLE)
    return Badge(*_OUTCOMES[entry.outcome])


def outcome_label(outcome: Outcome) -> str:
    """How it ended, for a filter."""
    return _OUTCOMES[outcome][0]


def person(name: str, reader: str) -> str:
    """How a page calls a person."""
    return "you" if is_same_person(name, reader) else name


def told(entry: Entry, reader: str) -> str | None:
    """What the record says of the outcome. A denial speaks to who asked: to others it is quoted."""
    if entry.message is None or entry.outcome is not Outcome.DENIED or is_same_person(entry.actor, reader):
        return entry.message
    return f"they were told: “{entry.message}”"


def wanted(entry: Entry) -> str:
    """What a request asks for, in a line."""
    return telling_of(entry.dag_id).wanted(entry)


def effect(entry: Entry) -> str | None:
    """What came of a request, in a line."""
    return telling_of(entry.dag_id).effect(entry)

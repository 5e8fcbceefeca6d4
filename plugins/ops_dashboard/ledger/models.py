"""What is written to the ledger, and what is read from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

Value: TypeAlias = int | float | str | bool | None
"""What an act reads and sets, as JSON has it: a count, a setting, or a few words for what is neither."""


class Event(StrEnum):
    """A step of a request. A request ends with any of them but the first four."""

    WAITING = "waiting"
    ANSWERED = "answered"
    """An execution, and no other, goes on with what waited."""
    STARTED = "started"
    CHANGED = "changed"
    DENIED = "denied"
    REFUSED = "refused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What became of a request."""

    DENIED = "denied"
    """The person has no right to it."""
    REFUSED = "refused"
    """Nobody could have it: a bad value, a replay, changed meanwhile, locked, not approved."""
    RUNNING = "running"
    """It goes on, or waits for a second person."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It started, and whether it had an effect is not known: nothing was heard of it until its deadline."""


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for what, and in which DAG run; the same in each of its entries.

    Attributes:
        action: The verb, such as `scale`.
        resource: What is acted on, such as `ads/bidder`.
        reason: Why, in the person's words.
    """

    request_id: UUID
    actor: str
    action: str
    resource: str
    dag_id: str
    run_id: str
    task_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Details:
    """What is known at a step; None is not written.

    Attributes:
        before: The value that was there.
        requested: The value asked for.
        expected: The value that the person saw when asking.
        after: The value that is there now.
        ready: How many workers are ready.
        seconds: Time since it is carried out; what it waited for somebody's approval is not in it.
        message: What a person needs to know about the outcome.
        grant_id: The grant that decided.
        grant: The same grant for people: `ads-oncall → scale:ads/*`.
        approver: The group of whom somebody has to approve it.
        within: The seconds that they have for it.
        answered_by: Who answered.
        note: What they wrote with it.
        approved_by: The same, if the answer was a yes that counts.
        cancelled_by: Who had it ended before it had finished.
        script: The sha256 of what was run.
        bundle: The version of the DAG bundle that it came with, if the bundle has versions.
        time_limit: For `waiting` and `started`, which must have one: so long, by the database's clock, the request goes
            on. What waits can't start later; of what has started, the fate is unknown then.
    """

    before: Value = None
    requested: Value = None
    expected: Value = None
    after: Value = None
    ready: int | None = None
    seconds: float | None = None
    message: str | None = None
    grant_id: int | None = None
    grant: str | None = None
    approver: str | None = None
    within: float | None = None
    answered_by: str | None = None
    note: str | None = None
    approved_by: str | None = None
    cancelled_by: str | None = None
    script: str | None = None
    bundle: str | None = None
    time_limit: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One request with all that its steps tell, the later ones winning.

    Attributes:
        seq: Number of its first row in the ledger; later requests have higher ones.
        at: When it was first recorded; the other times are those of its steps, None for a step it has not.
    """

    request_id: UUID
    seq: int
    dag_id: str
    run_id: str
    actor: str
    action: str
    resource: str
    reason: str
    outcome: Outcome
    before: Value
    requested: Value
    after: Value
    ready: int | None
    seconds: float | None
    message: str | None
    grant: str | None
    approver: str | None
    within: float | None
    answered_by: str | None
    note: str | None
    approved_by: str | None
    cancelled_by: str | None
    script: str | None
    bundle: str | None
    at: datetime
    answered_at: datetime | None
    started_at: datetime | None
    changed_at: datetime | None
    finished_at: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen, as far as anybody knows."""
        return self.outcome is not Outcome.RUNNING

    @property
    def is_running(self) -> bool:
        """Whether it has started and goes on."""
        return self.outcome is Outcome.RUNNING and self.started_at is not None

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for somebody's approval; nothing is done until then."""
        return self.outcome is Outcome.RUNNING and self.started_at is None and self.answered_at is None

    @property
    def answer_by(self) -> datetime | None:
        """Until when it has to be approved; None if that takes nobody."""
        return self.at + timedelta(seconds=self.within) if self.within is not None else None

    @property
    def last_heard(self) -> datetime:
        """The time of its last step: what was seen of its resource before is out of date."""
        times = (self.at, self.answered_at, self.started_at, self.changed_at, self.finished_at)
        return max(moment for moment in times if moment)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which requests to list: those that meet everything that is given.

    Attributes:
        since: Recorded at this time or later.
        until: Recorded before this time.
        waiting: Whether to list only what waits for somebody's approval.
        text: Words of the person, who answered, action, resource, reason, message or values; the beginning of each is
            enough.
    """

    actor: str | None = None
    action: str | None = None
    resource: str | None = None
    outcome: Outcome | None = None
    run_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    waiting: bool | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some requests, newest first, and the cursor of the next page; None on the last one."""

    entries: tuple[Entry, ...]
    next: str | None

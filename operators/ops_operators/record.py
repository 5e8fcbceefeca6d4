"""The ledger's side of one act: what is written when."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Self, TypeVar

import psycopg
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from ops_dashboard import database, ledger
from ops_operators.runs import MAX_AGE
from ops_operators.verdicts import DeniedError, FailedError, RefusedError, UncertainError, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from ops_dashboard.access import Decision
    from ops_dashboard.acts import ActRequest
    from ops_dashboard.ledger import Value

log = logging.getLogger(__name__)
T = TypeVar("T")

# An effect without its outcome is the worst gap in a ledger: a restart of the database, or the switch to another
# server, must not cause it. About three minutes in all.
_ATTEMPTS = 16
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0
_PASSING = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, database.DatabaseDownError)

_EVENTS: dict[type[Verdict], ledger.Event] = {
    DeniedError: ledger.Event.DENIED,
    RefusedError: ledger.Event.REFUSED,
    FailedError: ledger.Event.FAILED,
    UncertainError: ledger.Event.UNKNOWN,
}


class Record:
    """Writes the entries of one request, each in its own transaction, on a database session of its own.

    Args:
        request: Who asks for what.
        time_limit: How long the record may say `running`.
        bundle: The version of the DAG bundle that the task runs from, if its bundle has versions.
        patient: Whether to wait some minutes for the database, since the request is on record already.

    Raises:
        DatabaseDownError: There is no session to be had, hence no record.
    """

    def __init__(
        self, request: ledger.Request, time_limit: timedelta, bundle: str | None = None, *, patient: bool = False
    ) -> None:
        self.request = request
        self._bundle = bundle
        self.connection = _in_the_end(database.connect) if patient else database.connect()
        self.before: Value = None
        self.decision: Decision | None = None
        self.script: str | None = None
        self.approved_by: str | None = None
        self._time_limit = time_limit
        self._begun = time.monotonic()
        self._asked: ActRequest | None = None
        self._has_started = False
        self._changed_to: Value = None
        self._has_changed = False
        self._has_told_change = False
        self._cancelled_by: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def take_up(self, request_id: UUID, answered_by: str | None, note: str) -> None:
        """Go on with the request that waited, which no other execution does then, and write who answered.

        Raises:
            RefusedError: Another one does or did, or it does not wait any more.
        """
        waiting = replace(self.request, request_id=request_id)
        try:
            answer = ledger.Details(answered_by=answered_by, note=note or None)
            self._append_surely(ledger.Event.ANSWERED, answer, waiting)
        except (ledger.AlreadyDoneError, psycopg.errors.CheckViolation) as error:
            raise RefusedError(f"run {self.request.run_id} does not wait for an answer any more; ask anew") from error
        self.request = waiting

    def end_what_waited(self) -> None:
        """End what this run has put before a second person: it is executed anew, so nobody goes on with that.

        Raises:
            psycopg.Error: The ledger can't be read or written.
        """
        for waiting in ledger.waiting_of_run(self.connection, self.request):
            with suppress(ledger.AlreadyDoneError, psycopg.errors.CheckViolation):  # somebody does
                self._append(ledger.Event.ANSWERED, ledger.Details(), waiting)
                anew = ledger.Details(message="its run was executed anew while it waited; ask anew")
                self._append(ledger.Event.REFUSED, anew, waiting)
        self.connection.commit()

    def asked(self, asked: ActRequest) -> None:
        """Keep what was asked for, once it is known to be valid."""
        self._asked = asked

    def waits(self, approver: str, within: timedelta) -> None:
        """Write that nothing is done until somebody in a group approves it, and how long they have for it.

        Raises:
            psycopg.Error: The entry could not be written.
        """
        details = self._details(time_limit=within + MAX_AGE)
        waiting = replace(details, approver=approver, within=within.total_seconds())
        self._append(ledger.Event.WAITING, waiting)

    def started(self) -> None:
        """Write the entry without which nothing may be done.

        Raises:
            RefusedError: This run has started before.
            psycopg.Error: The entry could not be written.
        """
        try:
            self._append(ledger.Event.STARTED, self._details(time_limit=self._time_limit))
        except ledger.AlreadyDoneError as error:
            raise RefusedError(f"run {self.request.run_id} has acted before; ask anew") from error
        except psycopg.errors.CheckViolation as error:
            if "was not answered in time" not in str(error):
                raise
            raise RefusedError("it was approved too late; ask anew") from error
        self._has_started = True

    def changed(self, value: Value) -> None:
        """Write that the effect has happened."""
        self._has_changed, self._changed_to = True, value
        try:
            self._tell_change()
        except _PASSING as error:
            # What belongs to the change is done all the same; it is told with how that ends.
            log.warning("The ledger can't be written, and the change is not told yet: %s", error)

    def succeeded(self, after: Value, ready: int | None) -> None:
        """Write the good end."""
        self._end(ledger.Event.SUCCEEDED, self._details(after, ready))

    def verdict(self, verdict: Verdict) -> None:
        """Write any other end that was foreseen."""
        after, ready = self._changed_to, None
        if isinstance(verdict, FailedError):
            self._cancelled_by = verdict.cancelled_by
            after, ready = verdict.after if verdict.after is not None else after, verdict.ready
        event = next(_EVENTS[kind] for kind in type(verdict).__mro__ if kind in _EVENTS)
        self._end(event, self._details(after, ready, str(verdict)))

    def interrupted(self, error: BaseException) -> None:
        """Write an end that was not foreseen: a bug, a lost worker, a task ended by hand."""
        message = f"{type(error).__name__}: {error}"
        if self._has_changed:
            message = f"the change was made, then its watch was interrupted: {message}"
        certain = self._has_changed or not self._has_started
        event = ledger.Event.FAILED if certain else ledger.Event.UNKNOWN
        self._end(event, self._details(self._changed_to, message=message))

    def _end(self, event: ledger.Event, details: ledger.Details) -> None:
        self._tell_change()
        self._append_surely(event, details)

    def _tell_change(self) -> None:
        if self._has_changed and not self._has_told_change:
            self._append_surely(ledger.Event.CHANGED, self._details(after=self._changed_to))
            self._has_told_change = True

    def _details(
        self,
        after: Value = None,
        ready: int | None = None,
        message: str | None = None,
        time_limit: timedelta | None = None,
    ) -> ledger.Details:
        grant = self.decision.grant if self.decision else None
        return ledger.Details(
            before=self.before,
            requested=self._asked.requested if self._asked else None,
            expected=self._asked.expects if self._asked else None,
            after=after,
            ready=ready,
            seconds=round(time.monotonic() - self._begun, 3),
            message=message,
            grant_id=grant.grant_id if grant else None,
            grant=str(grant) if grant else None,
            approved_by=self.approved_by,
            cancelled_by=self._cancelled_by,
            bundle=self._bundle,
            script=self.script,
            time_limit=time_limit,
        )

    def _append(self, event: ledger.Event, details: ledger.Details, request: ledger.Request | None = None) -> None:
        try:
            ledger.append(self.connection, request or self.request, event, details)
            self.connection.commit()
        except BaseException:
            if not self.connection.closed:
                self.connection.rollback()
            raise

    def _append_surely(
        self, event: ledger.Event, details: ledger.Details, request: ledger.Request | None = None
    ) -> None:
        def append() -> None:
            if self.connection.closed:
                self.connection = database.connect()
            try:
                self._append(event, details, request)
            except _PASSING:
                self.connection.close()  # a server that may only be read now is no use any more
                raise

        _in_the_end(append)


def _in_the_end(step: Callable[[], T]) -> T:
    """Take a step again until the ledger can be written, for some minutes."""
    return Retrying(
        retry=retry_if_exception_type(_PASSING),
        wait=wait_exponential(multiplier=_FIRST_PAUSE_SECONDS, max=_LONGEST_PAUSE_SECONDS),
        stop=stop_after_attempt(_ATTEMPTS),
        before_sleep=lambda _: log.warning("The ledger can't be written, trying again"),
        reraise=True,
    )(step)

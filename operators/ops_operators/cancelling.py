"""Running operations end when somebody asks them to."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import psycopg

from ops_dashboard import cancellations, database, ledger
from ops_dashboard.acts import CancelRequest
from ops_operators.guarded import GuardedOperator
from ops_operators.lost import close_lost
from ops_operators.sessions import session
from ops_operators.steps import Attempt, Effect, Observation
from ops_operators.verdicts import FailedError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops_dashboard.ledger import Entry, Request

_LOOK_EVERY_SECONDS = 1.0
_PATIENCE_SECONDS = 60.0
_TIME_LIMIT = timedelta(minutes=3)


class CancelledError(FailedError):
    """Somebody has cancelled it; it is not tried again."""


class CancellationWatch:
    """Looks, in a thread of its own, whether somebody has asked a run to end.

    A database that can't be reached cancels nothing: the run goes on, and is looked for again.

    Args:
        request: The run.

    Attributes:
        by: Who has asked the run to end, once somebody has.
    """

    def __init__(self, request: Request) -> None:
        self.by: str | None = None
        self._request = request
        self._over = threading.Event()
        self._interrupt: Callable[[], None] | None = None
        self._interrupting = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="cancellation", daemon=True)

    @property
    def reason(self) -> str | None:
        """Why the run shall end, once somebody has asked for it."""
        return None if self.by is None else f"cancelled by {self.by}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(_LOOK_EVERY_SECONDS)

    def sleep(self, seconds: float) -> None:
        """Wait, but not for a run that shall end.

        Raises:
            CancelledError: Somebody has asked for its end.
        """
        deadline = time.monotonic() + seconds
        while self.reason is None and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_EVERY_SECONDS / 4))
        if self.reason is not None:
            raise CancelledError(self.reason)

    @contextmanager
    def interrupt_with(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Have a run that waits, and so can't ask for `reason`, interrupted; afterwards it is not any more.

        Args:
            interrupt: Called in the watch's thread, again every second: it may have come a moment too early.
        """
        with self._interrupting:
            self._interrupt = interrupt
        try:
            yield
        finally:
            with self._interrupting:
                self._interrupt = None

    def _watch(self) -> None:
        while self.reason is None and not self._over.is_set():
            try:
                with closing(database.connect()) as connection:
                    connection.autocommit = True
                    self._look(connection)
            except (psycopg.OperationalError, database.DatabaseDownError):
                self._over.wait(_LOOK_EVERY_SECONDS)
        while not self._over.is_set():
            with self._interrupting:
                if self._interrupt is not None:
                    self._interrupt()
            self._over.wait(_LOOK_EVERY_SECONDS)

    def _look(self, connection: psycopg.Connection) -> None:
        while self.reason is None and not self._over.wait(_LOOK_EVERY_SECONDS):
            self.by = cancellations.cancelled_by(connection, self._request.dag_id, self._request.run_id)


class CancelRunOperator(GuardedOperator[CancelRequest, None]):
    """Ask a running operation to end, and see to it that it has."""

    request_model = CancelRequest

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(time_limit=_TIME_LIMIT, **kwargs)

    def check(self, request: CancelRequest) -> None:
        """Whether there is such a run is seen in the ledger: its operation may be in the catalog no more."""

    def observe(self, request: CancelRequest) -> Observation[None]:
        """The run goes on: otherwise there is nothing to cancel."""
        with session() as connection:
            entry = _find(connection, request)
        if entry is None:
            raise RefusedError(f"run {request.run_id} of {request.dag_id} has not begun; nothing was cancelled")
        if not entry.is_running:
            raise RefusedError(f"run {request.run_id} has ended already: {entry.outcome}; nothing was cancelled")
        return Observation(str(entry.outcome), None)

    def act(self, request: CancelRequest, seen: None, attempt: Attempt) -> Effect:  # noqa: ARG002 - nothing to compare
        """Ask, then wait until the run has written how it ended."""
        with session() as connection:
            cancellations.cancel(connection, request.dag_id, request.run_id, attempt.by)
            connection.commit()
        attempt.changed("asked to end")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            # The database may be away for a moment; the run has been told.
            with suppress(FailedError, psycopg.OperationalError), session() as connection:
                entry = _find(connection, request)
                if entry is not None and not entry.is_running:
                    return Effect(str(entry.outcome))
                if entry is not None:
                    close_lost(connection, [entry])
            time.sleep(_LOOK_EVERY_SECONDS)
        raise FailedError(f"run {request.run_id} has not ended within {_PATIENCE_SECONDS:.0f} seconds; look at its log")


def _find(connection: psycopg.Connection, request: CancelRequest) -> Entry | None:
    asked = ledger.Filter(run_id=request.run_id, action="run", resource=request.operation)
    entries = ledger.entries(connection, asked, limit=ledger.MOST_ENTRIES).entries
    connection.commit()
    begun = (entry for entry in entries if entry.dag_id == request.dag_id and entry.started_at is not None)
    return next(begun, None)

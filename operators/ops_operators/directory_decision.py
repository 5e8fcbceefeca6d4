"""Release or discard a sync of the directory that is held."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ops_dashboard import access, directory
from ops_dashboard.acts import DecideSyncRequest, RequestError
from ops_operators.guarded import GuardedOperator
from ops_operators.sessions import session
from ops_operators.steps import Attempt, Effect, Observation
from ops_operators.verdicts import DeniedError, RefusedError

if TYPE_CHECKING:
    import psycopg

    from ops_dashboard.directory import SyncRun

# A release waits for the sync that runs, and then applies as much as a sync does.
_TIME_LIMIT = timedelta(minutes=30)


class DecideSyncOperator(GuardedOperator[DecideSyncRequest, "SyncRun"]):
    """Let a second person apply exactly the differences that a held sync showed, or let go of it."""

    request_model = DecideSyncRequest

    def __init__(self, **kwargs: Any) -> None:
        # A database that stays silent would otherwise keep all later decisions waiting for this one.
        super().__init__(time_limit=_TIME_LIMIT, **{"execution_timeout": _TIME_LIMIT, **kwargs})

    def check(self, request: DecideSyncRequest) -> None:
        """Its fields say it all; the rest depends on what is held."""

    def observe(self, request: DecideSyncRequest) -> Observation[SyncRun]:
        """Find the sync that is held with these differences."""
        held = directory.SyncState.HELD
        with session() as connection:
            runs = directory.recent_runs(connection, request.source, state=held, limit=1)
        for run in runs:
            if run.digest == request.digest:
                return Observation(str(held), run)
        waits = f"{request.source} holds {runs[0].digest}" if runs else f"{request.source} holds none"
        raise RequestError({"digest": f"{request.digest} is not held, it may have been decided; {waits}"})

    def act(self, request: DecideSyncRequest, seen: SyncRun, attempt: Attempt) -> Effect:
        """Apply it or let go of it, in one transaction that looks again: at what it brings, and at who asks.

        Raises:
            DeniedError: The sync that was waited for has taken the right away.
            RefusedError: It would bring something else by now, or somebody else has to release it.
        """

        def judge(connection: psycopg.Connection) -> None:
            decision = access.decide(connection, attempt.by, request.target)
            if not decision.allowed:
                raise DeniedError(decision.reason)

        decide = directory.release if request.decision == "release" else directory.discard
        try:
            with session() as connection:
                decide(connection, request.source, request.digest, by=attempt.by, why=attempt.why, judge=judge)
        except directory.DirectoryError as error:
            raise RefusedError(f"{error}; nothing was changed") from error
        after = directory.SyncState.APPLIED if request.decision == "release" else directory.SyncState.DISCARDED
        attempt.changed(str(after))
        self.log.info("%s of sync %s: %s", request.decision.capitalize(), seen.sync_id, seen.differences)
        return Effect(str(after))

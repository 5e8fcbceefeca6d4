"""Waiting until a pool has the workers that it was given."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from ops_dashboard.workers.errors import ClusterDownError, WorkersError
from ops_dashboard.workers.models import PoolState, RolloutProgress, Workers, Workload

_log = logging.getLogger(__name__)


class Ending(StrEnum):
    """How a wait can end in vain, if not by a problem of the pods."""

    CHANGED_BY_OTHER = "changed_by_other"
    TIMED_OUT = "timed_out"


class RolloutFailedError(WorkersError):
    """The count was set, but the workers did not get ready.

    Attributes:
        kind: The problem, or how the wait ended.
        ready: How many were ready when last seen; None if that was never.
    """

    def __init__(self, kind: PoolState | Ending, message: str, ready: int | None) -> None:
        super().__init__(message)
        self.kind = kind
        self.ready = ready


@dataclass(frozen=True, slots=True)
class RolloutResult:
    """All workers are ready; `seconds` is how long that took."""

    ready: int
    seconds: float


def wait(
    workers: Workers,
    pool: Workload,
    target: int | None,
    *,
    timeout: timedelta,
    patience: timedelta,
    poll_seconds: float = 1.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> RolloutResult:
    """Wait until the pool has exactly `target` workers and all are ready; after a restart, all of the new template.

    Kubernetes' own progress deadline does not cover a change of the count, so this has its own. A cluster that does
    not answer meanwhile uses up time, but is no reason to give up early.

    Args:
        workers: The pools of the cluster.
        pool: The pool to watch, its count set already.
        target: The count it was set to; None after a restart.
        timeout: How long all of it may take.
        patience: How long a problem is watched in case it goes away.
        poll_seconds: Pause between two looks.
        clock: Seconds that only ever go forward.
        sleep: Waits for some seconds.

    Raises:
        RolloutFailedError: A problem has lasted, the time is over, or somebody else has changed the count.
        WorkersError: The workload is gone, or may not be read.
    """
    started = clock()
    trouble = _Trouble(patience.total_seconds())
    last: RolloutProgress | None = None
    while True:
        down = None
        try:
            last = workers.progress(pool, target)
        except ClusterDownError as error:
            down = error
        else:
            if last.done:
                return RolloutResult(last.ready, clock() - started)
            trouble.judge(last, clock())
        left = started + timeout.total_seconds() - clock()
        if left <= 0:
            raise _timed_out(timeout, last, down)
        sleep(min(poll_seconds, left))


class _Trouble:
    """Tells a problem that lasts from one that passes."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: float | None = None
        self._said = ""

    def judge(self, progress: RolloutProgress, now: float) -> None:
        """Take note of what was seen; raise if there is no point in waiting any longer."""
        summary = _summary(progress)
        if summary != self._said:
            _log.info("%s", summary)
            self._said = summary
        if progress.changed_by_other:
            message = f"during the rollout the count was {progress.changed_by_other}"
            raise RolloutFailedError(Ending.CHANGED_BY_OTHER, message, progress.ready)
        if progress.problem is None:
            self._since = None
            return
        self._since = now if self._since is None else self._since
        if now - self._since >= self._patience:
            raise RolloutFailedError(progress.problem.kind, summary, progress.ready)


def _timed_out(timeout: timedelta, last: RolloutProgress | None, down: ClusterDownError | None) -> RolloutFailedError:
    parts = [f"not done within {timeout.total_seconds():.0f} s"]
    if last:
        parts.append(_summary(last))
    if down:
        parts.append(str(down))
    return RolloutFailedError(Ending.TIMED_OUT, "; ".join(parts), last.ready if last else None)


def _summary(progress: RolloutProgress) -> str:
    problem = f"; {progress.problem.message}" if progress.problem else ""
    return f"{progress.ready} of {progress.desired} ready{problem}"

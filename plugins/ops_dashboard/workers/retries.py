"""Asking a cluster again: after longer and longer pauses, or when it says itself."""

from __future__ import annotations

import logging
from datetime import timedelta

from tenacity import (
    RetryCallState,
    Retrying,
    before_sleep_log,
    retry_if_exception_type,
    stop_before_delay,
    wait_random_exponential,
)

from ops_dashboard.workers.errors import ClusterDownError, ConflictError

_log = logging.getLogger(__name__)
_back_off = wait_random_exponential(multiplier=0.2, max=5)


def retrying(give_up_after: timedelta) -> Retrying:
    """Return what calls a function again and again while the cluster is down or busy.

    When there is no time left for another pause, the last error is raised.
    """
    return Retrying(
        retry=retry_if_exception_type((ClusterDownError, ConflictError)),
        wait=_pause,
        stop=stop_before_delay(give_up_after),
        before_sleep=before_sleep_log(_log, logging.WARNING),
        reraise=True,
    )


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, ClusterDownError) and error.retry_after is not None:
        return error.retry_after
    return _back_off(state)

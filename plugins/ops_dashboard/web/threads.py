"""Threads of our own for whatever waits.

Airflow's API answers in the event loop's default threads, which are 40. Did our pages wait in the same ones, slow pages
could keep everybody from Airflow; and enough pages that call Airflow in this process would hold every thread that its
answers need, so that nobody were answered ever again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

_AT_ONCE = 20

_limiter = RunVar[CapacityLimiter]("ops_dashboard.web.threads")

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


async def in_own_thread(function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    """Call a function in a thread of ours; if all are taken, wait for one without holding any other."""
    return await to_thread.run_sync(function, *arguments, limiter=_own_limiter())


def _own_limiter() -> CapacityLimiter:
    """The limiter of this event loop: one that two loops shared could not wake who waits in the other."""
    try:
        return _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(_AT_ONCE)
        _limiter.set(limiter)
        return limiter

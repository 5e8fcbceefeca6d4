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

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


class AtOnce:
    """So many at once in each event loop: one limiter that two loops shared could not wake who waits in the other.

    Args:
        what: Tells it from others.
        most: How many.
    """

    def __init__(self, what: str, most: int) -> None:
        self._limiter = RunVar[CapacityLimiter](f"ops_dashboard {what}")
        self._most = most

    @property
    def limiter(self) -> CapacityLimiter:
        """That of the event loop that runs."""
        try:
            return self._limiter.get()
        except LookupError:
            limiter = CapacityLimiter(self._most)
            self._limiter.set(limiter)
            return limiter


_threads = AtOnce("threads", 20)


async def in_own_thread(function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    """Call a function in a thread of ours; if all are taken, wait for one without holding any other."""
    return await to_thread.run_sync(function, *arguments, limiter=_threads.limiter)

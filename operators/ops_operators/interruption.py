"""Get out of a call that blocks and can't be asked to end."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOOK_EVERY_SECONDS = 0.5


class Interruption(BaseException):
    """Raised where the block happens to be. Not an `Exception`: what is left must not take it for a failure to retry.

    Attributes:
        cause: Why.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


@contextmanager
def interrupted_when(cause: Callable[[], Exception | None]) -> Iterator[None]:
    """Leave the block as soon as there is a cause, whatever it waits for; for the main thread, where tasks run.

    It takes the place of a timer that is running, such as Airflow's own for a task's time, and puts it back.

    Args:
        cause: Asked twice a second, between any two steps of the block: it must be quick and change nothing.

    Raises:
        Interruption: There was a cause.
    """
    looking = True

    def look(*_: object) -> None:
        nonlocal looking
        if looking and (found := cause()) is not None:
            looking = False
            raise Interruption(found)

    begun = time.monotonic()
    handler = signal.signal(signal.SIGALRM, look)
    left, interval = signal.setitimer(signal.ITIMER_REAL, _LOOK_EVERY_SECONDS, _LOOK_EVERY_SECONDS)
    try:
        yield
    finally:
        looking = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 0.001), interval)

"""How often a server is asked again: a sync has minutes, somebody who tries a source at a shell has not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

_TRIES = 2
_WITHIN = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to ask, for how long at most, and whom to tell of a try that failed."""

    tries: int
    within: timedelta
    tell: Callable[[str], None]


_patience: ContextVar[Patience | None] = ContextVar("patience", default=None)


def current_patience() -> Patience | None:
    """Return what was agreed for now, None if there is all the time that a server may be asked."""
    return _patience.get()


@contextmanager
def impatient(tell: Callable[[str], None]) -> Iterator[None]:
    """Let servers that are asked from now on be given up soon, and have each failed try told in a line."""
    token = _patience.set(Patience(_TRIES, _WITHIN, tell))
    try:
        yield
    finally:
        _patience.reset(token)

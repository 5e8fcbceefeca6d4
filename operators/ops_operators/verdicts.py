"""How an act can end short of success. Each message is read by the person who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops_dashboard.ledger import Value


class Verdict(Exception):  # noqa: N818 - not every verdict is an error of the program
    """Base of them all."""


class DeniedError(Verdict):
    """The person has no right to it."""


class RefusedError(Verdict):
    """Nobody could have it: a bad value, a replay, changed meanwhile, locked. Nothing was done."""


class FailedError(Verdict):
    """It was tried.

    Attributes:
        after: The value that is there now, if known.
        ready: How many workers are ready, if that means something.
        cancelled_by: Who had it ended, if that is why.
    """

    def __init__(self, message: str, *, after: Value = None, ready: int | None = None) -> None:
        super().__init__(message)
        self.after = after
        self.ready = ready
        self.cancelled_by: str | None = None


class UncertainError(Verdict):
    """It was tried, and nobody knows whether it had its effect."""

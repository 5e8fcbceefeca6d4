"""What passes between the path that guards every act, and the act itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from ops_dashboard import ledger
    from ops_dashboard.acts import Preview
    from ops_dashboard.ledger import Value

SeenT = TypeVar("SeenT")


@dataclass(frozen=True, slots=True)
class Observation(Generic[SeenT]):
    """What is there before the act.

    Attributes:
        value: The present value, as the ledger and the grant's limits understand it.
        seen: What the act needs to make sure that nobody changed it meanwhile.
        preview: What exactly would be done; shown to who has to approve it. None: the change in value.
        script: The sha256 of what would be run, for the record.
    """

    value: Value
    seen: SeenT
    preview: Preview | None = None
    script: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """An act that is allowed and on record.

    Attributes:
        request: Who asked, why, and in which run, as the record has it.
        changed: To be called with the new value as soon as the effect has happened, before any waiting: from then on
            the record tells of the effect whatever becomes of this process.
    """

    request: ledger.Request
    changed: Callable[[Value], None]

    @property
    def by(self) -> str:
        """Who asked, by username."""
        return self.request.actor

    @property
    def why(self) -> str:
        """Their reason."""
        return self.request.reason


@dataclass(frozen=True, slots=True)
class Effect:
    """What is there after the act."""

    after: Value
    ready: int | None = None

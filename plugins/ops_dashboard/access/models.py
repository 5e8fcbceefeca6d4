"""What an answer about somebody's rights holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ops_dashboard.catalog import Limits, limits_in_words


@dataclass(frozen=True, slots=True)
class Grant:
    """A group's right to do what an action pattern covers, within limits, from `valid_from` until `expires_at`.

    Attributes:
        origin: `catalog` or `page`: where it can be changed.
        created_by: Who gave it.
        reason: Why, in the words of who gave it on the page.
        approver: The group of whom one person may approve what is beyond the limits; None if nobody may.
    """

    grant_id: int
    group: str
    action: str
    limits: Limits
    valid_from: datetime | None
    expires_at: datetime | None
    origin: str
    created_at: datetime
    created_by: str
    reason: str | None
    approver: str | None = None

    def __str__(self) -> str:
        return f"{self.group} → {self.action}"

    def leaves_open(self, current: int | float) -> tuple[int | float | None, int | float | None]:
        """The least and the most that its limits allow from what is there now, None where they set no end.

        The least can be more than the most: then they allow nothing.
        """
        least, most, change = self.limits.min, self.limits.max, self.limits.max_change
        if change is None:
            return least, most
        down, up = current - change, current + change
        return down if least is None else max(least, down), up if most is None else min(most, up)

    @property
    def bounds(self) -> str:
        """What it bounds: "1 to 20; beyond that with the approval of leads"; empty if nothing."""
        beyond = f"beyond that with the approval of {self.approver}" if self.approver is not None else ""
        return "; ".join(filter(None, (limits_in_words(self.limits), beyond)))


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer of the decision function.

    Attributes:
        reason: Which group may, or exactly why not; written to the person who asks.
        grant: What allows it, or what comes closest to allowing it; None if no grant of theirs is about this action.
        synced_at: When the user's directory was last known completely; None if it never was.
        max_age: How old that may be; nothing is allowed from older data. None if no directory knows the user.
        approver: The group of whom one person may approve it, if it is beyond the limits of a grant in force.
    """

    allowed: bool
    reason: str
    user: str
    action: str
    grant: Grant | None
    synced_at: datetime | None
    max_age: timedelta | None
    approver: str | None = None

    @property
    def may_ask(self) -> bool:
        """Whether it makes sense to ask: it is allowed, or somebody may approve it."""
        return self.allowed or self.approver is not None


@dataclass(frozen=True, slots=True)
class Access:
    """What a user may do now: groups, also those through nesting, and the grants in force that they give.

    Attributes:
        is_too_old: Whether the groups were read so long ago that they give nothing.
    """

    user: str
    groups: tuple[str, ...]
    grants: tuple[Grant, ...]
    synced_at: datetime | None
    max_age: timedelta | None
    is_too_old: bool = False


@dataclass(frozen=True, slots=True)
class GroupsSince:
    """The groups that a user was in at a moment, also through nesting, and those of now."""

    then: tuple[str, ...]
    now: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who may do something, and how.

    Attributes:
        path: From the group that the grant names to the one that the person is in directly.
    """

    email: str
    name: str
    grant: Grant
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holders:
    """The people who may do something; the first of them, if there are many."""

    people: tuple[Holder, ...]
    count: int


@dataclass(frozen=True, slots=True)
class GrantChanges:
    """How many grants came and went."""

    added: int
    revoked: int

"""How old the group data is that decisions rest on, and what a reader has to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ops_dashboard.web.components import Link, Node, Note, Time, Tone
from ops_dashboard.web.wording import lasting


class Age(StrEnum):
    """How far group data is from the limit beyond which nothing is decided from it."""

    FRESH = "fresh"
    AGEING = "ageing"
    """At least half of the way."""
    STALE = "stale"
    """Too old, or never read."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Group data as far as its age goes.

    Attributes:
        synced_at: When it was last known completely; None if it never was.
        max_age: Nothing is decided from older data; None if there is no limit, since nothing rests on it.
    """

    synced_at: datetime | None
    max_age: timedelta | None

    def age(self, now: datetime) -> Age:
        """Judge it."""
        if self.synced_at is None:
            return Age.STALE
        if self.max_age is None:
            return Age.FRESH
        share = (now - self.synced_at) / self.max_age
        return Age.STALE if share > 1 else Age.AGEING if share >= 1 / 2 else Age.FRESH

    def warning(self, now: datetime, more: str) -> Note | None:
        """Say what it means for whoever reads a page; nothing while it is fresh.

        Args:
            now: The time of the request.
            more: Address of the page that tells more; empty for none.
        """
        link: Node = (" ", Link("Sources", more)) if more else None
        ask = "Ask your Data Platform team to look at DAG ops_sync_groups."
        if self.synced_at is None:
            return Note(Tone.BAD, f"the company directory has not been read yet. {ask}", link, title="Nobody is known:")
        if self.max_age is None or self.age(now) is Age.FRESH:
            return None
        read, limit = ("group data was last read completely ", Time(self.synced_at)), lasting(self.max_age)
        if self.age(now) is Age.STALE:
            rest = f", and nothing is decided from data older than {limit}. {ask}"
            return Note(Tone.BAD, *read, rest, link, title="Everything is refused:")
        rest = f"; from {limit} on nothing is decided from it, and everything is refused. {ask}"
        return Note(Tone.WARN, *read, rest, link, title="The groups are getting old:")

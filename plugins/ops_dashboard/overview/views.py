"""What every overview tells of a thing, whatever it is."""

from __future__ import annotations

from dataclasses import dataclass

from ops_dashboard.access import Decision
from ops_dashboard.ledger import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One thing of the catalog as one person sees it.

    Attributes:
        decision: Whether the person may act on it; limits are not judged.
        may: The groups that may, those with the narrowest grant first.
        last: The last request that changed it or ran it, or does so now.
    """

    decision: Decision
    may: tuple[str, ...]
    last: Entry | None

    @property
    def under_way(self) -> Entry | None:
        """The request that keeps all others from acting on it now."""
        return self.last if self.last is not None and self.last.is_running else None

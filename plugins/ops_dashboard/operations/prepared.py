"""What all prepared runs have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ops_dashboard.acts import Preview


class PreparedRun(Protocol):
    """A run that only has to be started."""

    @property
    def preview(self) -> Preview:
        """What it will do, complete: two runs with the same preview do the same."""

    @property
    def sha256(self) -> str:
        """Of what runs, whatever it is given: the record keeps it."""

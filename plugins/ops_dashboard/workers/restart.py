"""Restart of a workload's pods."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ops_dashboard.workers.attempts import Attempts

if TYPE_CHECKING:
    from ops_dashboard.workers.api import ClusterApi
    from ops_dashboard.workers.models import Workload


class Restart(Attempts[None]):
    """One restart; sent again it is still the same one, since it writes the same time."""

    def __init__(self, api: ClusterApi, workload: Workload) -> None:
        super().__init__()
        self._api = api
        self._workload = workload
        self._at = datetime.now(UTC)

    def _send(self) -> None:
        self._api.restart(self._workload, self._at)

    def _find_out(self) -> None:
        """It can be sent again whatever is there."""

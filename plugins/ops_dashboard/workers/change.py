"""Compare-and-set of a worker count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops_dashboard.text import shown
from ops_dashboard.workers.attempts import Attempts
from ops_dashboard.workers.errors import ChangedMeanwhileError
from ops_dashboard.workers.models import Change, Scale

if TYPE_CHECKING:
    from ops_dashboard.catalog import Pool
    from ops_dashboard.workers.api import ClusterApi

_MAX = 2**31 - 1  # an int32 in Kubernetes


def check_count(value: object) -> int:
    """Return the value if it can be a worker count.

    Kubernetes itself would take null for 0.

    Raises:
        TypeError: It is no whole number; True and 3.0 are none.
        ValueError: It is out of range.
    """
    expected = f"replicas: {shown(value)} is not a whole number from 0 to {_MAX}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(expected)
    if not 0 <= value <= _MAX:
        raise ValueError(expected)
    return value


class CountChange(Attempts[Scale]):
    """One change of one count.

    It is sent again only if nothing at all has happened to the workload since it was first seen: the same count alone
    could mean that the change took effect and somebody has set it back.
    """

    def __init__(self, api: ClusterApi, pool: Pool, seen: Scale, replicas: int) -> None:
        super().__init__()
        self._api = api
        self._pool = pool
        self._seen = seen
        self._replicas = replicas

    def _send(self) -> Scale:
        return self._api.patch_scale(self._pool, self._operations())

    def _operations(self) -> list[dict[str, object]]:
        # A scale without replicas has no such field: testing it for null holds then, and `add` works where `replace`
        # might not.
        return [
            {"op": "test", "path": "/metadata/uid", "value": self._seen.uid},
            {"op": "test", "path": "/spec/replicas", "value": self._seen.replicas or None},
            {"op": "add", "path": "/spec/replicas", "value": self._replicas},
        ]

    def _find_out(self) -> Scale | None:
        now = self._api.observe(self._pool)
        if (now.uid, now.generation) == (self._seen.uid, self._seen.generation):
            return None
        if self.uncertain and (now.uid, now.desired) == (self._seen.uid, self._replicas):
            return Scale(now.uid, now.desired, now.generation)
        raise ChangedMeanwhileError(self._pool.name, Change(self._seen.replicas, now.desired, now.managers))

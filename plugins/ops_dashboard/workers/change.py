"""Compare-and-set of a worker count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops_dashboard.text import shown
from ops_dashboard.workers.errors import ChangedMeanwhileError, ClusterDownError, ConflictError, RejectedError
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


class CountChange:
    """One change of one count, to be attempted until the cluster answers clearly.

    An answer can get lost after the change took effect. So after a failure the workload is looked at before the change
    is sent again, and it is sent only if nothing at all has happened to the workload since it was first seen: the same
    count alone could mean that the change took effect and somebody has set it back.

    Attributes:
        uncertain: Whether the change may have taken effect although no attempt has succeeded.
    """

    def __init__(self, api: ClusterApi, pool: Pool, seen: Scale, replicas: int) -> None:
        self.uncertain = False
        self._failed = False
        self._api = api
        self._pool = pool
        self._seen = seen
        self._replicas = replicas

    def attempt(self) -> Scale:
        """Try once.

        Raises:
            ChangedMeanwhileError: Somebody else changed the workload.
            ClusterDownError, ConflictError: Another attempt may succeed.
            WorkersError: Another attempt will not help.
        """
        if self._failed and (landed := self._find_out()):
            return landed
        try:
            return self._api.patch_scale(self._pool, self._operations())
        except (ClusterDownError, ConflictError) as error:
            self._failed = True
            self.uncertain |= isinstance(error, ClusterDownError) and error.sent
            raise
        except RejectedError:
            if landed := self._find_out():
                return landed
            raise

    def _operations(self) -> list[dict[str, object]]:
        # A scale without replicas has no such field: testing it for null holds then, and `add` works where `replace`
        # might not.
        return [
            {"op": "test", "path": "/metadata/uid", "value": self._seen.uid},
            {"op": "test", "path": "/spec/replicas", "value": self._seen.replicas or None},
            {"op": "add", "path": "/spec/replicas", "value": self._replicas},
        ]

    def _find_out(self) -> Scale | None:
        """Return the scale if the change has taken effect, None if nothing has happened to the workload."""
        now = self._api.observe(self._pool)
        if (now.uid, now.generation) == (self._seen.uid, self._seen.generation):
            return None
        if self.uncertain and (now.uid, now.desired) == (self._seen.uid, self._replicas):
            return Scale(now.uid, now.desired, now.generation)
        raise ChangedMeanwhileError(self._pool.name, Change(self._seen.replicas, now.desired, now.managers))

"""The state of all pools for the pages: one list call per namespace and kind, shared for some seconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from threading import Condition
from typing import TYPE_CHECKING

from cachetools import TTLCache, cachedmethod

from ops_dashboard.settings import settings
from ops_dashboard.workers import PoolStatus, WorkersError, kubernetes

if TYPE_CHECKING:
    from ops_dashboard.catalog import Pool

_MAX_NAMESPACES = 1000


@dataclass(frozen=True, slots=True)
class Statuses:
    """What was seen, and what could not be.

    Attributes:
        by_pool: Status of each pool that could be read, by pool name.
        problems: Why others could not be, a sentence each.
        seen_at: When the oldest part was read.
    """

    by_pool: Mapping[str, PoolStatus]
    problems: tuple[str, ...]
    seen_at: datetime


class StatusReader:
    """Reads pools through a cache that all requests of this process share.

    Args:
        seconds: How long an answer may be shown again.
    """

    def __init__(self, seconds: float) -> None:
        self._cache: TTLCache[tuple[str, str], Statuses] = TTLCache(_MAX_NAMESPACES, ttl=seconds)
        self._condition = Condition()

    def read(self, pools: Iterable[Pool]) -> Statuses:
        """The pools' status. Give all pools of the catalog: an answer is kept for a whole namespace."""
        grouped: dict[tuple[str, str], list[Pool]] = defaultdict(list)
        for pool in pools:
            grouped[pool.connection, pool.namespace].append(pool)
        parts = [self._read_namespace(*key, members) for key, members in grouped.items()]
        return Statuses(
            by_pool={name: status for part in parts for name, status in part.by_pool.items()},
            problems=tuple(dict.fromkeys(problem for part in parts for problem in part.problems)),
            seen_at=min((part.seen_at for part in parts), default=datetime.now(UTC)),
        )

    def forget(self, pool: Pool) -> None:
        """Ask the cluster again for this pool's namespace: what a person is about to change must not be seconds old."""
        with self._condition:
            self._cache.pop((pool.connection, pool.namespace), None)

    @cachedmethod(
        lambda self: self._cache,
        key=lambda _self, connection, namespace, _pools: (connection, namespace),
        condition=lambda self: self._condition,
    )
    def _read_namespace(self, connection: str, namespace: str, pools: list[Pool]) -> Statuses:
        seen_at = datetime.now(UTC)
        try:
            listed = kubernetes.for_connection(connection).list_status(namespace, pools)
        except WorkersError as error:
            # Kept like an answer: a cluster that is down must not be asked again by every page load.
            return Statuses({}, (str(error),), seen_at)
        return Statuses({status.pool: status for status in listed}, (), seen_at)


@cache
def status_reader() -> StatusReader:
    """The reader of this process."""
    return StatusReader(settings().status_cache_seconds)

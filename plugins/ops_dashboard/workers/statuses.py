"""The state of all pools for those who look: one list call per namespace and kind, shared for some seconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from threading import Condition
from typing import TYPE_CHECKING

from cachetools import TTLCache, cachedmethod

from ops_dashboard.settings import settings
from ops_dashboard.workers import kubernetes
from ops_dashboard.workers.errors import WorkersError
from ops_dashboard.workers.models import PoolStatus

if TYPE_CHECKING:
    from ops_dashboard.catalog import Pool

_MAX_NAMESPACES = 1000
_AT_ONCE = 16


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

    def read(self, pools: Iterable[Pool], since: Mapping[str, datetime] | None = None) -> Statuses:
        """The pools' status. The namespaces are asked at the same time: one that hangs does not add to another.

        Args:
            pools: All pools of the catalog in the namespaces of interest: an answer is kept for a whole namespace.
            since: By pool name, the moment after which it must have been seen: what was just changed, or is about to
                be, must not be told from memory.
        """
        grouped: dict[tuple[str, str], list[Pool]] = defaultdict(list)
        for pool in pools:
            grouped[pool.connection, pool.namespace].append(pool)
            if since and pool.name in since:
                self._forget_before((pool.connection, pool.namespace), since[pool.name])
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            asked = [
                threads.submit(self._read_namespace, connection, namespace, members)
                for (connection, namespace), members in grouped.items()
            ]
        parts = [answer.result() for answer in asked]
        return Statuses(
            by_pool={name: status for part in parts for name, status in part.by_pool.items()},
            problems=tuple(dict.fromkeys(problem for part in parts for problem in part.problems)),
            seen_at=min((part.seen_at for part in parts), default=datetime.now(UTC)),
        )

    def read_beside(self, pool: Pool, pools: Iterable[Pool], since: datetime) -> Statuses:
        """The same for the namespace of one pool, of all the catalog's `pools`; other clusters are not waited for."""
        place = (pool.connection, pool.namespace)
        return self.read([each for each in pools if (each.connection, each.namespace) == place], {pool.name: since})

    def _forget_before(self, key: tuple[str, str], moment: datetime) -> None:
        with self._condition:
            kept = self._cache.get(key)
            if kept is not None and kept.seen_at < moment:
                del self._cache[key]

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

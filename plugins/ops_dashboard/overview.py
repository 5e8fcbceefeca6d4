"""All pools as one person sees them: from the catalog, the access tables, the ledger and the clusters."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ops_dashboard import access, ledger
from ops_dashboard.access import Decision
from ops_dashboard.acts import ScaleRequest
from ops_dashboard.catalog import Pool
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.ledger import Entry
from ops_dashboard.workers import PoolStatus
from ops_dashboard.workers.statuses import status_reader

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class PoolView:
    """One pool.

    Attributes:
        status: None if the cluster could not be read.
        decision: Whether the person may scale it; limits are not judged.
        may: The groups that may, those with the narrowest grant first.
        last: The last request that changed it, or is changing it.
    """

    pool: Pool
    status: PoolStatus | None
    decision: Decision
    may: tuple[str, ...]
    last: Entry | None


@dataclass(frozen=True, slots=True)
class Overview:
    """All pools of the catalog.

    Attributes:
        problems: Why some could not be read, a sentence each.
        seen_at: When the clusters were asked.
    """

    pools: tuple[PoolView, ...]
    problems: tuple[str, ...]
    seen_at: datetime


def read_overview(database: Callable[[], AbstractContextManager[psycopg.Connection[Any]]], user: str) -> Overview:
    """Look at everything for one person.

    Args:
        database: Opens a connection, which is given back before the clusters are asked: a cluster that hangs must not
            use up the connections of everybody.
        user: Airflow's username.

    Raises:
        CatalogError: The catalog has mistakes.
        DatabaseDownError: Nobody's rights can be told.
    """
    pools = current_catalog().pools
    actions = [pool.action for pool in pools.values()]
    with database() as connection:
        decisions = access.decide_all(connection, user, actions)
        groups = access.groups_that_may(connection, actions)
        changes = ledger.last_changes(connection, ScaleRequest.verb, list(pools))
    touched = {name: last_touched(entries[0]) for name, entries in changes.items() if entries}
    statuses = status_reader().read(pools.values(), since=touched)
    views = tuple(
        PoolView(
            pool=pool,
            status=statuses.by_pool.get(pool.name),
            decision=decisions[pool.action],
            may=groups[pool.action],
            last=next(iter(changes[pool.name]), None),
        )
        for pool in pools.values()
    )
    return Overview(views, statuses.problems, statuses.seen_at)


def last_touched(entry: Entry) -> datetime:
    """When the ledger last heard of a request: what was seen of its resource before is out of date."""
    return max(moment for moment in (entry.at, entry.changed_at, entry.finished_at) if moment)

"""All pools as one person sees them: from the catalog, the access tables, the ledger and the clusters."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ops_dashboard import access, ledger
from ops_dashboard.acts import ScaleRequest
from ops_dashboard.catalog import Pool
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.overview.views import View
from ops_dashboard.workers import PoolStatus
from ops_dashboard.workers.statuses import status_reader

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolView(View):
    """One pool.

    Attributes:
        status: None if the cluster could not be read.
    """

    pool: Pool
    status: PoolStatus | None


@dataclass(frozen=True, slots=True)
class PoolsOverview:
    """All pools of the catalog.

    Attributes:
        problems: Why some could not be read, a sentence each.
        seen_at: When the clusters were asked.
    """

    pools: tuple[PoolView, ...]
    problems: tuple[str, ...]
    seen_at: datetime


def read_pools(database: Callable[[], AbstractContextManager[psycopg.Connection[Any]]], user: str) -> PoolsOverview:
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
    touched = {name: entries[0].last_heard for name, entries in changes.items() if entries}
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
    return PoolsOverview(views, statuses.problems, statuses.seen_at)

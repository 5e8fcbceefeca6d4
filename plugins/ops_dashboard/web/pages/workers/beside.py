"""What stands beside the scale form: how the pool is, who answers for it, and who changed it."""

from __future__ import annotations

from datetime import datetime

from ops_dashboard import ledger
from ops_dashboard.acts import ScaleRequest
from ops_dashboard.catalog import Pool
from ops_dashboard.web.components import Column, Empty, Facts, Link, Stacked, Table, Time
from ops_dashboard.web.pages.runs import run_url
from ops_dashboard.web.pages.shared import effect, outcome_badge, person, state_badge
from ops_dashboard.web.request import PageRequest
from ops_dashboard.workers import PoolStatus

_RECENT = 5


def facts(pool: Pool, status: PoolStatus | None, seen_at: datetime) -> Facts:
    """What is known of a pool."""
    return Facts(
        ("State", state_badge(status)),
        ("Ready", f"{status.ready} of {status.desired}" if status else None),
        ("Limits", f"{pool.min} to {pool.max}"),
        ("Owner", pool.owner),
        ("Seen", Time(seen_at)),
    )


def recent_changes(request: PageRequest, pool: Pool) -> Table:
    """The last requests that changed it, with their runs."""
    changes = ledger.last_changes(request.database, ScaleRequest.verb, [pool.name], per_resource=_RECENT)
    rows = [
        (
            Stacked(Link(effect(entry), run_url(request, entry)), entry.reason),
            Stacked(person(entry.actor, request.user.name), Time(entry.at)),
            outcome_badge(entry),
        )
        for entry in changes.get(pool.name, ())
    ]
    columns = (Column("Change", numeric=True), Column("By"), Column("Outcome"))
    return Table(columns, rows, "Recent changes", Empty("Nobody has changed this pool from here yet."))

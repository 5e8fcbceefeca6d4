"""The last changes of a thing, beside the form that changes it again."""

from __future__ import annotations

from ops_dashboard import ledger
from ops_dashboard.web.components import Column, Empty, Link, Stacked, Table, Time
from ops_dashboard.web.pages.runs import run_url
from ops_dashboard.web.pages.shared import effect, outcome_badge, person
from ops_dashboard.web.request import PageRequest

_RECENT = 5


def recent_changes(request: PageRequest, verb: str, resource: str) -> Table:
    """The last requests that changed it, with their runs."""
    changes = ledger.last_changes(request.database, verb, [resource], per_resource=_RECENT)
    rows = [
        (
            Stacked(Link(effect(entry), run_url(request, entry)), entry.reason),
            Stacked(person(entry.actor, request.user.name), Time(entry.at)),
            outcome_badge(entry),
        )
        for entry in changes[resource]
    ]
    columns = (Column("Change", numeric=True), Column("By"), Column("Outcome"))
    return Table(columns, rows, "Recent changes", Empty("Nobody has changed it from here yet."))

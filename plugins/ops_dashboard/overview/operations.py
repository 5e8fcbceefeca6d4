"""All operations as one person sees them: from the catalog, the access tables and the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops_dashboard import access, ledger
from ops_dashboard.acts import RunRequest
from ops_dashboard.catalog import Operation
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.ledger import Entry
from ops_dashboard.overview.views import View

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView(View):
    """One operation.

    Attributes:
        recent: Its last runs that began, newest first.
        running: Those that go on now, newest first.
    """

    operation: Operation
    recent: tuple[Entry, ...]
    running: tuple[Entry, ...]

    @property
    def under_way(self) -> Entry | None:
        """The newest run, if so many go on that another one would be refused, whatever its values are."""
        concurrency = self.operation.concurrency
        is_full = concurrency.per is None and len(self.running) >= concurrency.limit
        return self.running[0] if is_full else None


def read_operations(
    database: Callable[[], AbstractContextManager[psycopg.Connection[Any]]], user: str
) -> tuple[OperationView, ...]:
    """Look at all operations of the catalog for one person, in the order of their names.

    Args:
        database: Opens a connection, which is given back at once.
        user: Airflow's username.

    Raises:
        CatalogError: The catalog has mistakes.
        DatabaseDownError: Nobody's rights can be told.
    """
    found = tuple(current_catalog().operations.values())
    with database() as connection:
        return view_operations(connection, user, found)


def view_operations(
    connection: psycopg.Connection[Any], user: str, operations: Sequence[Operation], recent: int = 1
) -> tuple[OperationView, ...]:
    """Look at some operations for one person, with so many of the last runs of each."""
    actions = [operation.action for operation in operations]
    decisions = access.decide_all(connection, user, actions)
    groups = access.groups_that_may(connection, actions)
    names = [operation.name for operation in operations]
    runs = ledger.last_started(connection, RunRequest.verb, names, per_resource=recent)
    running = ledger.running(connection, RunRequest.verb)
    return tuple(
        OperationView(
            operation=operation,
            decision=decisions[operation.action],
            may=groups[operation.action],
            last=next(iter(runs[operation.name]), None),
            recent=runs[operation.name],
            running=tuple(entry for entry in running if entry.resource == operation.name),
        )
        for operation in operations
    )

"""The groups of whom somebody may approve what others ask for."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

_KEEP = "DELETE FROM ops.operation_approvers WHERE group_name <> ALL(%s)"
_ADD = "INSERT INTO ops.operation_approvers SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING"


def apply_operation_approvers(connection: psycopg.Connection, groups: Collection[str]) -> None:
    """Make known which groups approve the catalog's operations, for the directory's guards.

    Commits, unless the connection is in a transaction already.
    """
    with connection.transaction():
        connection.execute(_KEEP, [list(groups)])
        connection.execute(_ADD, [list(groups)])

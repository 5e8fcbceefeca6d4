"""A snapshot as it is, in temporary tables beside what is known: seen_users, seen_groups, seen_nested.

Nothing of the product's own tables is written here, nor by the comparison that makes further tables from these.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, LiteralString

if TYPE_CHECKING:
    import psycopg

    from ops_dashboard.directory.models import Snapshot

# Enough to compare a million edges. More is not better: a recursive query takes it all at once, for what it may find.
_MEMORY = "SELECT set_config('work_mem', '16MB', true)"

_CREATE_SEEN = """
CREATE TEMP TABLE seen_users (external_id text PRIMARY KEY, email text, name text, active boolean);
CREATE TEMP TABLE seen_groups (external_id text PRIMARY KEY, name text, everyone boolean, problem text);
CREATE TEMP TABLE seen_nested (group_id text, child_id text)
"""
# Fresh tables have no statistics, and a wrong guess at a large directory costs minutes.
_ANALYZE_SEEN = "ANALYZE seen_users (external_id), seen_groups (external_id), seen_nested"

_DROP = """
DROP VIEW IF EXISTS come_members, gone_members;
DROP TABLE IF EXISTS seen_users, seen_groups, seen_nested,
    wanted_users, wanted_groups, wanted_memberships, wanted_nested, gone_users, gone_groups,
    changed_memberships, come_nested, gone_nested, next_containments, looked_back, gone_before
"""


def stage(cursor: psycopg.Cursor[Any], snapshot: Snapshot) -> None:
    """Copy the snapshot into the seen_* tables, in a transaction.

    Raises:
        psycopg.IntegrityError, psycopg.DataError: It names a user or a group twice, or holds what no text can.
    """
    cursor.execute(_MEMORY)
    _copy_seen(cursor, snapshot)


def drop(cursor: psycopg.Cursor[Any]) -> None:
    """Drop these tables and those of the comparison, for another run in the same transaction."""
    cursor.execute(_DROP)


def _copy_seen(cursor: psycopg.Cursor[Any], snapshot: Snapshot) -> None:
    users, groups = snapshot.users.entries, snapshot.groups.entries
    cursor.execute(_CREATE_SEEN)
    copy_rows(
        cursor,
        "COPY seen_users FROM STDIN",
        ((user.external_id, user.email, user.name, user.active) for user in users),
    )
    copy_rows(
        cursor,
        "COPY seen_groups FROM STDIN",
        ((group.external_id, group.name, group.everyone, group.problem) for group in groups),
    )
    copy_rows(
        cursor,
        "COPY seen_nested FROM STDIN",
        ((group.external_id, child) for group in snapshot.readable_groups for child in group.member_groups),
    )
    cursor.execute(_ANALYZE_SEEN)


def copy_rows(cursor: psycopg.Cursor[Any], statement: LiteralString, rows: Iterable[tuple[object, ...]]) -> None:
    """Write rows to where a COPY statement says."""
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)

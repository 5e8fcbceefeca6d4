"""Bring the database's copy of the directory in line with a snapshot: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import sql

from ops_dashboard.directory.models import DirectoryError

if TYPE_CHECKING:
    from ops_dashboard.directory.models import Snapshot

_CREATE_STAGING = """
CREATE TEMP TABLE staged_users (external_id text PRIMARY KEY, email text, name text, active boolean);
CREATE TEMP TABLE staged_groups (external_id text PRIMARY KEY, name text);
CREATE TEMP TABLE staged_members (group_id text, user_id text);
CREATE TEMP TABLE staged_nested (group_id text, child_id text)
"""
_ANALYZE_STAGING = "ANALYZE staged_users, staged_groups, staged_members, staged_nested"
_DROP_STAGING = "DROP TABLE staged_users, staged_groups, staged_members, staged_nested"

_COUNT_LIVE_USERS = "SELECT count(*) FROM ops.users WHERE source = %(source)s AND removed_at IS NULL"

_REMOVE_USERS = """
UPDATE ops.users AS held SET removed_at = clock_timestamp()
 WHERE source = %(source)s AND removed_at IS NULL
   AND NOT EXISTS (SELECT FROM staged_users AS staged WHERE staged.external_id = held.external_id)
"""
_PUT_USERS = """
INSERT INTO ops.users AS held (source, external_id, email, name, active)
SELECT %(source)s, external_id, email, name, active FROM staged_users
    ON CONFLICT (source, external_id) DO UPDATE
   SET email = excluded.email, name = excluded.name, active = excluded.active, removed_at = NULL
 WHERE (held.email, held.name, held.active) <> (excluded.email, excluded.name, excluded.active)
    OR held.removed_at IS NOT NULL
"""

_REMOVE_GROUPS = """
UPDATE ops.groups AS held SET removed_at = clock_timestamp()
 WHERE source = %(source)s AND removed_at IS NULL
   AND NOT EXISTS (SELECT FROM staged_groups AS staged WHERE staged.external_id = held.external_id)
"""
_PUT_GROUPS = """
INSERT INTO ops.groups AS held (source, external_id, name)
SELECT %(source)s, external_id, name FROM staged_groups
    ON CONFLICT (source, external_id) DO UPDATE SET name = excluded.name, removed_at = NULL
 WHERE held.name <> excluded.name OR held.removed_at IS NOT NULL
"""

# The outer joins let a member that the snapshot does not have fail as a missing id, instead of leaving it out.
_SET = sql.SQL("""
WITH wanted AS MATERIALIZED (
    SELECT DISTINCT groups.group_id, members.{id} AS {member_id}
      FROM {staged} AS staged
      LEFT JOIN ops.groups ON groups.source = %(source)s AND groups.external_id = staged.group_id
            AND groups.removed_at IS NULL
      LEFT JOIN {members} AS members ON members.source = %(source)s AND members.external_id = staged.{member_id}
            AND members.removed_at IS NULL
), gone AS (
    DELETE FROM {held} AS held USING ops.groups
     WHERE groups.group_id = held.group_id AND groups.source = %(source)s
       AND NOT EXISTS (
           SELECT FROM wanted WHERE wanted.group_id = held.group_id AND wanted.{member_id} = held.{member_id}
       )
)
INSERT INTO {held} (group_id, {member_id})
SELECT group_id, {member_id} FROM wanted EXCEPT SELECT group_id, {member_id} FROM {held}
""")
_SET_MEMBERS = _SET.format(
    held=sql.Identifier("ops", "direct_members"),
    staged=sql.Identifier("staged_members"),
    member_id=sql.Identifier("user_id"),
    members=sql.Identifier("ops", "users"),
    id=sql.Identifier("user_id"),
)
_SET_NESTED = _SET.format(
    held=sql.Identifier("ops", "nested_groups"),
    staged=sql.Identifier("staged_nested"),
    member_id=sql.Identifier("child_id"),
    members=sql.Identifier("ops", "groups"),
    id=sql.Identifier("group_id"),
)

_PUT_SOURCE = """
INSERT INTO ops.sources (source, applied_at, users, groups, memberships)
SELECT %(source)s, clock_timestamp(), %(users)s, %(groups)s, count(*)
  FROM ops.memberships JOIN ops.groups USING (group_id) WHERE groups.source = %(source)s
    ON CONFLICT (source) DO UPDATE
   SET applied_at = excluded.applied_at, users = excluded.users, groups = excluded.groups,
       memberships = excluded.memberships
"""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a snapshot changed, and how many users and groups there are now.

    Memberships count groups in groups too: one for each person and each group that the person is in.
    """

    users_added: int
    users_removed: int
    memberships_added: int
    memberships_removed: int
    users: int
    groups: int


def apply(connection: psycopg.Connection, snapshot: Snapshot) -> SyncResult:
    """Make the snapshot the truth, in one transaction, changing only what differs.

    Commits, unless the connection is in a transaction already. Readers see the old state until then.

    Raises:
        DirectoryError: The snapshot is empty, or contradicts itself or another source; nothing was changed.
    """
    if not snapshot.users or not snapshot.groups:
        raise DirectoryError(
            f"source {snapshot.source!r} gave {len(snapshot.users)} users and {len(snapshot.groups)} groups;"
            " an empty directory is taken for a failure"
        )
    try:
        with connection.transaction(), connection.cursor() as cursor:
            return _apply(cursor, snapshot)
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        reason = " ".join(filter(None, (error.diag.message_primary, error.diag.message_detail))) or str(error)
        raise DirectoryError(f"source {snapshot.source!r} contradicts itself or another source: {reason}") from error


def _apply(cursor: psycopg.Cursor[Any], snapshot: Snapshot) -> SyncResult:
    values = {"source": snapshot.source, "users": len(snapshot.users), "groups": len(snapshot.groups)}
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('ops.directory', 0))")
    _stage(cursor, snapshot)
    (users_before,) = _row(cursor.execute(_COUNT_LIVE_USERS, values))
    users_removed = cursor.execute(_REMOVE_USERS, values).rowcount
    cursor.execute(_PUT_USERS, values)
    cursor.execute(_REMOVE_GROUPS, values)
    cursor.execute(_PUT_GROUPS, values)
    cursor.execute(_SET_MEMBERS, values)
    cursor.execute(_SET_NESTED, values)
    memberships_added, memberships_removed = _row(cursor.execute("SELECT * FROM ops.close_memberships()"))
    cursor.execute(_PUT_SOURCE, values)
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute(_DROP_STAGING)
    return SyncResult(
        users_added=len(snapshot.users) - (users_before - users_removed),
        users_removed=users_removed,
        memberships_added=memberships_added,
        memberships_removed=memberships_removed,
        users=len(snapshot.users),
        groups=len(snapshot.groups),
    )


def _stage(cursor: psycopg.Cursor[Any], snapshot: Snapshot) -> None:
    cursor.execute(_CREATE_STAGING)
    _copy(
        cursor,
        "COPY staged_users FROM STDIN",
        ((user.external_id, user.email, user.name, user.active) for user in snapshot.users),
    )
    _copy(cursor, "COPY staged_groups FROM STDIN", ((group.external_id, group.name) for group in snapshot.groups))
    _copy(
        cursor,
        "COPY staged_members FROM STDIN",
        ((group.external_id, user) for group in snapshot.groups for user in group.member_users),
    )
    _copy(
        cursor,
        "COPY staged_nested FROM STDIN",
        ((group.external_id, child) for group in snapshot.groups for child in group.member_groups),
    )
    # Fresh tables have no statistics, and a wrong guess at a large directory costs minutes.
    cursor.execute(_ANALYZE_STAGING)


def _copy(cursor: psycopg.Cursor[Any], statement: LiteralString, rows: Iterable[tuple[object, ...]]) -> None:
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _row(cursor: psycopg.Cursor[Any]) -> tuple[int, ...]:
    (row,) = cursor.fetchall()
    return tuple(row)

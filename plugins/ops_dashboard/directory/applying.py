"""Make what is staged the truth, writing only what differs. Readers see the old state until the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

    from ops_dashboard.directory.differences import Differences
    from ops_dashboard.directory.models import Snapshot

# Also who has left: they may be back in an answer that does not say whether they are active.
_SUSPEND = """
WITH suspended AS (
    UPDATE ops.users SET active = false
     WHERE source = %(source)s AND external_id = ANY (%(suspended)s) AND active
    RETURNING email, removed_at
)
SELECT email FROM suspended WHERE removed_at IS NULL
"""

_REMOVE_USERS = """
UPDATE ops.users AS held SET removed_at = %(moment)s FROM gone_users AS gone WHERE gone.user_id = held.user_id
"""
_PUT_USERS = """
INSERT INTO ops.users AS held (user_id, source, external_id, email, name, active)
SELECT user_id, %(source)s, external_id, email, name, active FROM wanted_users WHERE change IS NOT NULL
    ON CONFLICT (source, external_id) DO UPDATE
   SET email = excluded.email, name = excluded.name, active = excluded.active, removed_at = NULL, email_taken = false,
       email_since = CASE WHEN held.email <> excluded.email THEN %(moment)s ELSE held.email_since END
"""
_REMOVE_GROUPS = """
UPDATE ops.groups AS held
   SET removed_at = %(moment)s, problem = NULL, unread_since = NULL, stale_since = NULL
  FROM gone_groups AS gone WHERE gone.group_id = held.group_id
"""
# A group that can't be read was read last when its source was applied last, unless it could not be read then either.
_PUT_GROUPS = """
INSERT INTO ops.groups AS held (group_id, source, external_id, name, everyone, problem, unread_since)
SELECT wanted.group_id, %(source)s, wanted.external_id, wanted.name, wanted.everyone, wanted.problem,
       CASE WHEN wanted.problem IS NOT NULL THEN sources.applied_at END
  FROM wanted_groups AS wanted CROSS JOIN ops.sources
 WHERE sources.source = %(source)s AND wanted.change IS NOT NULL
    ON CONFLICT (source, external_id) DO UPDATE
   SET name = excluded.name, everyone = excluded.everyone, removed_at = NULL, problem = excluded.problem,
       unread_since = CASE WHEN excluded.problem IS NOT NULL
                           THEN coalesce(held.unread_since, excluded.unread_since) END
"""
_PUT_NAMES = """
INSERT INTO ops.group_names AS known (name, group_id)
SELECT name, group_id FROM wanted_groups WHERE change IS NOT NULL
    ON CONFLICT (name) DO UPDATE SET group_id = excluded.group_id WHERE known.group_id <> excluded.group_id
"""
_END_MEMBERSHIPS = """
UPDATE ops.direct_memberships AS live SET valid_to = %(moment)s
  FROM changed_memberships AS changed
 WHERE changed.user_id = live.user_id AND live.valid_to IS NULL
"""
# In the order of the index, which then grows at its end.
_BEGIN_MEMBERSHIPS = """
INSERT INTO ops.direct_memberships (user_id, group_ids, valid_from)
SELECT user_id, new_ids, %(moment)s FROM changed_memberships WHERE new_ids IS NOT NULL ORDER BY user_id
"""
_END_NESTED = """
UPDATE ops.nested_groups AS live SET valid_to = %(moment)s
  FROM gone_nested AS gone
 WHERE gone.group_id = live.group_id AND gone.child_id = live.child_id AND live.valid_to IS NULL
"""
_BEGIN_NESTED = """
INSERT INTO ops.nested_groups (group_id, child_id, valid_from)
SELECT group_id, child_id, %(moment)s FROM come_nested
"""
_END_CONTAINMENTS = """
DELETE FROM ops.containments AS held
 WHERE NOT EXISTS (
       SELECT FROM next_containments AS next WHERE next.inner_id = held.inner_id AND next.group_id = held.group_id)
"""
_BEGIN_CONTAINMENTS = """
INSERT INTO ops.containments (inner_id, group_id)
SELECT inner_id, group_id FROM next_containments EXCEPT SELECT inner_id, group_id FROM ops.containments
"""
_AGE_GROUPS = """
UPDATE ops.groups AS held SET stale_since = inside.oldest
  FROM (SELECT containments.group_id, min(inner_groups.unread_since) AS oldest
          FROM ops.containments JOIN ops.groups AS inner_groups ON inner_groups.group_id = containments.inner_id
         GROUP BY containments.group_id) AS inside
 WHERE inside.group_id = held.group_id AND held.stale_since IS DISTINCT FROM inside.oldest
"""
_PUT_SOURCE = """
UPDATE ops.sources
   SET applied_at = %(read_at)s, origin = %(origin)s, users = %(users)s, groups = %(groups)s,
       memberships = memberships + %(added)s - %(removed)s
 WHERE source = %(source)s
"""

_STEPS = (
    _REMOVE_USERS,
    _PUT_USERS,
    _REMOVE_GROUPS,
    _PUT_GROUPS,
    _PUT_NAMES,
    _END_MEMBERSHIPS,
    _BEGIN_MEMBERSHIPS,
    _END_NESTED,
    _BEGIN_NESTED,
    _END_CONTAINMENTS,
    _BEGIN_CONTAINMENTS,
)


def suspend(cursor: psycopg.Cursor[Any], snapshot: Snapshot) -> list[str]:
    """Suspend at once whom the directory shows as suspended, and return their e-mails.

    That is no guess from an absence, so it needs neither a complete answer nor anybody's consent.
    """
    values = {"source": snapshot.source, "suspended": list(snapshot.suspended_ids)}
    return [email for (email,) in cursor.execute(_SUSPEND, values).fetchall()]


def apply_staged(
    cursor: psycopg.Cursor[Any], source: str, origin: str, differences: Differences, read_at: datetime | None = None
) -> None:
    """Write what `differences` were found in, all as of one moment, and say how old it is.

    Args:
        cursor: In the transaction that has it staged.
        source: The source's name.
        origin: What was read.
        differences: What was found.
        read_at: When it was read, if that was not just now: nothing is younger for having waited.

    Raises:
        psycopg.IntegrityError: It contradicts another source.
    """
    (moment,) = cursor.execute("SELECT clock_timestamp()").fetchall()[0]
    values = {
        "source": source,
        "origin": origin,
        "moment": moment,
        "read_at": read_at or moment,
        "users": differences.users,
        "groups": differences.groups,
        "added": differences.memberships_added,
        "removed": differences.memberships_removed,
    }
    if not differences.nothing:
        for step in _STEPS:
            cursor.execute(step, values)
        cursor.execute(_AGE_GROUPS)
    cursor.execute(_PUT_SOURCE, values)
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

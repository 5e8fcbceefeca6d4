"""What is staged, compared with what is known, in more temporary tables, all of one source.

- wanted_users, wanted_groups, wanted_memberships, wanted_nested: what shall be there, with our ids
- gone_users, gone_groups: who is there and was not seen
- changed_memberships: people with the groups they are in directly and shall be in, where these differ
- come_members, gone_members, come_nested, gone_nested: the same and groups in groups, one by one
- next_containments: what follows from the nested groups that shall be there
- looked_back: since when losses are counted; gone_before: members who were lost between then and now, for good
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, LiteralString

from ops_dashboard.directory.models import DirectoryError
from ops_dashboard.directory.staging import copy_rows
from ops_dashboard.text import shown

if TYPE_CHECKING:
    import psycopg

    from ops_dashboard.directory.models import Snapshot

_WANT_USERS = """
CREATE TEMP TABLE wanted_users AS
SELECT coalesce(held.user_id, nextval('ops.users_user_id_seq')) AS user_id,
       seen.external_id, seen.email, seen.name, coalesce(seen.active, held.active, true) AS active,
       held.email AS old_email, held.email_since,
       CASE WHEN held.user_id IS NULL THEN 'added'
            WHEN held.removed_at IS NOT NULL THEN 'returned'
            WHEN seen.active AND NOT held.active THEN 'reinstated'
            WHEN (held.email, held.name) <> (seen.email, seen.name) OR (held.active AND NOT seen.active)
            THEN 'changed' END AS change
  FROM seen_users AS seen
  LEFT JOIN ops.users AS held ON held.source = %(source)s AND held.external_id = seen.external_id
"""
_FIND_GONE_USERS = """
CREATE TEMP TABLE gone_users AS
SELECT held.user_id, held.external_id, held.email, held.active
  FROM ops.users AS held
 WHERE held.source = %(source)s AND held.removed_at IS NULL
   AND NOT EXISTS (SELECT FROM seen_users AS seen WHERE seen.external_id = held.external_id)
"""

# A group that could not be read keeps what is known of it; if nothing is known, there is nothing to keep.
_WANT_GROUPS = """
CREATE TEMP TABLE wanted_groups AS
SELECT coalesce(held.group_id, nextval('ops.groups_group_id_seq')) AS group_id,
       seen.external_id, seen.problem, held.name AS old_name,
       CASE WHEN seen.problem IS NULL THEN seen.name ELSE held.name END AS name,
       CASE WHEN seen.problem IS NULL THEN seen.everyone ELSE held.everyone END AS everyone,
       CASE WHEN held.group_id IS NULL THEN 'added'
            WHEN held.removed_at IS NOT NULL THEN 'returned'
            WHEN seen.problem IS NULL AND held.name <> seen.name THEN 'renamed'
            WHEN (seen.problem IS NULL AND held.everyone <> seen.everyone) OR held.problem IS DISTINCT FROM seen.problem
            THEN 'changed' END AS change
  FROM seen_groups AS seen
  LEFT JOIN ops.groups AS held ON held.source = %(source)s AND held.external_id = seen.external_id
 WHERE seen.problem IS NULL OR (held.group_id IS NOT NULL AND held.removed_at IS NULL)
"""
_FIND_GONE_GROUPS = """
CREATE TEMP TABLE gone_groups AS
SELECT held.group_id, held.external_id, held.name
  FROM ops.groups AS held
 WHERE held.source = %(source)s AND held.removed_at IS NULL
   AND NOT EXISTS (SELECT FROM seen_groups AS seen WHERE seen.external_id = held.external_id)
"""

_CREATE_MEMBERSHIPS = "CREATE TEMP TABLE wanted_memberships (user_id bigint PRIMARY KEY, group_ids bigint[] NOT NULL)"
_USER_IDS = "SELECT external_id, user_id FROM wanted_users"
_GROUP_IDS = "SELECT external_id, group_id FROM wanted_groups WHERE problem IS NULL"
# Who is in a group that could not be read stays in it, unless they left the directory.
_KEEP_MEMBERSHIPS = """
WITH unread AS MATERIALIZED (
    SELECT array_agg(group_id) AS ids FROM wanted_groups WHERE problem IS NOT NULL
), kept AS (
    SELECT live.user_id, ARRAY(SELECT id FROM unnest(live.group_ids) AS id WHERE id = ANY (unread.ids)) AS ids
      FROM unread JOIN ops.direct_memberships AS live ON live.valid_to IS NULL AND live.group_ids && unread.ids
      JOIN wanted_users USING (user_id)
)
INSERT INTO wanted_memberships AS wanted SELECT user_id, ids FROM kept
    ON CONFLICT (user_id) DO UPDATE
   SET group_ids = ARRAY(SELECT DISTINCT id FROM unnest(wanted.group_ids || excluded.group_ids) AS id ORDER BY id)
"""
# The outer joins let a group that the snapshot does not have fail as a missing id, instead of leaving it out.
_WANT_NESTED = """
CREATE TEMP TABLE wanted_nested (group_id bigint NOT NULL, child_id bigint NOT NULL);
INSERT INTO wanted_nested
SELECT groups.group_id, children.group_id
  FROM seen_nested AS seen
  LEFT JOIN wanted_groups AS groups ON groups.external_id = seen.group_id
  LEFT JOIN wanted_groups AS children ON children.external_id = seen.child_id
 -- A child that could not be read and is not known has no members that could be known.
 WHERE children.group_id IS NOT NULL
    OR NOT EXISTS (SELECT FROM seen_groups WHERE external_id = seen.child_id AND problem IS NOT NULL)
"""
# Only what is joined by: to look at arrays takes long.
_ANALYZE_WANTED = """
ANALYZE wanted_users (user_id, external_id), wanted_groups (group_id, external_id), wanted_memberships (user_id),
    wanted_nested
"""

_FIND_CHANGED_MEMBERSHIPS = """
CREATE TEMP TABLE changed_memberships AS
SELECT user_id, live.group_ids AS old_ids, wanted.group_ids AS new_ids
  FROM wanted_memberships AS wanted
  FULL JOIN (SELECT held.user_id, held.group_ids
               FROM ops.direct_memberships AS held JOIN ops.users USING (user_id)
              WHERE held.valid_to IS NULL AND users.source = %(source)s) AS live USING (user_id)
 WHERE live.group_ids IS DISTINCT FROM wanted.group_ids
"""
_SHOW_COME_MEMBERS = """
CREATE TEMP VIEW come_members AS
SELECT changed.user_id, id AS group_id FROM changed_memberships AS changed CROSS JOIN unnest(changed.new_ids) AS id
 WHERE changed.old_ids IS NULL OR id <> ALL (changed.old_ids)
"""
_SHOW_GONE_MEMBERS = """
CREATE TEMP VIEW gone_members AS
SELECT changed.user_id, id AS group_id FROM changed_memberships AS changed CROSS JOIN unnest(changed.old_ids) AS id
 WHERE changed.new_ids IS NULL OR id <> ALL (changed.new_ids)
"""
_FIND_COME_NESTED = """
CREATE TEMP TABLE come_nested AS
SELECT wanted.group_id, wanted.child_id
  FROM wanted_nested AS wanted
 WHERE NOT EXISTS (
       SELECT FROM ops.nested_groups AS live
        WHERE live.group_id = wanted.group_id AND live.child_id = wanted.child_id AND live.valid_to IS NULL)
"""
_FIND_GONE_NESTED = """
CREATE TEMP TABLE gone_nested AS
SELECT live.group_id, live.child_id
  FROM ops.nested_groups AS live JOIN ops.groups USING (group_id)
 WHERE groups.source = %(source)s AND live.valid_to IS NULL
   AND NOT EXISTS (
       SELECT FROM wanted_nested AS wanted
        WHERE wanted.group_id = live.group_id AND wanted.child_id = live.child_id)
   AND (NOT EXISTS (SELECT FROM wanted_groups AS kept WHERE kept.group_id = live.group_id AND kept.problem IS NOT NULL)
        OR EXISTS (SELECT FROM gone_groups AS gone WHERE gone.group_id = live.child_id))
"""
_CLOSE = """
CREATE TEMP TABLE next_containments AS
WITH RECURSIVE nested AS (
    SELECT group_id, child_id FROM ops.nested_groups WHERE valid_to IS NULL
    EXCEPT SELECT group_id, child_id FROM gone_nested
     UNION SELECT group_id, child_id FROM come_nested
), reach (inner_id, group_id) AS (
    SELECT group_id, group_id FROM ops.groups
     WHERE removed_at IS NULL AND group_id NOT IN (SELECT group_id FROM gone_groups)
     UNION
    SELECT group_id, group_id FROM wanted_groups
     UNION  -- drops what was reached before, so a cycle ends
    SELECT nested.child_id, reach.group_id
      FROM reach JOIN nested ON nested.group_id = reach.inner_id
)
SELECT inner_id, group_id FROM reach
"""
# A day, or from when on a person agreed to what there is; not before there was anything.
_LOOK_BACK = """
CREATE TEMP TABLE looked_back AS
SELECT greatest(clock_timestamp() - interval '24 hours',
                max(decided_at) FILTER (WHERE state = 'applied'),
                min(at) FILTER (WHERE state IN ('applied', 'partial') AND differences IS NOT NULL)) AS since
  FROM ops.sync_runs WHERE source = %(source)s
"""
_FIND_GONE_BEFORE = """
CREATE TEMP TABLE gone_before AS
SELECT past.user_id, id AS group_id
  FROM looked_back
  JOIN ops.direct_memberships AS past ON past.valid_to > looked_back.since AND past.valid_from <= looked_back.since
  JOIN ops.users ON users.user_id = past.user_id AND users.source = %(source)s AND users.active
 CROSS JOIN unnest(past.group_ids) AS id
  LEFT JOIN ops.direct_memberships AS live ON live.user_id = past.user_id AND live.valid_to IS NULL
  LEFT JOIN wanted_memberships AS wanted ON wanted.user_id = past.user_id
 WHERE (id = ANY (live.group_ids)) IS NOT TRUE AND (id = ANY (wanted.group_ids)) IS NOT TRUE
"""
_ANALYZE_CHANGES = "ANALYZE changed_memberships (user_id), gone_users, next_containments"

_ENTRIES: tuple[LiteralString, ...] = (_WANT_USERS, _FIND_GONE_USERS, _WANT_GROUPS, _FIND_GONE_GROUPS)
_EDGES: tuple[LiteralString, ...] = (
    _KEEP_MEMBERSHIPS,
    *_WANT_NESTED.split(";"),
    _ANALYZE_WANTED,
    _FIND_CHANGED_MEMBERSHIPS,
    _SHOW_COME_MEMBERS,
    _SHOW_GONE_MEMBERS,
    _FIND_COME_NESTED,
    _FIND_GONE_NESTED,
    _CLOSE,
    _LOOK_BACK,
    _FIND_GONE_BEFORE,
    _ANALYZE_CHANGES,
)


def compare(cursor: psycopg.Cursor[Any], snapshot: Snapshot) -> None:
    """Make the tables of the comparison from those that are staged and from what is known.

    Raises:
        DirectoryError, psycopg.IntegrityError: The snapshot contradicts itself.
    """
    _run(cursor, _ENTRIES, snapshot.source)
    _copy_memberships(cursor, snapshot)
    _run(cursor, _EDGES, snapshot.source)


def _copy_memberships(cursor: psycopg.Cursor[Any], snapshot: Snapshot) -> None:
    user_ids = dict(cursor.execute(_USER_IDS).fetchall())
    group_ids = dict(cursor.execute(_GROUP_IDS).fetchall())
    cursor.execute(_CREATE_MEMBERSHIPS)
    # As text: psycopg's own arrays take several times as long.
    rows = ((user_ids[user], f"{{{','.join(ids)}}}") for user, ids in _groups_of_users(snapshot, group_ids) if ids)
    copy_rows(cursor, "COPY wanted_memberships FROM STDIN", rows)


def _groups_of_users(snapshot: Snapshot, group_ids: Mapping[str, int]) -> Iterable[tuple[str, list[str]]]:
    """The ids of the groups that each user is in directly, ascending."""
    found: dict[str, list[str]] = {user.external_id: [] for user in snapshot.users.entries}
    for group in sorted(snapshot.readable_groups, key=lambda group: group_ids[group.external_id]):
        group_id = str(group_ids[group.external_id])
        try:
            for user in found if group.everyone else set(group.member_users):
                found[user].append(group_id)
        except KeyError as error:
            problem = f"group {shown(group.name)} has a member who is no user"
            raise DirectoryError(f"{problem}: {shown(error.args[0])}", public=problem) from error
    return found.items()


def _run(cursor: psycopg.Cursor[Any], steps: Sequence[LiteralString], source: str) -> None:
    for step in steps:
        cursor.execute(step, {"source": source} if "%(source)s" in step else None)

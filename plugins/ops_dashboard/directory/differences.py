"""What a staged snapshot would change: counted, with examples for people to read, and a digest of all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import psycopg

MOST_EXAMPLES = 50

_COUNTS = """
SELECT (SELECT count(*) FROM wanted_users) AS users,
       (SELECT count(*) FROM wanted_groups) AS groups,
       (SELECT count(*) FROM ops.users WHERE source = %(source)s AND removed_at IS NULL AND active) AS users_before,
       (SELECT coalesce(sum(cardinality(live.group_ids)), 0)
          FROM ops.direct_memberships AS live JOIN ops.users USING (user_id)
         WHERE users.source = %(source)s AND users.active AND live.valid_to IS NULL) AS memberships_before,
       (SELECT count(*) FROM gone_users WHERE active) AS active_users_gone,
       (SELECT count(*) FROM gone_members JOIN ops.users USING (user_id) WHERE users.active) AS active_memberships_gone,
       changed.came AS memberships_added,
       changed.went AS memberships_removed,
       (SELECT count(*) FROM come_nested) AS nestings_added,
       (SELECT count(*) FROM gone_nested) AS nestings_removed
  FROM (SELECT coalesce(sum(cardinality(new_ids) - stayed), 0) AS came,
               coalesce(sum(cardinality(old_ids) - stayed), 0) AS went
          FROM changed_memberships
         CROSS JOIN LATERAL (SELECT count(*) AS stayed FROM unnest(old_ids) AS id WHERE id = ANY (new_ids)) AS same
       ) AS changed
"""
# (kind, text) of each change to a user or a group.
_CHANGES = """
SELECT 'user_' || change AS kind,
       CASE WHEN old_email <> email THEN old_email || ' → ' || email ELSE email END AS text
  FROM wanted_users WHERE change IS NOT NULL
 UNION ALL
SELECT 'user_removed', email FROM gone_users
 UNION ALL
SELECT 'group_' || change,
       CASE WHEN change = 'renamed' THEN old_name || ' → ' || name
            WHEN problem IS NOT NULL THEN name || ': ' || problem ELSE name END
  FROM wanted_groups WHERE change IS NOT NULL
 UNION ALL
SELECT 'group_removed', name FROM gone_groups
"""
_BY_KIND = f"""
SELECT kind, count(*), (array_agg(text ORDER BY text))[:{MOST_EXAMPLES}] FROM ({_CHANGES}) AS changes GROUP BY kind
"""  # noqa: S608 - constants

# Groups that had people or groups in them, and would have none; the largest first.
_EMPTIED = f"""
WITH losing AS MATERIALIZED (
    SELECT group_id, count(*) AS lost FROM (
        SELECT group_id FROM gone_members UNION ALL SELECT group_id FROM gone_nested) AS gone GROUP BY group_id
)
SELECT wanted.name, losing.lost AS had
  FROM losing JOIN wanted_groups AS wanted USING (group_id)
 WHERE wanted.problem IS NULL
   AND losing.group_id NOT IN (
       SELECT id FROM wanted_memberships AS members CROSS JOIN unnest(members.group_ids) AS id
        WHERE members.group_ids && (SELECT array_agg(group_id) FROM losing))
   AND losing.group_id NOT IN (SELECT group_id FROM wanted_nested)
 ORDER BY losing.lost DESC, wanted.name LIMIT {MOST_EXAMPLES}
"""  # noqa: S608 - a constant

# Who is in the groups that grants name, before and after, for those whose people may have changed. By name, as grants
# name them: a name may pass from one group to another.
_GRANTED = f"""
WITH granted AS (
    SELECT DISTINCT group_name AS name FROM ops.grants
     WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
), holders AS (
    SELECT granted.name, held.group_id AS old_id, wanted.group_id AS new_id,
           wanted.everyone AND NOT held.everyone AS opened
      FROM granted
      LEFT JOIN ops.groups AS held ON held.name = granted.name AND held.removed_at IS NULL
      LEFT JOIN wanted_groups AS wanted ON wanted.name = granted.name
     WHERE held.source IS NULL OR held.source = %(source)s
), touched AS MATERIALIZED (
    SELECT group_id FROM come_members UNION SELECT group_id FROM gone_members
     UNION SELECT group_id FROM come_nested UNION SELECT group_id FROM gone_nested
), affected AS MATERIALIZED (
    SELECT * FROM holders
     WHERE old_id IS DISTINCT FROM new_id
        OR EXISTS (SELECT FROM ops.containments AS inside JOIN touched ON touched.group_id = inside.inner_id
                    WHERE inside.group_id = old_id)
        OR EXISTS (SELECT FROM next_containments AS inside JOIN touched ON touched.group_id = inside.inner_id
                    WHERE inside.group_id = new_id)
), before AS (
    SELECT DISTINCT affected.name, users.user_id, users.email
      FROM affected
      JOIN ops.containments AS inside ON inside.group_id = affected.old_id
      JOIN ops.direct_members AS live ON live.group_id = inside.inner_id
      JOIN ops.users ON users.user_id = live.user_id AND users.active AND users.removed_at IS NULL
), after AS (
    SELECT DISTINCT affected.name, wanted.user_id, wanted.email
      FROM affected
      JOIN next_containments AS inside ON inside.group_id = affected.new_id
      JOIN (SELECT user_id, unnest(group_ids) AS group_id FROM wanted_memberships) AS members
        ON members.group_id = inside.inner_id
      JOIN wanted_users AS wanted ON wanted.user_id = members.user_id AND wanted.active
), compared AS (
    SELECT name, before.user_id IS NOT NULL AS was_in, after.user_id IS NOT NULL AS is_in,
           coalesce(after.email, before.email) AS email
      FROM before FULL JOIN after USING (name, user_id)
)
SELECT name,
       coalesce(bool_or(opened), false) AS opened,
       count(*) FILTER (WHERE was_in) AS had,
       count(*) FILTER (WHERE NOT is_in) AS loses,
       count(*) FILTER (WHERE NOT was_in) AS gains,
       coalesce((array_agg(email ORDER BY email) FILTER (WHERE NOT is_in))[:{MOST_EXAMPLES}], '{{}}')
           AS losers,
       coalesce((array_agg(email ORDER BY email) FILTER (WHERE NOT was_in))[:{MOST_EXAMPLES}], '{{}}') AS gainers
  FROM affected LEFT JOIN compared USING (name)
 GROUP BY name HAVING bool_or(opened) OR count(*) FILTER (WHERE was_in IS DISTINCT FROM is_in) > 0
 ORDER BY name
"""  # noqa: S608 - constants

_DIGEST = """
SELECT encode(sha256(convert_to(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex')
  FROM (
    SELECT jsonb_build_array('origin', %(origin)s::text)::text
     UNION ALL
    SELECT jsonb_build_array('user', change, external_id, email, name, active)::text
      FROM wanted_users WHERE change IS NOT NULL
     UNION ALL
    SELECT jsonb_build_array('user', 'removed', external_id)::text FROM gone_users
     UNION ALL
    SELECT jsonb_build_array('group', change, external_id, name, everyone)::text
      FROM wanted_groups WHERE change IS NOT NULL
     UNION ALL
    SELECT jsonb_build_array('group', 'removed', external_id)::text FROM gone_groups
     UNION ALL
    SELECT jsonb_build_array('member', 'added', groups.external_id, users.external_id)::text
      FROM come_members JOIN wanted_users AS users USING (user_id) JOIN wanted_groups AS groups USING (group_id)
     UNION ALL
    SELECT jsonb_build_array('member', 'removed', group_id, user_id)::text FROM gone_members
     UNION ALL
    SELECT jsonb_build_array('nesting', 'added', groups.external_id, children.external_id)::text
      FROM come_nested JOIN wanted_groups AS groups USING (group_id)
      JOIN wanted_groups AS children ON children.group_id = come_nested.child_id
     UNION ALL
    SELECT jsonb_build_array('nesting', 'removed', group_id, child_id)::text FROM gone_nested
  ) AS lines (line)
"""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Change(_Model):
    """Users or groups to which the same happens.

    Attributes:
        kind: `user_` or `group_` with added, returned, changed, removed, reinstated, renamed.
        examples: The first of them by name.
    """

    kind: str
    count: int
    examples: tuple[str, ...]


class EmptiedGroup(_Model):
    """A group that had so many people and groups in it, and is left without any."""

    name: str
    had: int


class GrantedGroup(_Model):
    """A group that a grant in force names, and who is in it, directly or through groups in it.

    Attributes:
        opened: Everybody in the directory becomes a member.
        losers, gainers: The first of those who leave and come, by e-mail.
    """

    name: str
    opened: bool
    had: int
    loses: int
    gains: int
    losers: tuple[str, ...]
    gainers: tuple[str, ...]


class Differences(_Model):
    """What a snapshot changes. Memberships are the direct ones; the counts "before" are of active people."""

    users: int
    groups: int
    users_before: int
    memberships_before: int
    active_users_gone: int
    active_memberships_gone: int
    memberships_added: int
    memberships_removed: int
    nestings_added: int
    nestings_removed: int
    changes: tuple[Change, ...]
    emptied: tuple[EmptiedGroup, ...]
    granted: tuple[GrantedGroup, ...]

    @property
    def nothing(self) -> bool:
        """Whether everything is as it was."""
        edges = (self.memberships_added, self.memberships_removed, self.nestings_added, self.nestings_removed)
        return not self.changes and not any(edges)

    def count(self, kind: str) -> int:
        """How many users or groups there are of a kind of change."""
        return next((change.count for change in self.changes if change.kind == kind), 0)


def find_differences(cursor: psycopg.Cursor[Any], source: str) -> Differences:
    """Count what is staged."""
    values = {"source": source}
    counts = _rows(cursor, _COUNTS, values)[0]
    by_kind = cursor.execute(_BY_KIND).fetchall()
    return Differences(
        **counts,
        changes=tuple(Change(kind=kind, count=count, examples=tuple(texts)) for kind, count, texts in sorted(by_kind)),
        emptied=tuple(EmptiedGroup(name=name, had=had) for name, had in cursor.execute(_EMPTIED).fetchall()),
        granted=tuple(GrantedGroup.model_validate(row) for row in _rows(cursor, _GRANTED, values)),
    )


def find_digest(cursor: psycopg.Cursor[Any], origin: str) -> str:
    """Return the SHA-256, in hexadecimal, of everything that is staged to change, and of where it was read."""
    (digest,) = cursor.execute(_DIGEST, {"origin": origin}).fetchall()[0]
    return str(digest)


def _rows(cursor: psycopg.Cursor[Any], query: str, values: Mapping[str, object]) -> list[dict[str, Any]]:
    return cursor.connection.cursor(row_factory=dict_row).execute(query, values).fetchall()

"""What a staged snapshot would change: counted, with examples for people to read, and a digest of all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict

from ops_dashboard.directory.granted import GRANTED_GROUPS, GRANTS_OF, MOST_EXAMPLES, PASSED_EMAILS

if TYPE_CHECKING:
    import psycopg

_COUNTS = """
SELECT (SELECT count(*) FROM wanted_users) AS users,
       (SELECT count(*) FROM wanted_groups) AS groups,
       (SELECT count(*) FROM ops.users WHERE source = %(source)s AND removed_at IS NULL AND active) AS users_before,
       (SELECT coalesce(sum(cardinality(live.group_ids)), 0)
          FROM ops.direct_memberships AS live JOIN ops.users USING (user_id)
         WHERE users.source = %(source)s AND users.active AND live.valid_to IS NULL) AS memberships_before,
       (SELECT count(*) FROM gone_users WHERE active) AS active_users_gone,
       (SELECT count(*) FROM gone_members JOIN ops.users USING (user_id) WHERE users.active) AS active_memberships_gone,
       (SELECT count(*) FROM wanted_users AS wanted CROSS JOIN looked_back
         WHERE wanted.active
           AND (wanted.email <> wanted.old_email
                OR (wanted.change = 'reinstated' AND wanted.email_since > looked_back.since))) AS emails_changed,
       (SELECT count(*) FROM ops.users CROSS JOIN looked_back
         WHERE users.source = %(source)s AND users.active AND users.removed_at > looked_back.since
           AND NOT EXISTS (SELECT FROM wanted_users AS wanted WHERE wanted.user_id = users.user_id)
       ) AS users_gone_before,
       (SELECT count(*) FROM ops.users CROSS JOIN looked_back
          JOIN wanted_users AS wanted USING (user_id)
         WHERE users.source = %(source)s AND users.active AND users.removed_at IS NULL
           AND users.email_since > looked_back.since AND wanted.email = users.email) AS emails_changed_before,
       (SELECT count(*) FROM gone_before) AS memberships_gone_before,
       first.users AS users_then, first.memberships AS memberships_then,
       changed.came AS memberships_added,
       changed.went AS memberships_removed,
       (SELECT count(*) FROM come_nested) AS nestings_added,
       (SELECT count(*) FROM gone_nested) AS nestings_removed
  FROM (SELECT coalesce(sum(cardinality(new_ids) - stayed), 0) AS came,
               coalesce(sum(cardinality(old_ids) - stayed), 0) AS went
          FROM changed_memberships
         CROSS JOIN LATERAL (SELECT count(*) AS stayed FROM unnest(old_ids) AS id WHERE id = ANY (new_ids)) AS same
       ) AS changed
  LEFT JOIN (SELECT (differences ->> 'users_before')::int, (differences ->> 'memberships_before')::int
               FROM ops.sync_runs CROSS JOIN looked_back
              WHERE source = %(source)s AND at > looked_back.since AND differences IS NOT NULL ORDER BY sync_id LIMIT 1
            ) AS first (users, memberships) ON true
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
WITH changes AS MATERIALIZED ({_CHANGES})
SELECT kind, count(*),
       ARRAY(SELECT text FROM changes WHERE kind = kinds.kind ORDER BY text LIMIT {MOST_EXAMPLES})
  FROM changes AS kinds GROUP BY kind
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
        opened: Everybody in the directory becomes a member, directly or through a group in it.
        passes: The name was another group's before.
        lost_before, gained_before: How many more left and came since a day ago, or since a person agreed to it last.
        losers, gainers: The first of those who leave and come, by e-mail.
    """

    name: str
    opened: bool
    had: int
    loses: int
    gains: int
    passes: bool = False
    lost_before: int = 0
    gained_before: int = 0
    losers: tuple[str, ...]
    gainers: tuple[str, ...]


class Differences(_Model):
    """What a snapshot changes. Memberships are the direct ones.

    Attributes:
        users_before, memberships_before: Of active people, now.
        emails_changed: Of people who will be active and were known, now or once: the old address decides for them no
            more, and the new one does. Whoever was suspended meanwhile is back with another.
        emails_passed: Those of them that were somebody else's until now, if one of the two is in a granted group.
        emails_passed_in: The first of these groups.
        grants: Numbers of the grants that name these groups and those that follow.
        users_gone_before, emails_changed_before, memberships_gone_before: How many more were lost since a day ago, or
            since a person agreed to it last.
        users_then, memberships_then: Of active people, at the first sync in that time; None if this is it.
    """

    users: int
    groups: int
    users_before: int
    memberships_before: int
    active_users_gone: int
    active_memberships_gone: int
    emails_changed: int = 0
    emails_passed: int = 0
    emails_passed_in: tuple[str, ...] = ()
    grants: tuple[int, ...] = ()
    users_gone_before: int = 0
    emails_changed_before: int = 0
    memberships_gone_before: int = 0
    users_then: int | None = None
    memberships_then: int | None = None
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
    granted = tuple(map(GrantedGroup.model_validate, _rows(cursor, GRANTED_GROUPS, values)))
    passed = _rows(cursor, PASSED_EMAILS, values)[0]
    concerned = [*(each.name for each in granted), *passed["emails_passed_in"]]
    (grants,) = cursor.execute(GRANTS_OF, {"groups": concerned}).fetchall()[0]
    return Differences(
        **counts,
        **passed,
        grants=grants,
        changes=tuple(Change(kind=kind, count=count, examples=tuple(texts)) for kind, count, texts in sorted(by_kind)),
        emptied=tuple(EmptiedGroup(name=name, had=had) for name, had in cursor.execute(_EMPTIED).fetchall()),
        granted=granted,
    )


def find_digest(cursor: psycopg.Cursor[Any], origin: str) -> str:
    """Return the SHA-256, in hexadecimal, of everything that is staged to change, and of where it was read."""
    (digest,) = cursor.execute(_DIGEST, {"origin": origin}).fetchall()[0]
    return str(digest)


def _rows(cursor: psycopg.Cursor[Any], query: str, values: Mapping[str, object]) -> list[dict[str, Any]]:
    return cursor.connection.cursor(row_factory=dict_row).execute(query, values).fetchall()

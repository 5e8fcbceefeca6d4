"""Why somebody may or may not: their groups and grants, and the people who may do something."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import dict_row

from ops_dashboard.access.decisions import decide
from ops_dashboard.access.models import Access, Decision, Grant, GroupsSince, Holder, Holders
from ops_dashboard.access.rows import GRANT_COLUMNS, grant_of

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

MOST_PEOPLE = 200

_GROUPS_THAT_MAY = """
SELECT asked.action, ARRAY(SELECT ops.groups_that_may(asked.action)) FROM unnest(%s::text[]) AS asked (action)
"""
_PERSON = """
SELECT ops.groups_of(users.user_id, clock_timestamp(), sources.max_age),
       users.active AND NOT users.email_taken, sources.applied_at, sources.max_age,
       coalesce(clock_timestamp() - sources.applied_at > sources.max_age, true)
  FROM ops.users JOIN ops.sources USING (source)
 WHERE users.email = ops.email_of(%s) AND users.removed_at IS NULL
"""
_ANY_SYNC = "SELECT max(applied_at) FROM ops.sources"
_GRANTS_OF = f"""
SELECT {GRANT_COLUMNS} FROM ops.grants_in_force AS held
 WHERE held.group_name = ANY(%s) ORDER BY held.group_name, held.action, held.grant_id
"""  # noqa: S608 - a constant
_GRANTS_FOR = f"""
SELECT {GRANT_COLUMNS}
  FROM ops.users JOIN ops.sources USING (source)
  JOIN ops.grants_in_force AS held
    ON held.group_name = ANY (ops.groups_of(users.user_id, clock_timestamp(), sources.max_age))
 WHERE users.email = ops.email_of(%(user)s) AND users.removed_at IS NULL AND %(action)s LIKE held.pattern
 ORDER BY held.grant_id
"""  # noqa: S608 - a constant

# Who may: the narrowest grant first, as somebody who asks for help would.
_HOLDERS = f"""
SELECT DISTINCT ON (users.email) users.email, users.name, groups.group_id, direct.group_id AS direct_id,
       {GRANT_COLUMNS}
  FROM ops.grants_in_force AS held
  JOIN ops.groups ON groups.name = held.group_name AND groups.removed_at IS NULL
  JOIN ops.containments AS inside ON inside.group_id = groups.group_id
  JOIN ops.direct_members AS direct ON direct.group_id = inside.inner_id
  JOIN ops.users ON users.user_id = direct.user_id AND users.active AND NOT users.email_taken
   AND users.removed_at IS NULL
  JOIN ops.sources ON sources.source = users.source AND clock_timestamp() - sources.applied_at <= sources.max_age
   AND coalesce(clock_timestamp() - groups.stale_since <= sources.max_age, true)
 WHERE held.anchor = ANY (ops.possible_anchors(%(action)s)) AND %(action)s LIKE held.pattern
 ORDER BY users.email, length(replace(held.action, '*', '')) DESC, held.grant_id
"""  # noqa: S608 - a constant
_COUNTED = f"""
WITH holders AS MATERIALIZED ({_HOLDERS})
SELECT *, (SELECT count(*) FROM holders) AS people FROM holders
 ORDER BY length(replace(granted, '*', '')) DESC, email LIMIT {MOST_PEOPLE}
"""  # noqa: S608 - constants
_WAYS_INTO = """
SELECT groups.group_id, direct.group_id
  FROM ops.users
  JOIN ops.direct_members AS direct USING (user_id)
  JOIN ops.containments AS inside ON inside.inner_id = direct.group_id
  JOIN ops.groups ON groups.group_id = inside.group_id AND groups.removed_at IS NULL
 WHERE users.email = ops.email_of(%(user)s) AND users.removed_at IS NULL AND groups.name = ANY (%(groups)s)
 ORDER BY 1, 2
"""
_NESTING = """
SELECT nested.group_id, nested.child_id
  FROM ops.containments AS inside
  JOIN ops.nested_groups AS nested ON nested.group_id = inside.inner_id AND nested.valid_to IS NULL
 WHERE inside.group_id = ANY (%s) ORDER BY 1, 2
"""
# By the names that the groups have now; of what is removed, the last.
_GROUPS_AT = """
SELECT ARRAY(SELECT DISTINCT groups.name FROM ops.groups_at(users.user_id, %(moment)s) AS at (group_id)
               JOIN ops.groups USING (group_id) ORDER BY groups.name),
       ARRAY(SELECT DISTINCT groups.name FROM ops.groups_at(users.user_id, clock_timestamp()) AS at (group_id)
               JOIN ops.groups USING (group_id) ORDER BY groups.name)
  FROM ops.users WHERE users.email = ops.email_of(%(user)s) AND users.removed_at IS NULL
"""
_NAMES = "SELECT group_id, name FROM ops.groups WHERE group_id = ANY (%s)"


def describe(connection: psycopg.Connection, user: str) -> Access:
    """Say what the user may do at all; nothing for somebody unknown or suspended, or if their groups are too old."""
    row = connection.execute(_PERSON, [user]).fetchone()
    if row is None:
        (synced_at,) = connection.execute(_ANY_SYNC).fetchall()[0]
        return Access(user, (), (), synced_at, None)
    groups, active, synced_at, max_age, is_too_old = row
    held = sorted(groups) if active else []
    counting = [] if is_too_old else held
    grants = connection.cursor(row_factory=dict_row).execute(_GRANTS_OF, [counting]).fetchall()
    return Access(user, tuple(held), tuple(map(grant_of, grants)), synced_at, max_age, is_too_old=is_too_old)


def grants_for(connection: psycopg.Connection, user: str, action: str) -> tuple[Grant, ...]:
    """Return the grants in force that give the user this right, each within limits of its own.

    Whether the user may do anything at all now is not judged here.
    """
    rows = connection.cursor(row_factory=dict_row).execute(_GRANTS_FOR, {"user": user, "action": action})
    return tuple(map(grant_of, rows))


def groups_since(connection: psycopg.Connection, user: str, moment: datetime) -> GroupsSince:
    """Compare the groups that a user was in at a moment, by what was known then, with those of now."""
    then, now = connection.execute(_GROUPS_AT, {"user": user, "moment": moment}).fetchone() or ((), ())
    return GroupsSince(tuple(then), tuple(now))


def groups_that_may(connection: psycopg.Connection, actions: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Name, for each action, the groups that may do it now, those with the narrowest grant first: the people to ask."""
    rows = connection.execute(_GROUPS_THAT_MAY, [list(actions)])
    return {action: tuple(groups) for action, groups in rows}


def people_who_may(connection: psycopg.Connection, action: str) -> Holders:
    """Name the people who may do it now, each by the narrowest grant and the shortest way into its group.

    Limits are not judged here.
    """
    rows = connection.cursor(row_factory=dict_row).execute(_COUNTED, {"action": action}).fetchall()
    tops = {row["group_id"] for row in rows}
    inside = _children(connection, sorted(tops))
    bottoms = {row["direct_id"] for row in rows}
    names = _names_of(connection, tops | bottoms | {child for children in inside.values() for child in children})
    people = (
        Holder(
            row["email"],
            row["name"],
            grant_of(row),
            tuple(names[group] for group in _shortest_path(row["group_id"], row["direct_id"], inside)),
        )
        for row in rows
    )
    return Holders(tuple(people), rows[0]["people"] if rows else 0)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and all that it rests on.

    Attributes:
        path: How the person is in the group of the grant that decided; empty if none did.
        holders: The people who may do it, this one included if they may.
    """

    decision: Decision
    path: tuple[str, ...]
    holders: Holders


def explain(connection: psycopg.Connection, user: str, action: str) -> Explanation:
    """Say whether the user may do it, through which groups, and who may. Limits are not judged."""
    decision = decide(connection, user, action)
    grant = decision.grant
    path = paths_into(connection, user, [grant.group]).get(grant.group, ()) if grant else ()
    return Explanation(decision, path, people_who_may(connection, action))


def paths_into(connection: psycopg.Connection, user: str, groups: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Name, for each of the groups that a user is in, the shortest way from it to one that they are in directly."""
    ways = connection.execute(_WAYS_INTO, {"user": user, "groups": list(groups)}).fetchall()
    tops = {top for top, _ in ways}
    inside = _children(connection, sorted(tops))
    shortest: dict[int, list[int]] = {}
    for top, direct in ways:
        path = _shortest_path(top, direct, inside)
        if top not in shortest or len(path) < len(shortest[top]):
            shortest[top] = path
    names = _names_of(connection, {group_id for path in shortest.values() for group_id in path})
    return {names[top]: tuple(names[group_id] for group_id in path) for top, path in shortest.items()}


def _children(connection: psycopg.Connection, tops: list[int]) -> dict[int, list[int]]:
    children: dict[int, list[int]] = defaultdict(list)
    for group_id, child_id in connection.execute(_NESTING, [tops]):
        if child_id not in children[group_id]:
            children[group_id].append(child_id)
    return children


def _names_of(connection: psycopg.Connection, group_ids: set[int]) -> dict[int, str]:
    return dict(connection.execute(_NAMES, [sorted(group_ids)]).fetchall())


def _shortest_path(top: int, bottom: int, children: Mapping[int, Sequence[int]]) -> list[int]:
    """The groups from `top` down to `bottom`, which is in it; breadth first, so cycles do no harm.

    Just the two if there is no way: a sync may commit after the one was read and before the other.
    """
    came_from = {top: top}
    waiting = deque([top])
    while waiting and bottom not in came_from:
        group = waiting.popleft()
        for child in children.get(group, ()):
            if child not in came_from:
                came_from[child] = group
                waiting.append(child)
    if bottom not in came_from:
        return [top, bottom]
    path = [bottom]
    while path[-1] != top:
        path.append(came_from[path[-1]])
    return path[::-1]

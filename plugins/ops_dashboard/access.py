"""Who may do what: ask the database's decision function, explain, and bring the catalog's grants in.

The rules themselves live in one place, the SQL function `ops.decide`. A `user` is Airflow's username; it stands for
the live directory user with that e-mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row, scalar_row

from ops_dashboard.catalog import Limits

if TYPE_CHECKING:
    import psycopg

    from ops_dashboard.catalog import CatalogGrant

_GRANT_COLUMNS = """held.grant_id, held.group_name, held.action AS granted, held.min_value, held.max_value,
       held.max_change, held.valid_from, held.expires_at, held.origin"""

_DECIDE = f"""
SELECT asked.action, decision.allowed, decision.reason, decision.synced_at, {_GRANT_COLUMNS}
  FROM unnest(%(actions)s::text[]) AS asked (action)
 CROSS JOIN LATERAL ops.decide(%(user)s, asked.action, %(requested)s::numeric, %(current)s::numeric) AS decision
  LEFT JOIN ops.grants AS held USING (grant_id)
"""  # noqa: S608 - a constant

_GROUPS_THAT_MAY = """
SELECT asked.action, ARRAY(SELECT ops.groups_that_may(asked.action)) FROM unnest(%s::text[]) AS asked (action)
"""
_GROUPS_OF = """
SELECT groups.name
  FROM ops.users JOIN ops.memberships USING (user_id) JOIN ops.groups USING (group_id)
 WHERE users.email = lower(%(user)s) AND users.removed_at IS NULL AND users.active
 ORDER BY groups.name
"""
_GRANTS_OF = f"""
SELECT {_GRANT_COLUMNS} FROM ops.grants_in_force AS held
 WHERE held.group_name = ANY(%(groups)s) ORDER BY held.group_name, held.action, held.grant_id
"""  # noqa: S608 - a constant
_SYNCED_AT = """
SELECT coalesce(max(applied_at) FILTER (WHERE source = (
           SELECT source FROM ops.users WHERE email = lower(%(user)s) AND removed_at IS NULL)), max(applied_at))
  FROM ops.sources
"""

_LIVE_CATALOG_GRANTS = """
SELECT group_name, action, min_value, max_value, max_change, valid_from, expires_at, grant_id
  FROM ops.grants WHERE origin = 'catalog' AND revoked_at IS NULL
"""
_ADD_CATALOG_GRANT = """
INSERT INTO ops.grants (group_name, action, min_value, max_value, max_change, valid_from, expires_at, origin)
VALUES (%s, %s, %s, %s, %s, %s, %s, 'catalog')
"""
_REVOKE_CATALOG_GRANTS = """
UPDATE ops.grants SET revoked_at = clock_timestamp(), revoked_by = 'catalog' WHERE grant_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """A group's right to do what an action pattern covers, within limits, from `valid_from` until `expires_at`.

    Attributes:
        origin: `catalog` or `page`: where it can be changed.
    """

    grant_id: int
    group: str
    action: str
    limits: Limits
    valid_from: datetime | None
    expires_at: datetime | None
    origin: str

    def __str__(self) -> str:
        return f"{self.group} → {self.action}"


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer of the decision function.

    Attributes:
        reason: Which group may, or exactly why not; written to the person who asks.
        grant: What allows it, or what comes closest to allowing it; None if no grant of theirs is about this action.
        synced_at: When the user's directory was last applied; None if none ever was.
    """

    allowed: bool
    reason: str
    user: str
    action: str
    grant: Grant | None
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class Access:
    """What a user may do now: groups, also those through nesting, and the grants in force that they give."""

    user: str
    groups: tuple[str, ...]
    grants: tuple[Grant, ...]
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class GrantChanges:
    """How many grants came and went."""

    added: int
    revoked: int


def decide(
    connection: psycopg.Connection, user: str, action: str, requested: int | None = None, current: int | None = None
) -> Decision:
    """Say whether the user may do it now, by the database's clock.

    Args:
        connection: Its transaction sees what is committed now.
        user: Airflow's username.
        action: Verb and resource, such as `scale:ads/bidder`.
        requested: The value asked for; without it no limit is judged.
        current: The value that is there; without it the size of the change is not judged.
    """
    return _decide(connection, user, [action], requested, current)[action]


def decide_all(connection: psycopg.Connection, user: str, actions: Sequence[str]) -> dict[str, Decision]:
    """Judge many actions in one round trip, without values: limits are not judged."""
    return _decide(connection, user, actions, None, None)


def describe(connection: psycopg.Connection, user: str) -> Access:
    """Say what the user may do at all; nothing for somebody unknown or suspended."""
    groups = connection.cursor(row_factory=scalar_row).execute(_GROUPS_OF, {"user": user}).fetchall()
    grants = connection.cursor(row_factory=dict_row).execute(_GRANTS_OF, {"groups": groups}).fetchall()
    synced_at = connection.cursor(row_factory=scalar_row).execute(_SYNCED_AT, {"user": user}).fetchone()
    return Access(user, tuple(groups), tuple(map(_grant, grants)), synced_at)


def groups_that_may(connection: psycopg.Connection, actions: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Name, for each action, the groups that may do it now, those with the narrowest grant first: the people to ask."""
    rows = connection.execute(_GROUPS_THAT_MAY, [list(actions)])
    return {action: tuple(groups) for action, groups in rows}


def apply_catalog_grants(connection: psycopg.Connection, grants: Sequence[CatalogGrant]) -> GrantChanges:
    """Make the catalog's grants those that live with origin `catalog`: add what is new, revoke what is gone.

    Commits, unless the connection is in a transaction already.
    """
    wanted = {_key(grant) for grant in grants}
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('ops.grants', 0))")
        live = {tuple(row): grant_id for *row, grant_id in cursor.execute(_LIVE_CATALOG_GRANTS)}
        added = sorted(wanted - live.keys(), key=repr)
        revoked = [live[key] for key in live.keys() - wanted]
        cursor.executemany(_ADD_CATALOG_GRANT, added)
        cursor.execute(_REVOKE_CATALOG_GRANTS, [revoked])
    return GrantChanges(added=len(added), revoked=len(revoked))


def _decide(
    connection: psycopg.Connection, user: str, actions: Sequence[str], requested: int | None, current: int | None
) -> dict[str, Decision]:
    values = {"user": user, "actions": list(actions), "requested": requested, "current": current}
    rows = connection.cursor(row_factory=dict_row).execute(_DECIDE, values)
    return {
        row["action"]: Decision(
            allowed=row["allowed"],
            reason=row["reason"],
            user=user,
            action=row["action"],
            grant=_grant(row) if row["grant_id"] is not None else None,
            synced_at=row["synced_at"],
        )
        for row in rows
    }


def _grant(row: dict[str, Any]) -> Grant:
    return Grant(
        grant_id=row["grant_id"],
        group=row["group_name"],
        action=row["granted"],
        limits=Limits(min=row["min_value"], max=row["max_value"], max_change=row["max_change"]),
        valid_from=row["valid_from"],
        expires_at=row["expires_at"],
        origin=row["origin"],
    )


def _key(grant: CatalogGrant) -> tuple[object, ...]:
    limits = grant.limits
    return (
        grant.group,
        grant.action,
        limits.min,
        limits.max,
        limits.max_change,
        grant.valid_from,
        grant.expires_at,
    )

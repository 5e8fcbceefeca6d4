"""Grants come and go: those that the catalog declares, and those given on the page. None is ever edited."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg.rows import dict_row

from ops_dashboard.access.models import Grant, GrantChanges
from ops_dashboard.access.rows import GRANT_COLUMNS, grant_of
from ops_dashboard.catalog import Limits

if TYPE_CHECKING:
    import psycopg

    from ops_dashboard.catalog import CatalogGrant

_FEWEST_HELD = 3
_WAIT = "SET LOCAL lock_timeout = '1min'"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('ops.grants', 0))"
_LIVE_CATALOG_GRANTS = """
SELECT group_name, action, min_value, max_value, max_change, valid_from, expires_at, approver, grant_id,
       coalesce(expires_at > clock_timestamp(), true)
  FROM ops.grants WHERE origin = 'catalog' AND revoked_at IS NULL
"""
_ADD = """
INSERT INTO ops.grants
       (group_name, action, min_value, max_value, max_change, valid_from, expires_at, approver, origin, created_by,
        reason)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
RETURNING grant_id
"""
_REVOKE = """
UPDATE ops.grants SET revoked_at = clock_timestamp(), revoked_by = %s WHERE grant_id = ANY(%s) AND revoked_at IS NULL
"""
_LIVE = f"""
SELECT {GRANT_COLUMNS} FROM ops.grants AS held
 WHERE held.revoked_at IS NULL AND (held.expires_at IS NULL OR held.expires_at > clock_timestamp())
   AND (%(group)s::text IS NULL OR held.group_name = %(group)s)
   AND (%(action)s::text IS NULL OR held.action = %(action)s)
 ORDER BY held.group_name, held.action, held.grant_id
"""  # noqa: S608 - a constant
_ONE = f"""
SELECT {GRANT_COLUMNS} FROM ops.grants AS held
 WHERE held.grant_id = %s AND held.revoked_at IS NULL
   AND (held.expires_at IS NULL OR held.expires_at > clock_timestamp())
"""  # noqa: S608 - a constant
_ACTIONS = """
SELECT DISTINCT action FROM ops.grants
 WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
"""
_GROUP_NAMES = "SELECT name FROM ops.groups WHERE removed_at IS NULL ORDER BY name"


class MassRevocationError(Exception):
    """The catalog lacks so many of the grants it had that it may not be the whole catalog; nothing was changed."""


def apply_catalog_grants(
    connection: psycopg.Connection, grants: Sequence[CatalogGrant], *, confirmed: bool = False
) -> GrantChanges:
    """Make the catalog's grants those that live with origin `catalog`: add what is new, revoke what is gone.

    Commits, unless the connection is in a transaction already.

    Args:
        connection: To the product's database.
        grants: All that the catalog declares.
        confirmed: Whether a person knows that most of those it declared before are to go.

    Raises:
        MassRevocationError: Most would go, and nobody has confirmed it.
    """
    wanted = {_key(grant) for grant in grants}
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_WAIT)
        cursor.execute(_LOCK)
        found = [(tuple(key), grant_id, lasts) for *key, grant_id, lasts in cursor.execute(_LIVE_CATALOG_GRANTS)]
        live = {key: grant_id for key, grant_id, _ in found}
        if not confirmed:
            _refuse_mass_revocation([key for key, _, lasts in found if lasts], wanted)
        added = sorted(wanted - live.keys(), key=repr)
        revoked = [live[key] for key in live.keys() - wanted]
        cursor.executemany(_ADD, [(*key, "catalog", "catalog", None) for key in added])
        cursor.execute(_REVOKE, ["catalog", revoked])
    return GrantChanges(added=len(added), revoked=len(revoked))


def give_grant(
    connection: psycopg.Connection,
    group: str,
    action: str,
    limits: Limits,
    expires_at: datetime | None,
    *,
    by: str,
    reason: str,
) -> int:
    """Give a grant that is in force at once, and return its number. Commits."""
    row = (group, action, limits.min, limits.max, limits.max_change, None, expires_at, None, "page", by, reason)
    with connection.transaction():
        (grant_id,) = connection.execute(_ADD, row).fetchall()[0]
    return int(grant_id)


def revoke_grant(connection: psycopg.Connection, grant_id: int, *, by: str) -> bool:
    """Revoke a grant for good and say whether it was in force until now. Commits."""
    with connection.transaction():
        return connection.execute(_REVOKE, [by, [grant_id]]).rowcount == 1


def live_grants(
    connection: psycopg.Connection, *, group: str | None = None, action: str | None = None
) -> tuple[Grant, ...]:
    """Return the grants that are in force or will be, by group and action: all, or those of a group or a pattern."""
    rows = connection.cursor(row_factory=dict_row).execute(_LIVE, {"group": group, "action": action})
    return tuple(map(grant_of, rows))


def find_grant(connection: psycopg.Connection, grant_id: int) -> Grant | None:
    """Return the grant with that number, if it is in force or will be."""
    row = connection.cursor(row_factory=dict_row).execute(_ONE, [grant_id]).fetchone()
    return grant_of(row) if row is not None else None


def granted_actions(connection: psycopg.Connection) -> set[str]:
    """Return the action patterns of all grants that are in force or will be."""
    return {action for (action,) in connection.execute(_ACTIONS)}


def group_names(connection: psycopg.Connection) -> tuple[str, ...]:
    """Return the names of the directory's groups."""
    return tuple(name for (name,) in connection.execute(_GROUP_NAMES))


def _refuse_mass_revocation(live: Collection[tuple[object, ...]], wanted: Collection[tuple[object, ...]]) -> None:
    """Grants that come back with other terms are not gone; nor does anybody miss those that have expired."""
    kept = {key[:2] for key in wanted}
    gone = sum(key[:2] not in kept for key in live)
    if gone >= _FEWEST_HELD and gone > len(live) / 2:
        raise MassRevocationError(f"{gone} of the {len(live)} grants that the catalog has declared would be revoked")


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
        grant.approver,
    )

"""Ask the database's decision function, the one place where a right is judged."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from psycopg.rows import dict_row

from ops_dashboard.access.models import Decision
from ops_dashboard.access.rows import GRANT_COLUMNS, grant_of

if TYPE_CHECKING:
    import psycopg

    from ops_dashboard.ledger import Value

# The decision's own reason has the name that a grant's has.
_DECIDE = f"""
SELECT asked.action AS asked, decision.allowed, decision.reason AS why, decision.synced_at, decision.max_age,
       -- A grant in force that does not allow it is one whose limits are exceeded.
       NOT decision.allowed AND coalesce(held.valid_from <= clock_timestamp(), true)
           AND coalesce(held.expires_at > clock_timestamp(), true) AS is_limited, {GRANT_COLUMNS}
  FROM unnest(%(actions)s::text[]) AS asked (action)
 CROSS JOIN LATERAL ops.decide(%(user)s, asked.action, %(requested)s::numeric, %(current)s::numeric) AS decision
  LEFT JOIN ops.grants AS held USING (grant_id)
"""  # noqa: S608 - a constant
_WHY_NOT_MEMBER = """
SELECT CASE WHEN NOT users.active THEN 'whose account is suspended'
            WHEN users.email_taken THEN 'whose e-mail is somebody else''s by now'
            WHEN coalesce(clock_timestamp() - sources.applied_at > sources.max_age, true)
            THEN 'of whom only outdated data is known'
            WHEN %(group)s <> ALL (ops.groups_of(users.user_id, clock_timestamp(), sources.max_age))
            THEN 'who is not in ' || %(group)s END
  FROM ops.users JOIN ops.sources USING (source)
 WHERE users.email = ops.email_of(%(user)s) AND users.removed_at IS NULL
"""


def amount(value: Value) -> Decimal:
    """Return a value as limits judge it. What is no number is NaN, which PostgreSQL finds beyond every limit."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Decimal(repr(value)) if is_number else Decimal("NaN")


def decide(
    connection: psycopg.Connection,
    user: str,
    action: str,
    requested: Decimal | int | None = None,
    current: Decimal | int | None = None,
) -> Decision:
    """Say whether the user may do it now, by the database's clock.

    Args:
        connection: Its transaction sees what is committed now.
        user: Airflow's username.
        action: Verb and resource, such as `scale:ads/bidder`.
        requested: The `amount` asked for; as long as it is not known, no limit is judged.
        current: The `amount` that is there; as long as it is not known, the size of the change is not judged.
    """
    return _decide(connection, user, [action], requested, current)[action]


def why_not_member(connection: psycopg.Connection, user: str, group: str) -> str | None:
    """Say why somebody does not count as one of a group now ("who is not in ads-oncall"); None if they do."""
    row = connection.execute(_WHY_NOT_MEMBER, {"user": user, "group": group}).fetchone()
    return row[0] if row is not None else "whom the company directory does not know"


def decide_all(connection: psycopg.Connection, user: str, actions: Sequence[str]) -> dict[str, Decision]:
    """Judge many actions in one round trip, without values: limits are not judged."""
    return _decide(connection, user, actions, None, None)


def _decide(
    connection: psycopg.Connection,
    user: str,
    actions: Sequence[str],
    requested: Decimal | int | None,
    current: Decimal | int | None,
) -> dict[str, Decision]:
    values = {"user": user, "actions": list(actions), "requested": requested, "current": current}
    rows = connection.cursor(row_factory=dict_row).execute(_DECIDE, values)
    return {
        row["asked"]: Decision(
            allowed=row["allowed"],
            reason=row["why"],
            user=user,
            action=row["asked"],
            grant=grant_of(row) if row["grant_id"] is not None else None,
            synced_at=row["synced_at"],
            max_age=row["max_age"],
            approver=row["approver"] if row["is_limited"] else None,
        )
        for row in rows
    }

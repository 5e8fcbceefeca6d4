"""How a grant is read from the database."""

from __future__ import annotations

from typing import Any

from ops_dashboard.access.models import Grant
from ops_dashboard.catalog import Limits

GRANT_COLUMNS = """held.grant_id, held.group_name, held.action AS granted, held.min_value, held.max_value,
       held.max_change, held.valid_from, held.expires_at, held.origin, held.created_at, held.created_by, held.reason,
       held.approver"""


def grant_of(row: dict[str, Any]) -> Grant:
    """Return the grant in a row that has GRANT_COLUMNS."""
    return Grant(
        grant_id=row["grant_id"],
        group=row["group_name"],
        action=row["granted"],
        limits=Limits(min=row["min_value"], max=row["max_value"], max_change=row["max_change"]),
        valid_from=row["valid_from"],
        expires_at=row["expires_at"],
        origin=row["origin"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        reason=row["reason"],
        approver=row["approver"],
    )

"""Who may do what: decide, explain, and give or revoke grants.

The rules themselves live in one place, the SQL function `ops.decide`. A `user` is Airflow's username; it stands for
the live directory user with that e-mail.
"""

from __future__ import annotations

from ops_dashboard.access.approvers import apply_operation_approvers
from ops_dashboard.access.decisions import amount, decide, decide_all, why_not_member
from ops_dashboard.access.explaining import (
    MOST_PEOPLE,
    Explanation,
    describe,
    explain,
    grants_for,
    groups_since,
    groups_that_may,
    paths_into,
)
from ops_dashboard.access.grants import (
    MassRevocationError,
    apply_catalog_grants,
    find_grant,
    give_grant,
    granted_actions,
    group_names,
    live_grants,
    revoke_grant,
)
from ops_dashboard.access.models import Access, Decision, Grant, GrantChanges, GroupsSince, Holder, Holders
from ops_dashboard.access.people import is_same_person

__all__ = [
    "MOST_PEOPLE",
    "Access",
    "Decision",
    "Explanation",
    "Grant",
    "GrantChanges",
    "GroupsSince",
    "Holder",
    "Holders",
    "MassRevocationError",
    "amount",
    "apply_catalog_grants",
    "apply_operation_approvers",
    "decide",
    "decide_all",
    "describe",
    "explain",
    "find_grant",
    "give_grant",
    "granted_actions",
    "grants_for",
    "group_names",
    "groups_since",
    "groups_that_may",
    "is_same_person",
    "live_grants",
    "paths_into",
    "revoke_grant",
    "why_not_member",
]

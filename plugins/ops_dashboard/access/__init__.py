"""Who may do what: decide, explain, and give or revoke grants.

The rules themselves live in one place, the SQL function `ops.decide`. A `user` is Airflow's username; it stands for
the live directory user with that e-mail.
"""

from __future__ import annotations

from ops_dashboard.access.decisions import decide, decide_all, why_not_member
from ops_dashboard.access.explaining import describe, groups_that_may, path_into, paths_into, people_who_may
from ops_dashboard.access.grants import (
    apply_catalog_grants,
    approver_groups,
    give_grant,
    granted_actions,
    group_names,
    live_grants,
    revoke_grant,
)
from ops_dashboard.access.models import Access, Decision, Grant, GrantChanges, Holder, Holders

__all__ = [
    "Access",
    "Decision",
    "Grant",
    "GrantChanges",
    "Holder",
    "Holders",
    "apply_catalog_grants",
    "approver_groups",
    "decide",
    "decide_all",
    "describe",
    "give_grant",
    "granted_actions",
    "group_names",
    "groups_that_may",
    "live_grants",
    "path_into",
    "paths_into",
    "people_who_may",
    "revoke_grant",
    "why_not_member",
]

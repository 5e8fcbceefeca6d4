"""The smallest Airflow role with which a person can use the product."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ROLE = "Ops"

_PERMISSIONS = (
    ("can_read", "DAG Runs"),
    ("can_read", "Task Instances"),
    ("can_read", "Task Logs"),
    ("can_read", "Plugins"),
    ("can_read", "Website"),
    ("menu_access", "DAGs"),
    # To answer a request that takes a second person; whether an answer counts is decided in the task.
    ("can_read", "HITL Detail"),
    ("can_edit", "HITL Detail"),
)

DAG_PERMISSIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"DAGs": frozenset({"can_read", "can_edit"}), "DAG Runs": frozenset({"can_read", "can_create"})}
)
"""What the role may do with a DAG that carries out requests, as the DAG itself declares it.

Triggering a DAG takes `can_edit` on the DAG and `can_create` on its runs; what a person may then do with it is decided
in the task. Nothing here allows to clear, patch or delete a run.
"""


def ensure_role() -> None:
    """Create the role in Airflow's metadata database, or add what an older version lacked.

    Permissions that somebody added by hand stay: the role's owner is the company, not this product.
    """
    from airflow.providers.fab.www.security_appless import ApplessAirflowSecurityManager
    from airflow.utils.session import create_session

    with create_session() as session:
        ApplessAirflowSecurityManager(session=session).bulk_sync_roles([{"role": ROLE, "perms": list(_PERMISSIONS)}])

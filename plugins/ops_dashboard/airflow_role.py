"""The smallest Airflow role with which a person can use the product."""

from __future__ import annotations

from ops_dashboard.acts import REQUESTS

ROLE = "Ops"
OPERABLE_DAGS = tuple(REQUESTS)

# Triggering a DAG takes `can_edit` on the DAG and `can_create` on its runs; what a person may then do with it is
# decided in the task. Nothing here allows to clear, patch or delete a run.
_GLOBAL_PERMISSIONS = (
    ("can_read", "DAG Runs"),
    ("can_read", "Task Instances"),
    ("can_read", "Task Logs"),
    ("can_read", "Plugins"),
    ("can_read", "Website"),
    ("menu_access", "DAGs"),
)
_DAG_PERMISSIONS = (
    ("can_read", "DAG:{dag_id}"),
    ("can_edit", "DAG:{dag_id}"),
    ("can_read", "DAG Run:{dag_id}"),
    ("can_create", "DAG Run:{dag_id}"),
)


def permissions() -> tuple[tuple[str, str], ...]:
    """All (action, resource) pairs of the role, in Airflow's FAB vocabulary."""
    per_dag = (
        (action, resource.format(dag_id=dag_id)) for dag_id in OPERABLE_DAGS for action, resource in _DAG_PERMISSIONS
    )
    return (*_GLOBAL_PERMISSIONS, *per_dag)


def ensure_role() -> None:
    """Create the role in Airflow's metadata database, or add what an older version lacked.

    Permissions that somebody added by hand stay: the role's owner is the company, not this product.
    """
    from airflow.providers.fab.www.security_appless import ApplessAirflowSecurityManager
    from airflow.utils.session import create_session

    with create_session() as session:
        ApplessAirflowSecurityManager(session=session).bulk_sync_roles([{"role": ROLE, "perms": list(permissions())}])

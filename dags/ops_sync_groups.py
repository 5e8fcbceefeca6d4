"""Copy the company directories' users and groups, and the catalog's grants, into the access tables.

Trigger it with `dry_run` to see what would change; the page Access, Sources shows it.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param

from ops_dashboard.directory import SYNC_DAG_ID
from ops_dashboard.settings import settings
from ops_operators.sync import SyncCatalogGrantsOperator, SyncDirectoryOperator

with DAG(
    dag_id=SYNC_DAG_ID,
    schedule=timedelta(minutes=10),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    # One run at a time: what hangs would keep all later ones from knowing who has left.
    dagrun_timeout=timedelta(hours=1),
    # What a person has to look at fails at once; tried again is what could not start, or ended with its worker.
    default_args={"execution_timeout": timedelta(minutes=30), "retries": 2, "retry_delay": timedelta(minutes=1)},
    tags=["ops"],
    doc_md=__doc__,
    params={
        "dry_run": Param(
            default=False,
            type="boolean",
            title="Dry run",
            description="only tell what would change",
        ),
        "confirm_grants": Param(
            default=False,
            type="boolean",
            title="Confirm grants",
            description="revoke grants that the catalog no longer declares even if these are most of them",
        ),
    },
) as dag:
    for connection_id in settings().directory_connection_ids:
        SyncDirectoryOperator(task_id=f"sync_{connection_id}", connection_id=connection_id)
    SyncCatalogGrantsOperator(task_id="sync_catalog_grants")

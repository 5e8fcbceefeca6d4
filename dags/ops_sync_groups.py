"""Copy the company directory's users and groups, and the catalog's grants, into the access tables."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from ops_operators.sync import SyncCatalogGrantsOperator, SyncDirectoryOperator

with DAG(
    dag_id="ops_sync_groups",
    schedule=timedelta(minutes=10),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["ops"],
    doc_md=__doc__,
) as dag:
    SyncDirectoryOperator(task_id="sync_directory")
    SyncCatalogGrantsOperator(task_id="sync_catalog_grants")

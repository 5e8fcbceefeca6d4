"""Run the catalog's operations: for each of them a DAG ops_run_<name>.

Airflow looks for DAGs only in files in which both words occur: Airflow and DAG.
"""

from __future__ import annotations

from ops_dashboard.catalog.current import current_catalog
from ops_operators.operations import operation_dag

for operation in current_catalog().operations.values():
    dag = operation_dag(operation)
    globals()[dag.dag_id] = dag

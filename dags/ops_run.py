"""Run the catalog's operations: a DAG for each, ops_run_<name>."""

from __future__ import annotations

from ops_dashboard.catalog.current import current_catalog
from ops_operators.operations import operation_dag

for operation in current_catalog().operations.values():
    dag = operation_dag(operation)
    globals()[dag.dag_id] = dag

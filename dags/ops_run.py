"""Run the catalog's operations: for each of them a DAG ops_run_<name>.

Airflow looks for DAGs only in files in which both words occur: Airflow and DAG.
"""

from __future__ import annotations

from ops_operators.operations import declared_operations, operation_dag

for operation in declared_operations():
    dag = operation_dag(operation)
    globals()[dag.dag_id] = dag

"""Cancel a running operation: from the page of its run, this DAG's trigger form, or the REST API."""

from __future__ import annotations

from airflow.sdk import Param

from ops_dashboard.acts import CANCEL_RUN_DAG_ID
from ops_operators.cancelling import CancelRunOperator
from ops_operators.dags import request_dag

PARAMS = {
    "operation": Param(type="string", title="Operation", minLength=1, description="such as purge-cache"),
    "run_id": Param(type="string", title="Run", minLength=1, description="the id of a run of DAG ops_run_<operation>"),
}

with request_dag(CANCEL_RUN_DAG_ID, __doc__, PARAMS) as dag:
    CancelRunOperator(task_id="cancel")

"""Scale a pool of workers: from the Workers page, this DAG's trigger form, or the REST API."""

from __future__ import annotations

from airflow.sdk import Param

from ops_dashboard.acts import SCALE_DAG_ID
from ops_operators.dags import request_dag, suggestions
from ops_operators.scale import ScaleWorkersOperator

# Airflow fails to hand a larger number to the task, which then can't put it on record.
_LARGEST = 2**63 - 1

PARAMS = {
    "pool": Param(
        type="string",
        title="Pool",
        description="team/role",
        examples=suggestions(lambda catalog: catalog.pools),
    ),
    "replicas": Param(
        type="integer", title="Workers", minimum=0, maximum=_LARGEST, description="how many there shall be"
    ),
    "expected": Param(
        default=None,
        type=["null", "integer"],
        minimum=-_LARGEST,
        maximum=_LARGEST,
        title="Workers you saw",
        description="optional: the act is refused if the count is another by now",
    ),
}

with request_dag(SCALE_DAG_ID, __doc__, PARAMS) as dag:
    ScaleWorkersOperator(task_id="scale")

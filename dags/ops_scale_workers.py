"""Scale a pool of workers: from the Workers page, this DAG's trigger form, or the REST API."""

from __future__ import annotations

from airflow.sdk import DAG, Param
from airflow.utils.types import DagRunType

from ops_dashboard.acts import SCALE_DAG_ID
from ops_dashboard.catalog.current import current_catalog
from ops_operators.scale import ScaleWorkersOperator

with DAG(
    dag_id=SCALE_DAG_ID,
    schedule=None,
    catchup=False,
    is_paused_upon_creation=False,
    # Any number of people at a time: what must not overlap is decided per pool, by the operator's lock.
    max_active_runs=1000,
    max_active_tasks=1000,
    # Another DAG's run or a backfill would act in the name of whoever triggered that.
    allowed_run_types=[DagRunType.MANUAL],  # type: ignore[list-item] # the public enum, which the SDK converts
    tags=["ops"],
    doc_md=__doc__,
    params={
        "pool": Param(
            type="string",
            title="Pool",
            description="team/role",
            examples=list(current_catalog().pools),
        ),
        "replicas": Param(type="integer", title="Workers", minimum=0, description="how many there shall be"),
        "reason": Param(type="string", title="Reason", minLength=1, description="kept with the record"),
        "expected": Param(
            default=None,
            type=["null", "integer"],
            title="Workers you saw",
            description="optional: the act is refused if the count is another by now",
        ),
    },
) as dag:
    ScaleWorkersOperator(task_id="scale")

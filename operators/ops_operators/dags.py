"""What the DAGs that carry out requests have in common."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping

from airflow.exceptions import RemovedInAirflow4Warning
from airflow.sdk import DAG, Param
from airflow.utils.types import DagRunType

from ops_dashboard.airflow_role import DAG_PERMISSIONS, ROLE


def request_dag(dag_id: str, doc: str | None, params: Mapping[str, Param], tags: Iterable[str] = ()) -> DAG:
    """Return a DAG whose runs are people's requests, one each, carried out at once and side by side.

    Args:
        dag_id: Its id.
        doc: What it does, for the people who look at it in Airflow.
        params: What the trigger form asks for. The task checks all values again, more strictly.
        tags: Words that people find it by, beside "ops".
    """
    with warnings.catch_warnings():
        # `access_control` is to go in Airflow 4; until then only it lets a DAG that is new be used without an
        # administrator.
        warnings.simplefilter("ignore", RemovedInAirflow4Warning)
        return _dag(dag_id, doc, params, tags)


def _dag(dag_id: str, doc: str | None, params: Mapping[str, Param], tags: Iterable[str]) -> DAG:
    return DAG(
        dag_id=dag_id,
        schedule=None,
        catchup=False,
        is_paused_upon_creation=False,
        # Any number of people at a time: what must not overlap is decided per resource, by the operator's lock.
        max_active_runs=1000,
        max_active_tasks=1000,
        # Another DAG's run or a backfill would act in the name of whoever triggered that.
        allowed_run_types=[DagRunType.MANUAL],  # type: ignore[list-item] # the public enum, which the SDK converts
        tags=["ops", *tags],
        access_control={ROLE: {resource: set(actions) for resource, actions in DAG_PERMISSIONS.items()}},
        doc_md=doc,
        params=dict(params),
    )

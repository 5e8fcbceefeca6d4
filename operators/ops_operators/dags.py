"""What the DAGs that carry out requests have in common."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from airflow.sdk import DAG, Param
from airflow.sdk.exceptions import RemovedInAirflow4Warning
from airflow.utils.types import DagRunType

from ops_dashboard.acts import MAX_REASON
from ops_dashboard.airflow_role import DAG_PERMISSIONS, ROLE
from ops_dashboard.catalog import Catalog, CatalogError
from ops_dashboard.catalog.current import current_catalog


def suggestions(names: Callable[[Catalog], Iterable[str]]) -> list[str]:
    """Return names from the catalog for the trigger form to suggest.

    None while the catalog has mistakes: the DAG must stay there, or who asks for a run gets no record of its refusal.
    """
    with suppress(CatalogError):
        return list(names(current_catalog()))
    return []


def request_dag(dag_id: str, doc: str | None, params: Mapping[str, Param], tags: Iterable[str] = ()) -> DAG:
    """Return a DAG whose runs are people's requests, one each, carried out at once and side by side.

    Args:
        dag_id: Its id.
        doc: What it does, for the people who look at it in Airflow.
        params: What the trigger form asks for beside the reason. The task checks all values again, more strictly.
        tags: Words that people find it by, beside "ops".
    """
    with warnings.catch_warnings():
        # `access_control` is to go in Airflow 4; until then only it lets a DAG that is new be used without an
        # administrator.
        warnings.simplefilter("ignore", RemovedInAirflow4Warning)
        return _dag(dag_id, doc, params, tags)


def _dag(dag_id: str, doc: str | None, params: Mapping[str, Param], tags: Iterable[str]) -> DAG:
    reason = Param(type="string", title="Reason", minLength=1, maxLength=MAX_REASON, description="kept with the record")
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
        params={**params, "reason": reason},
    )

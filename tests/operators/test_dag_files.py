"""The DAG files: what their trigger forms accept, and that they stay there when the catalog has mistakes."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import psycopg
import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from demo.environment import REPOSITORY
from ops_dashboard.acts import MAX_REASON, REQUESTS, SCALE_DAG_ID
from ops_dashboard.directory import SYNC_DAG_ID
from ops_dashboard.ledger import Outcome
from tests.support.acting import Run, perform, records


def dag_of(dag_id: str) -> DAG:
    dag: DAG = runpy.run_path(str(REPOSITORY / "dags" / f"{dag_id}.py"))["dag"]
    return dag


@pytest.fixture
def broken_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pools.yaml").write_text("pools: [")
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(tmp_path))


@pytest.mark.parametrize("dag_id", REQUESTS)
def test_a_form_takes_a_reason_that_the_record_can_keep(dag_id: str) -> None:
    reason = dag_of(dag_id).params.get_param("reason")
    assert (reason.schema["minLength"], reason.schema["maxLength"]) == (1, MAX_REASON)


def test_the_scale_form_suggests_the_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(REPOSITORY / "dags" / "catalog"))
    assert "ads/bidder" in dag_of(SCALE_DAG_ID).params.get_param("pool").schema["examples"]


def test_a_sync_that_hangs_does_not_keep_later_ones_from_running() -> None:
    dag = dag_of(SYNC_DAG_ID)
    assert dag.max_active_runs == 1
    assert dag.dagrun_timeout is not None
    assert len(dag.tasks) > 1
    for task in dag.tasks:
        assert task.execution_timeout is not None
        assert task.execution_timeout < dag.dagrun_timeout


def test_a_sync_that_could_not_start_is_tried_again() -> None:
    """As an executor tells of it: it cannot know that nothing is wrong with the task."""
    assert all(task.retries for task in dag_of(SYNC_DAG_ID).tasks)


def test_an_act_is_never_tried_again() -> None:
    assert not any(task.retries for dag_id in REQUESTS for task in dag_of(dag_id).tasks)


@pytest.mark.usefixtures("broken_catalog")
@pytest.mark.parametrize("dag_id", REQUESTS)
def test_a_mistake_in_the_catalog_takes_no_dag_away(dag_id: str) -> None:
    assert dag_of(dag_id).dag_id == dag_id


def test_a_mistake_elsewhere_takes_no_operation_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(REPOSITORY / "dags" / "catalog", tmp_path, dirs_exist_ok=True)
    (tmp_path / "broken.yaml").write_text("pools: {ads/x: 7}")
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(tmp_path))
    found = runpy.run_path(str(REPOSITORY / "dags" / "ops_run.py"))
    assert {"ops_run_rebuild-report", "ops_run_purge-cache", "ops_run_repair-orders"} <= found.keys()


def test_a_run_asked_for_while_the_catalog_has_mistakes_is_refused_on_record(
    at_work: psycopg.Connection, broken_catalog: None
) -> None:
    run = Run({"pool": "ads/bidder", "replicas": 9, "reason": "backlog"})
    with pytest.raises(AirflowFailException, match="the catalog has mistakes"):
        perform(dag_of(SCALE_DAG_ID).get_task("scale"), run)  # type: ignore[arg-type]
    (record,) = records(at_work, run)
    assert record.outcome is Outcome.REFUSED
    assert "the catalog has mistakes, so nothing can be operated" in str(record.message)

"""The scale operator from the run's conf to the cluster and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import yaml
from airflow.sdk.exceptions import AirflowFailException

from ops_dashboard.catalog import Pool, WorkloadKind
from ops_dashboard.ledger import Entry, Outcome
from ops_operators.scale import ScaleWorkersOperator
from tests.support.acting import Run, perform, records
from tests.support.clusters.place import Place, eventually

KINDS = [WorkloadKind.DEPLOYMENT, WorkloadKind.STATEFUL_SET]
DeclaresPool = Callable[[Pool], None]


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeclaresPool:
    """Make a catalog with one pool, ads/bidder."""
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(tmp_path))

    def write(pool: Pool) -> None:
        entry = {
            "connection": pool.connection,
            "namespace": pool.namespace,
            "kind": str(pool.kind),
            "name": pool.workload,
            "min": 0,
            "max": 40,
            "owner": "Tests",
        }
        (tmp_path / "pools.yaml").write_text(yaml.safe_dump({"pools": {"ads/bidder": entry}}))

    return write


def operator(rollout_timeout: float = 60, patience: float = 1) -> ScaleWorkersOperator:
    return ScaleWorkersOperator(
        task_id="scale", rollout_timeout=timedelta(seconds=rollout_timeout), patience=timedelta(seconds=patience)
    )


def asking(replicas: int, expected: int | None = None) -> Run:
    return Run({"pool": "ads/bidder", "replicas": replicas, "reason": "test", "expected": expected})


def failing(run: Run, scale: ScaleWorkersOperator, connection: psycopg.Connection) -> Entry:
    """Perform what must fail, and return its record."""
    with pytest.raises(AirflowFailException):
        perform(scale, run)
    (record,) = records(connection, run)
    return record


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("before", "after"), [(2, 4), (4, 1), (0, 2), (2, 0), (3, 3)])
def test_a_count_is_set_watched_and_recorded(
    place: Place,
    at_work: psycopg.Connection,
    declare: DeclaresPool,
    kind: WorkloadKind,
    before: int,
    after: int,
) -> None:
    pool = place.create(kind, before)
    declare(pool)
    place.until_ready(pool, before)
    run = asking(after, expected=before)
    assert perform(operator(), run) == {"before": before, "after": after, "ready": after}
    (record,) = records(at_work, run)
    assert (record.outcome, record.before, record.after, record.ready) == (Outcome.SUCCEEDED, before, after, after)
    assert place.workload(pool)["spec"]["replicas"] == after


@pytest.mark.parametrize(
    ("behaviour", "cpu", "words"),
    [("image", "1m", "pull"), ("crash", "1m", "crash"), (None, "900", "nsufficient cpu")],
    ids=["image", "crash", "unschedulable"],
)
def test_workers_that_can_not_start_fail_the_run_with_the_cause(
    place: Place,
    at_work: psycopg.Connection,
    declare: DeclaresPool,
    behaviour: str | None,
    cpu: str,
    words: str,
) -> None:
    pool = place.create(WorkloadKind.DEPLOYMENT, 0, behaviour=behaviour, cpu=cpu)
    declare(pool)
    record = failing(asking(2), operator(), at_work)
    assert (record.outcome, record.before, record.after, record.ready) == (Outcome.FAILED, 0, 2, 0)
    assert words in str(record.message)


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_quota_fails_the_run_with_the_cause(
    place: Place, at_work: psycopg.Connection, declare: DeclaresPool, kind: WorkloadKind
) -> None:
    place.limit_pods(3)
    pool = place.create(kind, 3)
    declare(pool)
    place.until_ready(pool, 3)
    record = failing(asking(6), operator(), at_work)
    assert (record.outcome, record.after, record.ready) == (Outcome.FAILED, 6, 3)
    assert "quota" in str(record.message)


def test_workers_that_never_get_ready_run_into_the_deadline(
    place: Place, at_work: psycopg.Connection, declare: DeclaresPool
) -> None:
    pool = place.create(WorkloadKind.DEPLOYMENT, 0, behaviour="slow")
    declare(pool)
    record = failing(asking(2), operator(rollout_timeout=2, patience=60), at_work)
    assert (record.outcome, record.ready) == (Outcome.FAILED, 0)
    assert "not done within 2 s" in str(record.message)


def test_a_count_that_was_changed_since_it_was_seen_is_left_alone(
    place: Place, at_work: psycopg.Connection, declare: DeclaresPool
) -> None:
    pool = place.create(WorkloadKind.DEPLOYMENT, 2)
    declare(pool)
    place.set_count(pool, 5)
    record = failing(asking(4, expected=2), operator(), at_work)
    assert record.outcome is Outcome.REFUSED
    assert (
        "2 was seen before asking, but ads/bidder was changed from 2 to 5 by somebody outside of this dashboard"
        in str(record.message)
    )
    assert place.workload(pool)["spec"]["replicas"] == 5


def test_a_change_by_somebody_else_during_the_rollout_is_told_with_names_and_numbers(
    place: Place, at_work: psycopg.Connection, declare: DeclaresPool
) -> None:
    pool = place.create(WorkloadKind.DEPLOYMENT, 0, behaviour="slow")
    declare(pool)
    with ThreadPoolExecutor() as others:
        interference = others.submit(_set_when, place, pool, 3, 7)
        record = failing(asking(3), operator(patience=60), at_work)
        interference.result()
    assert record.outcome is Outcome.FAILED
    assert "changed from 3 to 7 by kubectl" in str(record.message)


def test_a_missing_workload_fails_without_a_start(
    place: Place, at_work: psycopg.Connection, declare: DeclaresPool
) -> None:
    declare(place.pool(WorkloadKind.DEPLOYMENT, "gone"))
    record = failing(asking(3), operator(), at_work)
    assert (record.outcome, record.started_at) == (Outcome.FAILED, None)
    assert "nothing was changed" in str(record.message)


def test_a_cluster_that_is_down_fails_without_a_start(
    place: Place, at_work: psycopg.Connection, declare: DeclaresPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = '{"conn_type": "kubernetes", "extra": {"kube_config_path": "/nowhere/kubeconfig"}}'
    monkeypatch.setenv("AIRFLOW_CONN_CLUSTER_THAT_IS_DOWN", nowhere)
    declare(place.pool(WorkloadKind.DEPLOYMENT).model_copy(update={"connection": "cluster_that_is_down"}))
    record = failing(asking(3), operator(), at_work)
    assert (record.outcome, record.started_at) == (Outcome.FAILED, None)
    assert "cluster_that_is_down" in str(record.message)


def test_a_catalog_with_mistakes_operates_nothing(
    place: Place, at_work: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(tmp_path))
    (tmp_path / "pools.yaml").write_text("pools: {ads/bidder: {min: 5, max: 2}}")
    record = failing(asking(3), operator(), at_work)
    assert record.outcome is Outcome.REFUSED
    assert "the catalog has mistakes" in str(record.message)


def _set_when(place: Place, pool: Pool, seen: int, count: int) -> None:
    eventually(lambda: place.workload(pool)["spec"].get("replicas", 0) == seen)
    place.set_count(pool, count)

"""Waiting for a rollout, as the product's service account."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ops_dashboard.catalog import Pool, WorkloadKind
from ops_dashboard.workers import PoolState, WorkloadMissingError
from ops_dashboard.workers.kubernetes import KubernetesWorkers
from ops_dashboard.workers.rollout import Ending, RolloutFailedError, RolloutResult, wait
from tests.support.clusters.place import Place, eventually

BOTH_KINDS = pytest.mark.parametrize("kind", list(WorkloadKind))
LONG = timedelta(seconds=30)
PATIENCE = timedelta(seconds=1)


def scale_and_wait(
    workers: KubernetesWorkers, pool: Pool, count: int, *, timeout: timedelta = LONG, patience: timedelta = PATIENCE
) -> RolloutResult:
    workers.change(pool, workers.read(pool), count)
    return wait(workers, pool, count, timeout=timeout, patience=patience, poll_seconds=0.1)


@BOTH_KINDS
@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1), (0, 2), (2, 0)])
def test_a_rollout_ends_when_exactly_the_target_is_ready(
    place: Place, workers: KubernetesWorkers, kind: WorkloadKind, before: int, after: int
) -> None:
    pool = place.create(kind, before)
    place.until_ready(pool, before)

    result = scale_and_wait(workers, pool, after)

    assert result.ready == after
    assert place.workload(pool)["status"].get("readyReplicas", 0) == after


def test_nothing_to_do_is_done_at_once(place: Place, workers: KubernetesWorkers) -> None:
    pool = place.create(WorkloadKind.DEPLOYMENT, 1)
    place.until_ready(pool, 1)

    assert scale_and_wait(workers, pool, 1).ready == 1


@BOTH_KINDS
def test_a_quota_ends_the_wait_with_what_it_allows(
    place: Place, workers: KubernetesWorkers, kind: WorkloadKind
) -> None:
    pool = place.create(kind, 2)
    place.until_ready(pool, 2)
    place.limit_pods(2)

    with pytest.raises(RolloutFailedError, match=r"^2 of 4 ready; .*exceeded quota: pods.*limited: pods=2") as failure:
        scale_and_wait(workers, pool, 4)

    assert (failure.value.kind, failure.value.ready) == (PoolState.QUOTA_EXCEEDED, 2)
    assert workers.list_status(place.namespace, [pool])[0].state is PoolState.QUOTA_EXCEEDED


@BOTH_KINDS
@pytest.mark.parametrize(
    ("behaviour", "kind_of_problem", "words"),
    [
        ("image", PoolState.IMAGE_UNAVAILABLE, "can't pull the image: worker-.*Back-off pulling image"),
        ("crash", PoolState.CRASHING, "crashing: worker-.*back-off 2m40s restarting"),
    ],
    ids=["image", "crash"],
)
def test_pods_that_cannot_run_end_the_wait_with_the_reason(
    place: Place,
    workers: KubernetesWorkers,
    kind: WorkloadKind,
    behaviour: str,
    kind_of_problem: PoolState,
    words: str,
) -> None:
    pool = place.create(kind, 0, behaviour=behaviour)

    with pytest.raises(RolloutFailedError, match=f"^0 of 1 ready; 1 pod {words}") as failure:
        scale_and_wait(workers, pool, 1)

    assert (failure.value.kind, failure.value.ready) == (kind_of_problem, 0)
    assert workers.list_status(place.namespace, [pool])[0].state is kind_of_problem


@BOTH_KINDS
def test_pods_that_no_node_has_room_for_end_the_wait_with_the_reason(
    place: Place, workers: KubernetesWorkers, kind: WorkloadKind
) -> None:
    pool = place.create(kind, 2, cpu="7500m")
    place.until_ready(pool, 2)

    with pytest.raises(
        RolloutFailedError,
        match=r"^2 of 3 ready; 1 pod unschedulable: worker-.*, 0/2 nodes are available: 2 Insufficient cpu\.$",
    ) as failure:
        scale_and_wait(workers, pool, 3)

    assert (failure.value.kind, failure.value.ready) == (PoolState.UNSCHEDULABLE, 2)


def test_a_problem_that_goes_away_does_not_end_the_wait(place: Place, workers: KubernetesWorkers) -> None:
    pool = place.create(WorkloadKind.DEPLOYMENT, 0, name="late", cpu="7500m")
    blocker = place.create(WorkloadKind.DEPLOYMENT, 2, name="blocker", cpu="7500m")
    place.until_ready(blocker, 2)
    workers.change(pool, workers.read(pool), 1)
    eventually(lambda: workers.progress(pool, 1).problem is not None)

    place.delete(blocker)

    assert wait(workers, pool, 1, timeout=LONG, patience=LONG, poll_seconds=0.1).ready == 1


def test_pods_that_never_get_ready_end_the_wait_at_the_deadline(place: Place, workers: KubernetesWorkers) -> None:
    pool = place.create(WorkloadKind.DEPLOYMENT, 0, behaviour="slow")

    with pytest.raises(RolloutFailedError, match=r"^not done within 1 s; 0 of 2 ready$") as failure:
        scale_and_wait(workers, pool, 2, timeout=timedelta(seconds=1))

    assert failure.value.kind is Ending.TIMED_OUT


@BOTH_KINDS
def test_a_change_by_somebody_else_ends_the_wait(place: Place, workers: KubernetesWorkers, kind: WorkloadKind) -> None:
    pool = place.create(kind, 0, behaviour="slow")
    workers.change(pool, workers.read(pool), 4)
    place.set_count(pool, 2, manager="horizontal-autoscaler")

    with pytest.raises(RolloutFailedError, match=r"was changed from 4 to 2 by horizontal-autoscaler$") as failure:
        wait(workers, pool, 4, timeout=LONG, patience=PATIENCE)

    assert failure.value.kind is Ending.CHANGED_BY_OTHER


@pytest.mark.beyond_the_simulator
def test_an_autoscaler_that_sets_the_count_back_is_told(place: Place, workers: KubernetesWorkers) -> None:
    pool = place.create(WorkloadKind.DEPLOYMENT, 2, behaviour="slow")
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "worker"}
    place.post(
        f"/apis/autoscaling/v2/namespaces/{place.namespace}/horizontalpodautoscalers",
        {"metadata": {"name": "worker"}, "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 4}},
    )

    with pytest.raises(RolloutFailedError, match=r"from 9 to 4 by kube-controller-manager$"):
        scale_and_wait(workers, pool, 9)


def test_a_workload_that_is_deleted_during_the_rollout_is_told(place: Place, workers: KubernetesWorkers) -> None:
    pool = place.create(WorkloadKind.DEPLOYMENT, 0, behaviour="slow")
    workers.change(pool, workers.read(pool), 1)
    place.delete(pool)

    with pytest.raises(WorkloadMissingError):
        wait(workers, pool, 1, timeout=LONG, patience=PATIENCE)

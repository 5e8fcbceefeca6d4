"""Reading and changing pools, as the product's service account."""

from __future__ import annotations

import pytest

from ops_dashboard.catalog import WorkloadKind
from ops_dashboard.workers import (
    ChangedMeanwhileError,
    NotPermittedError,
    PoolState,
    PoolStatus,
    Scale,
    WorkloadMissingError,
)
from ops_dashboard.workers.kubernetes import KubernetesWorkers
from tests.support.clusters.place import Place, eventually

BOTH_KINDS = pytest.mark.parametrize("kind", list(WorkloadKind))


@BOTH_KINDS
@pytest.mark.parametrize(("before", "after"), [(2, 5), (5, 2), (0, 3), (3, 0), (2, 2), (0, 0)])
def test_a_count_is_read_and_changed(
    place: Place, workers: KubernetesWorkers, kind: WorkloadKind, before: int, after: int
) -> None:
    pool = place.create(kind, before)

    seen = workers.read(pool)
    changed = workers.change(pool, seen, after)

    assert (seen.replicas, changed.replicas) == (before, after)
    assert changed.uid == seen.uid
    assert place.workload(pool)["spec"]["replicas"] == after


@BOTH_KINDS
def test_a_count_that_somebody_changed_meanwhile_is_left_alone(
    place: Place, workers: KubernetesWorkers, kind: WorkloadKind
) -> None:
    pool = place.create(kind, 2)
    seen = workers.read(pool)
    place.set_count(pool, 4)

    with pytest.raises(ChangedMeanwhileError, match=r"^test/worker was changed from 2 to 4 by kubectl meanwhile$"):
        workers.change(pool, seen, 6)

    assert place.workload(pool)["spec"]["replicas"] == 4


def test_an_own_earlier_change_is_told_like_anybody_elses(place: Place, workers: KubernetesWorkers) -> None:
    pool = place.create(WorkloadKind.DEPLOYMENT, 2)
    seen = workers.read(pool)
    workers.change(pool, seen, 3)

    with pytest.raises(ChangedMeanwhileError, match="from 2 to 3 by ops-dashboard"):
        workers.change(pool, seen, 3)


def test_a_count_that_somebody_set_to_the_very_target_is_told(place: Place, workers: KubernetesWorkers) -> None:
    pool = place.create(WorkloadKind.DEPLOYMENT, 2)
    seen = workers.read(pool)
    place.set_count(pool, 3)

    with pytest.raises(ChangedMeanwhileError, match="from 2 to 3 by kubectl"):
        workers.change(pool, seen, 3)


@BOTH_KINDS
def test_a_workload_that_was_created_anew_is_left_alone(
    place: Place, workers: KubernetesWorkers, kind: WorkloadKind
) -> None:
    pool = place.create(kind, 2)
    seen = workers.read(pool)
    place.delete(pool)
    eventually(lambda: place.cluster.request("GET", place.path(pool)).status == 404)
    place.create(kind, 2)

    with pytest.raises(ChangedMeanwhileError):
        workers.change(pool, seen, 6)

    assert place.workload(pool)["spec"]["replicas"] == 2


@BOTH_KINDS
def test_an_edit_of_the_template_is_no_reason_to_refuse(
    place: Place, workers: KubernetesWorkers, kind: WorkloadKind
) -> None:
    pool = place.create(kind, 2)
    seen = workers.read(pool)
    place.patch(pool, {"spec": {"template": {"metadata": {"annotations": {"note": "new"}}}}})

    assert workers.change(pool, seen, 3).replicas == 3


@BOTH_KINDS
def test_a_workload_that_does_not_exist_is_told_by_name(
    place: Place, workers: KubernetesWorkers, kind: WorkloadKind
) -> None:
    pool = place.pool(kind)
    missing = f"has no {'deployments' if kind is WorkloadKind.DEPLOYMENT else 'statefulsets'} worker in namespace"

    with pytest.raises(WorkloadMissingError, match=missing):
        workers.read(pool)
    with pytest.raises(WorkloadMissingError):
        workers.change(pool, Scale("uid", 2, 1), 3)
    with pytest.raises(WorkloadMissingError):
        workers.progress(pool, 3)


@pytest.mark.beyond_the_simulator
def test_a_workload_that_is_being_deleted_counts_as_missing(place: Place, workers: KubernetesWorkers) -> None:
    pool = place.create(WorkloadKind.DEPLOYMENT, 2)
    place.patch(pool, {"metadata": {"finalizers": ["ops-test/keep"]}})
    place.delete(pool)
    try:
        with pytest.raises(WorkloadMissingError, match=r"^Deployment worker in namespace test-\d+ is being deleted$"):
            workers.read(pool)
    finally:
        place.patch(pool, {"metadata": {"finalizers": None}})


def test_a_namespace_without_rights_is_told_with_verb_and_resource(workers: KubernetesWorkers, place: Place) -> None:
    closed = place.pool(WorkloadKind.DEPLOYMENT).model_copy(update={"namespace": "ops-dashboard"})

    with pytest.raises(NotPermittedError, match="get deployments worker in namespace ops-dashboard"):
        workers.read(closed)
    with pytest.raises(NotPermittedError, match="patch deployments/scale worker in namespace ops-dashboard"):
        workers.change(closed, Scale("uid", 2, 1), 3)
    with pytest.raises(NotPermittedError, match="list deployments in namespace ops-dashboard"):
        workers.list_status("ops-dashboard", [closed])


def test_the_status_of_a_namespace_tells_each_pool_in_the_order_asked(place: Place, workers: KubernetesWorkers) -> None:
    web = place.create(WorkloadKind.DEPLOYMENT, 2, name="web")
    store = place.create(WorkloadKind.STATEFUL_SET, 1, name="store")
    idle = place.create(WorkloadKind.DEPLOYMENT, 0, name="idle")
    broken = place.create(WorkloadKind.DEPLOYMENT, 1, name="broken", behaviour="image")
    slow = place.create(WorkloadKind.STATEFUL_SET, 1, name="slow", behaviour="slow")
    gone = place.pool(WorkloadKind.STATEFUL_SET, "web")  # there is a Deployment of that name only
    pools = [gone, slow, broken, idle, store, web]
    place.until_ready(web, 2)
    place.until_ready(store, 1)

    def statuses() -> list[PoolStatus]:
        return workers.list_status(place.namespace, pools)

    eventually(lambda: statuses()[2].problem is not None)
    assert [(each.pool, each.desired, each.ready, each.state) for each in statuses()] == [
        ("test/web", None, None, PoolState.MISSING),
        ("test/slow", 1, 0, PoolState.ROLLING_OUT),
        ("test/broken", 1, 0, PoolState.IMAGE_UNAVAILABLE),
        ("test/idle", 0, 0, PoolState.SCALED_TO_ZERO),
        ("test/store", 1, 1, PoolState.HEALTHY),
        ("test/web", 2, 2, PoolState.HEALTHY),
    ]

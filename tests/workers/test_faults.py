"""What the product makes of a cluster that answers badly, late or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import NamedTuple

import pytest

from demo.simulator import Simulator
from ops_dashboard.catalog import WorkloadKind
from ops_dashboard.workers import (
    ChangeUncertainError,
    ClusterDownError,
    NotConfiguredError,
    NotPermittedError,
    PoolState,
    RestartUncertainError,
    WorkersError,
)
from ops_dashboard.workers.api import ClusterApi
from ops_dashboard.workers.kubernetes import KubernetesWorkers, for_connection
from tests.support.clusters.cluster import Cluster
from tests.support.clusters.place import Place, eventually
from tests.support.clusters.simulated import simulated

BOTH_KINDS = pytest.mark.parametrize("kind", list(WorkloadKind))
DEPLOYMENT = WorkloadKind.DEPLOYMENT
_NUMBERS = count(1)


class Bench(NamedTuple):
    simulator: Simulator
    place: Place
    workers: KubernetesWorkers

    def requests_of(self, act: Callable[[], object]) -> list[str]:
        """The requests that an act makes, without the namespace."""
        self.simulator.faults.requests.clear()
        act()
        return [each.replace(f"namespaces/{self.place.namespace}/", "") for each in self.simulator.faults.requests]


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator(pod_seconds=0)


@pytest.fixture(scope="module")
def cluster(simulator: Simulator) -> Iterator[Cluster]:
    with simulated(simulator) as running:
        yield running


@pytest.fixture
def bench(simulator: Simulator, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Bench:
    number = next(_NUMBERS)
    connect(monkeypatch, "bench", kube_config=cluster.kubeconfig(cluster.admin_token))
    place = Place(cluster, f"test-{number}", "bench", cluster.admin_token)
    place.post("/api/v1/namespaces", {"metadata": {"name": place.namespace}})
    return Bench(simulator, place, KubernetesWorkers(ClusterApi("bench"), give_up_after=timedelta(seconds=5)))


def connect(monkeypatch: pytest.MonkeyPatch, name: str, **extra: object) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({"conn_type": "kubernetes", "extra": extra}))


@BOTH_KINDS
def test_reading_and_changing_a_count_takes_two_calls(bench: Bench, kind: WorkloadKind) -> None:
    pool = bench.place.create(kind, 2)
    plural = "deployments" if kind is DEPLOYMENT else "statefulsets"

    assert bench.requests_of(lambda: bench.workers.change(pool, bench.workers.read(pool), 3)) == [
        f"GET /apis/apps/v1/{plural}/worker",
        f"PATCH /apis/apps/v1/{plural}/worker/scale",
    ]


def test_the_status_of_many_healthy_pools_takes_one_call_for_each_kind(bench: Bench) -> None:
    pools = [bench.place.create(kind, 1, name=f"{kind.lower()}-{n}") for kind in WorkloadKind for n in range(5)]
    for pool in pools:
        bench.place.until_ready(pool, 1)

    assert bench.requests_of(lambda: bench.workers.list_status(bench.place.namespace, pools)) == [
        "GET /apis/apps/v1/deployments",
        "GET /apis/apps/v1/statefulsets",
    ]
    assert bench.requests_of(lambda: bench.workers.list_status(bench.place.namespace, pools[:5])) == [
        "GET /apis/apps/v1/deployments"
    ]


def test_what_is_wrong_takes_two_calls_more_however_many_pools_it_concerns(bench: Bench) -> None:
    bench.place.limit_pods(0)
    pools = [bench.place.create(kind, 1, name=f"{kind.lower()}-{n}") for kind in WorkloadKind for n in range(5)]

    def states() -> set[PoolState]:
        return {status.state for status in bench.workers.list_status(bench.place.namespace, pools)}

    eventually(lambda: states() == {PoolState.QUOTA_EXCEEDED})
    assert bench.requests_of(states)[2:] == ["GET /api/v1/pods", "GET /api/v1/events"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, None])
def test_a_read_that_goes_wrong_is_repeated(bench: Bench, status: int | None) -> None:
    pool = bench.place.create(DEPLOYMENT, 2)
    bench.simulator.faults.fail_next(2, method="GET", status=status)

    assert bench.workers.read(pool).replicas == 2


@BOTH_KINDS
@pytest.mark.parametrize(
    ("status", "takes_effect"),
    [
        (409, False),
        (429, False),
        *((status, takes_effect) for status in (500, 502, 503, 504, None) for takes_effect in (False, True)),
    ],
)
def test_a_change_that_goes_wrong_takes_effect_once(
    bench: Bench, kind: WorkloadKind, status: int | None, takes_effect: bool
) -> None:
    pool = bench.place.create(kind, 2)
    seen = bench.workers.read(pool)
    bench.simulator.faults.fail_next(1 if takes_effect else 2, method="PATCH", status=status, takes_effect=takes_effect)

    assert bench.workers.change(pool, seen, 3).replicas == 3
    after = bench.place.workload(pool)
    assert (after["spec"]["replicas"], after["metadata"]["generation"]) == (3, (seen.generation or 0) + 1)


def test_a_change_whose_outcome_stays_unknown_says_so(bench: Bench) -> None:
    pool = bench.place.create(DEPLOYMENT, 2)
    workers = KubernetesWorkers(ClusterApi("bench"), give_up_after=timedelta(seconds=1))
    seen = workers.read(pool)
    bench.simulator.faults.fail_next(method="PATCH", takes_effect=True)
    bench.simulator.faults.fail_next(1, method="GET", status=503, retry_after=60)

    with pytest.raises(
        ChangeUncertainError, match=r"^test/worker may or may not have been set to 3: the cluster of conn"
    ):
        workers.change(pool, seen, 3)


@pytest.mark.parametrize("takes_effect", [True, False])
def test_a_restart_whose_answer_is_lost_says_so(bench: Bench, takes_effect: bool) -> None:
    pool = bench.place.create(DEPLOYMENT, 2)
    workers = KubernetesWorkers(ClusterApi("bench"), give_up_after=timedelta(seconds=1))
    bench.simulator.faults.fail_next(1, method="PATCH", takes_effect=takes_effect)
    bench.simulator.faults.fail_next(1, method="PATCH", status=429, retry_after=60)
    with pytest.raises(RestartUncertainError, match=r"^Deployment worker may or may not have been restarted: the"):
        workers.restart(pool)


def test_a_restart_that_was_never_taken_says_only_why(bench: Bench) -> None:
    pool = bench.place.create(DEPLOYMENT, 2)
    workers = KubernetesWorkers(ClusterApi("bench"), give_up_after=timedelta(seconds=1))
    bench.simulator.faults.fail_next(1, method="PATCH", status=429, retry_after=60)
    with pytest.raises(ClusterDownError):
        workers.restart(pool)


def test_a_page_does_not_wait_for_a_cluster_that_is_down(bench: Bench) -> None:
    pool = bench.place.create(DEPLOYMENT, 2)
    bench.simulator.faults.fail_next(method="GET", status=503)

    with pytest.raises(ClusterDownError, match="503"):
        bench.workers.list_status(bench.place.namespace, [pool])


def kubeconfig(server: str) -> dict[str, object]:
    return Cluster("nowhere", server, "token").kubeconfig("token")


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("http://127.0.0.1:9", "at http://127.0.0.1:9 does not answer: Connection refused"),
        ("http://cluster.invalid", "at http://cluster.invalid does not answer: its name cannot be resolved"),
    ],
)
def test_a_cluster_that_cannot_be_reached_is_told_with_connection_and_host(
    monkeypatch: pytest.MonkeyPatch, bench: Bench, server: str, message: str
) -> None:
    connect(monkeypatch, "nowhere", kube_config=kubeconfig(server))
    workers = KubernetesWorkers(ClusterApi("nowhere"), give_up_after=timedelta(seconds=0))
    pool = bench.place.pool(DEPLOYMENT)

    for call in (lambda: workers.read(pool), lambda: workers.list_status("test", [pool])):
        with pytest.raises(ClusterDownError) as error:
            call()
        assert str(error.value) == f"the cluster of connection nowhere {message}"
        assert not error.value.sent


def test_a_cluster_that_does_not_speak_tls_is_told(
    monkeypatch: pytest.MonkeyPatch, bench: Bench, cluster: Cluster
) -> None:
    connect(monkeypatch, "plain", kube_config=kubeconfig(cluster.server.replace("http:", "https:")))
    workers = KubernetesWorkers(ClusterApi("plain"), give_up_after=timedelta(seconds=0))

    with pytest.raises(
        ClusterDownError, match=r"^the cluster of connection plain at https://.* does not answer: SSLError .*"
    ):
        workers.read(bench.place.pool(DEPLOYMENT))


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"kube_config_path": "/no/such/file"}, "Invalid kube-config file. No configuration found."),
        ({"kube_config_path": "/x", "in_cluster": True}, "Invalid connection configuration"),
    ],
)
def test_a_connection_that_cannot_be_used_is_told(
    monkeypatch: pytest.MonkeyPatch, bench: Bench, extra: dict[str, object], message: str
) -> None:
    connect(monkeypatch, "broken", **extra)

    with pytest.raises(NotConfiguredError, match=f"^the Airflow connection broken cannot be used: .*{message}"):
        KubernetesWorkers(ClusterApi("broken")).read(bench.place.pool(DEPLOYMENT))


def test_a_connection_that_does_not_exist_is_told(bench: Bench) -> None:
    with pytest.raises(NotConfiguredError, match=r"^the Airflow connection absent cannot be used: .*isn't defined"):
        KubernetesWorkers(ClusterApi("absent")).read(bench.place.pool(DEPLOYMENT))


def test_credentials_that_were_replaced_are_read_anew(
    monkeypatch: pytest.MonkeyPatch, bench: Bench, cluster: Cluster
) -> None:
    pool = bench.place.create(DEPLOYMENT, 2)
    connect(monkeypatch, "bench", kube_config=cluster.kubeconfig("stale"))

    with pytest.raises(NotPermittedError, match=r"^the cluster of connection bench does not accept its credentials$"):
        bench.workers.read(pool)
    connect(monkeypatch, "bench", kube_config=cluster.kubeconfig(cluster.admin_token))
    assert bench.workers.read(pool).replicas == 2


def test_a_process_makes_one_client_for_each_connection(bench: Bench) -> None:
    assert for_connection("one") is for_connection("one")
    assert for_connection("one") is not for_connection("other")


def test_every_error_is_one_that_callers_catch() -> None:
    for error in (ClusterDownError, ChangeUncertainError, NotConfiguredError, NotPermittedError):
        assert issubclass(error, WorkersError)

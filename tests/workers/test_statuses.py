"""What one page load costs the cluster, and how old an answer may be."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from demo.environment import REPOSITORY
from demo.simulator import Simulator
from ops_dashboard.catalog import Pool, load_catalog
from ops_dashboard.workers.statuses import StatusReader
from tests.support.clusters.cluster import Cluster
from tests.support.clusters.simulated import simulated

LISTS = {
    f"GET /apis/apps/v1/namespaces/{namespace}/{plural}"
    for namespace in ("ads", "search")
    for plural in ("deployments", "statefulsets")
}


@pytest.fixture
def simulator() -> Simulator:
    """The demo's cluster, all its pods ready."""
    made = Simulator(pod_seconds=0)
    made.load(REPOSITORY / "deploy" / "demo-workloads.yaml")
    for _ in range(40):
        made.step()
    return made


@pytest.fixture
def cluster(simulator: Simulator) -> Iterator[Cluster]:
    with simulated(simulator) as running:
        yield running


@pytest.fixture
def pools(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[Pool]:
    """The catalog's pools, on a connection of this test's own."""
    connection = f"cluster_of_{request.node.name}"
    extra = {"kube_config": cluster.kubeconfig(cluster.admin_token)}
    monkeypatch.setenv(f"AIRFLOW_CONN_{connection.upper()}", json.dumps({"conn_type": "kubernetes", "extra": extra}))
    catalog = load_catalog(REPOSITORY / "dags" / "catalog")
    return [pool.model_copy(update={"connection": connection}) for pool in catalog.pools.values()]


def lists(simulator: Simulator) -> list[str]:
    """The list calls that the cluster has seen so far."""
    return [request for request in simulator.faults.requests if request in LISTS]


def test_one_load_costs_one_list_call_for_each_namespace_and_kind(simulator: Simulator, pools: list[Pool]) -> None:
    statuses = StatusReader(60).read(pools)
    assert set(statuses.by_pool) == {pool.name for pool in pools}
    assert statuses.by_pool["ads/bidder"].desired == 6
    assert sorted(lists(simulator)) == sorted(LISTS)


def test_loads_within_seconds_share_the_answer(simulator: Simulator, pools: list[Pool]) -> None:
    reader = StatusReader(60)
    first = reader.read(pools)
    assert reader.read(pools) == first
    assert len(lists(simulator)) == len(LISTS)


def test_an_answer_is_forgotten_after_its_time(simulator: Simulator, pools: list[Pool]) -> None:
    reader = StatusReader(0)
    reader.read(pools)
    reader.read(pools)
    assert len(lists(simulator)) == 2 * len(LISTS)


def test_what_was_touched_since_is_asked_for_again_and_nothing_else(simulator: Simulator, pools: list[Pool]) -> None:
    reader = StatusReader(60)
    first = reader.read(pools)
    again = reader.read(pools, since={"ads/bidder": datetime.now(UTC)})
    assert again.seen_at >= first.seen_at
    assert len([request for request in lists(simulator) if "/ads/" in request]) == 4
    assert len([request for request in lists(simulator) if "/search/" in request]) == 2
    reader.read(pools, since={"ads/bidder": datetime.now(UTC) - timedelta(hours=1)})
    assert len(lists(simulator)) == 6


def connection_to(address: str, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An Airflow connection to whatever listens, or does not, at an address."""
    config = Cluster(name, address, "token").kubeconfig("token")
    extra = json.dumps({"conn_type": "kubernetes", "extra": {"kube_config": config}})
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", extra)
    return name


def test_a_cluster_that_refuses_is_told_once_and_not_asked_by_every_load(
    pools: list[Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connection_to("http://127.0.0.1:1", "refusing_cluster", monkeypatch)
    lost = [pool.model_copy(update={"connection": connection}) for pool in pools]
    reader = StatusReader(60)
    statuses = reader.read(lost)
    assert statuses.by_pool == {}
    assert len(statuses.problems) == 1
    assert "the cluster of connection refusing_cluster" in statuses.problems[0]
    assert reader.read(lost).seen_at == statuses.seen_at


def test_a_cluster_that_never_answers_does_not_hide_the_others(
    pools: list[Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops_dashboard.workers.api.PAGE_TIMEOUT_SECONDS", (0.3, 0.3))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        connection = connection_to(address, "silent_cluster", monkeypatch)
        hanging = [pool.model_copy(update={"connection": connection}) for pool in pools if pool.team == "search"]
        statuses = StatusReader(60).read([*(pool for pool in pools if pool.team == "ads"), *hanging])
    assert set(statuses.by_pool) == {"ads/bidder", "ads/indexer", "ads/reporter"}
    assert "the cluster of connection silent_cluster" in " ".join(statuses.problems)


def test_a_pool_is_read_without_waiting_for_other_clusters(
    simulator: Simulator, pools: list[Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connection_to("http://127.0.0.1:1", "other_cluster", monkeypatch)
    elsewhere = [pool.model_copy(update={"connection": connection}) for pool in pools if pool.team == "search"]
    bidder = next(pool for pool in pools if pool.name == "ads/bidder")
    statuses = StatusReader(60).read_beside(bidder, [*pools, *elsewhere], datetime.now(UTC))
    assert statuses.problems == ()
    assert {"ads/bidder", "ads/indexer", "ads/reporter"} == set(statuses.by_pool)
    assert all("/ads/" in request for request in lists(simulator))

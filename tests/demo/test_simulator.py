"""The simulator as a program, and what no real cluster is asked for."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from demo.environment import REPOSITORY
from demo.simulator import Simulator
from demo.simulator.errors import StatusError
from demo.simulator.nodes import NodePool
from tests.support.clusters.cluster import Cluster
from tests.support.clusters.place import eventually
from tests.support.clusters.simulated import simulated

WORKLOADS = REPOSITORY / "deploy" / "demo-workloads.yaml"


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The kubeconfig that the running program writes."""
    path = tmp_path / "home" / "kubeconfig"
    argv = [sys.executable, "-m", "demo.simulator", "--kubeconfig", str(path), "--pod-seconds", "0"]
    with subprocess.Popen([*argv, "--workloads", str(WORKLOADS)], cwd=REPOSITORY, stdout=subprocess.PIPE) as program:
        try:
            assert program.stdout is not None
            assert re.match(rb"Simulated Kubernetes at http://127.0.0.1:\d+, see ", program.stdout.readline())
            assert path.stat().st_mode & 0o777 == 0o600
            yield yaml.safe_load(path.read_text())
        finally:
            program.send_signal(signal.SIGTERM)
            assert program.wait(10) in {0, -signal.SIGTERM}


def get(kubeconfig: dict[str, Any], user: str, path: str) -> httpx.Response:
    token = next(each["user"]["token"] for each in kubeconfig["users"] if each["name"] == user)
    server = kubeconfig["clusters"][0]["cluster"]["server"]
    return httpx.get(server + path, headers={"Authorization": f"Bearer {token}"})


def ready(kubeconfig: dict[str, Any]) -> dict[str, int]:
    return {
        f"{each['metadata']['namespace']}/{each['metadata']['name']}": each["status"].get("readyReplicas", 0)
        for plural in ("deployments", "statefulsets")
        for each in get(kubeconfig, "admin", f"/apis/apps/v1/{plural}").json()["items"]
    }


def test_the_program_serves_the_demo_to_the_products_service_account(kubeconfig: dict[str, Any]) -> None:
    assert kubeconfig["current-context"] == "ops-dashboard"
    assert get(kubeconfig, "ops-dashboard", "/apis/apps/v1/namespaces/ads/deployments/bidder").status_code == 200
    assert get(kubeconfig, "ops-dashboard", "/api/v1/namespaces/ads/secrets").status_code == 403
    eventually(
        lambda: (
            ready(kubeconfig)
            == {
                "ads/bidder": 6,
                "ads/indexer": 4,
                "ads/reporter": 3,
                "search/crawler": 8,
                "search/ranker": 4,
                "search/suggester": 3,
            }
        )
    )


def test_what_is_alive_is_told_to_anybody_and_all_else_to_nobody() -> None:
    with simulated(Simulator()) as cluster:
        assert httpx.get(f"{cluster.server}/readyz").text == "ok"
        assert httpx.get(f"{cluster.server}/version").json()["gitVersion"].endswith("simulated")
        assert httpx.get(f"{cluster.server}/api/v1/pods").status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/api/v1/namespaces", {"metadata": {}}, 422),
        ("/api/v1/namespaces", ["not", "an", "object"], 400),
        ("/apis/apps/v1/namespaces/nowhere/deployments", {"metadata": {"name": "x"}, "spec": {}}, 404),
        ("/api/v1/namespaces/ads/secrets", {"metadata": {"name": "x"}}, 404),
    ],
)
def test_what_cannot_be_created_is_refused(path: str, body: object, code: int) -> None:
    with simulated(Simulator()) as cluster:
        assert cluster.request("POST", path, body).status == code


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/v1/namespaces/ads"), ("GET", "/api/v1/namespaces/ads/status")]
)
def test_what_the_simulator_cannot_do_it_says(method: str, path: str) -> None:
    with simulated(Simulator()) as cluster:
        answer = cluster.request(method, path, {})
        assert answer.document["kind"] == "Status"
        assert answer.status in {404, 405}


def test_a_manifest_with_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text("{apiVersion: v1, kind: Secret, metadata: {name: x}}")

    with pytest.raises(StatusError, match="the simulator has no v1 Secret"):
        Simulator().load(manifest)


def test_nodes_have_room_for_a_number_of_pods_too() -> None:
    simulator = Simulator(nodes=NodePool(count=1, cpu=16, pods=2), pod_seconds=0)
    simulator.load(WORKLOADS)
    with simulated(simulator) as cluster:
        eventually(lambda: "0/1 nodes are available: 1 Too many pods." in _complaints(cluster))


def _complaints(cluster: Cluster) -> set[str]:
    pods = cluster.request("GET", "/api/v1/pods").document["items"]
    return {
        condition["message"]
        for pod in pods
        for condition in pod["status"].get("conditions", ())
        if "message" in condition
    }

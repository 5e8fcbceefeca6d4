"""The simulator's rollouts of a new template, its ConfigMaps, and what it remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demo.environment import REPOSITORY
from demo.simulator import Simulator
from demo.simulator.documents import CONFIG_MAPS, DEPLOYMENTS, PODS, STATEFUL_SETS, Resource
from demo.simulator.errors import StatusError

WORKLOADS = REPOSITORY / "deploy" / "demo-workloads.yaml"


@pytest.fixture
def simulator() -> Simulator:
    made = Simulator(pod_seconds=0)
    made.load(WORKLOADS)
    for _ in range(40):
        made.step()
    return made


def restarted(simulator: Simulator, resource: Resource, name: str) -> dict[str, Any]:
    store = simulator._store
    workload = store.get(resource, "ads", name)
    template = {**workload["spec"]["template"]}
    template["metadata"] = {**template["metadata"], "annotations": {"restarted": "now"}}
    return store.update(resource, {**workload, "spec": {**workload["spec"], "template": template}}, manager="test")


@pytest.mark.parametrize(
    ("resource", "name", "count", "least", "most"),
    [(DEPLOYMENTS, "bidder", 6, 5, 8), (STATEFUL_SETS, "indexer", 4, 3, 4)],
)
def test_a_new_template_replaces_all_pods_and_never_too_many_at_once(
    simulator: Simulator, resource: Resource, name: str, count: int, least: int, most: int
) -> None:
    def status() -> dict[str, Any]:
        return dict(simulator._store.get(resource, "ads", name)["status"])

    def pods() -> list[dict[str, Any]]:
        return [pod for pod in simulator._store.list(PODS, "ads") if pod["metadata"]["name"].startswith(name)]

    before = {pod["metadata"]["uid"] for pod in pods()}
    generation = restarted(simulator, resource, name)["metadata"]["generation"]
    simulator.step()
    assert status()["observedGeneration"] == generation
    assert status().get("updatedReplicas", 0) < count
    for _ in range(60):
        simulator.step()
        assert least <= sum(pod["status"]["phase"] == "Running" for pod in pods()) <= most
        assert len(pods()) <= most
    assert (status()["updatedReplicas"], status()["readyReplicas"], len(pods())) == (count, count, count)
    assert not before & {pod["metadata"]["uid"] for pod in pods()}


def test_counts_and_values_are_remembered(simulator: Simulator, tmp_path: Path) -> None:
    store = simulator._store
    store.update(
        CONFIG_MAPS, {**store.get(CONFIG_MAPS, "ads", "bidder-config"), "data": {"batch_size": "7"}}, manager="x"
    )
    simulator.save(tmp_path / "state")
    fresh = Simulator(pod_seconds=0)
    fresh.load(WORKLOADS)
    fresh.restore(tmp_path / "state")
    assert fresh._store.get(CONFIG_MAPS, "ads", "bidder-config")["data"] == {"batch_size": "7"}
    assert fresh._store.get(DEPLOYMENTS, "ads", "bidder")["spec"]["replicas"] == 6


def test_a_config_map_holds_text_only(simulator: Simulator) -> None:
    store = simulator._store
    with pytest.raises(StatusError, match=r"cannot unmarshal 7 into ConfigMap\.data\.batch_size"):
        store.update(
            CONFIG_MAPS, {**store.get(CONFIG_MAPS, "ads", "bidder-config"), "data": {"batch_size": 7}}, manager="x"
        )

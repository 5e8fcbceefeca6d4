"""What a workload's own words mean, field by field as the API server puts them."""

from __future__ import annotations

from typing import Any

import pytest

from ops_dashboard.workers.observed import Observed, observe_deployment, observe_stateful_set
from tests.support.clusters.objects import from_json

READY = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}


def document(status: dict[str, Any], *, replicas: int = 3, **spec: object) -> dict[str, Any]:
    labels = {"app": "bidder"}
    return {
        "metadata": {"name": "bidder", "uid": "uid", "generation": 2},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}},
            **spec,
        },
        "status": {"replicas": 0, **status},
    }


def deployment(status: dict[str, Any], *, replicas: int = 3, **spec: object) -> Observed:
    return observe_deployment(from_json("V1Deployment", document(status, replicas=replicas, **spec)))


def stateful_set(status: dict[str, Any], *, replicas: int = 3, **spec: object) -> Observed:
    whole = document(status, replicas=replicas, serviceName="bidder", **spec)
    return observe_stateful_set(from_json("V1StatefulSet", whole))


@pytest.mark.parametrize(
    ("status", "settled"),
    [
        (READY, True),
        (READY | {"observedGeneration": 3}, True),
        (READY | {"observedGeneration": 1}, False),
        ({}, False),
        (READY | {"replicas": 4}, False),
        (READY | {"updatedReplicas": 2}, False),
        (READY | {"availableReplicas": 2}, False),
        (READY | {"readyReplicas": 2, "availableReplicas": 2}, False),
    ],
    ids=str,
)
def test_a_deployment_has_settled_when_all_it_asks_for_is_there_and_nothing_else(
    status: dict[str, Any], settled: bool
) -> None:
    assert deployment(status).settled is settled


def test_pods_that_are_ready_but_not_yet_available_do_not_count() -> None:
    observed = deployment(READY | {"availableReplicas": 2}, minReadySeconds=30)

    assert (observed.ready, observed.settled) == (3, False)


def test_a_paused_deployment_settles_with_pods_of_an_older_template() -> None:
    old = READY | {"updatedReplicas": 1}

    assert deployment(old, paused=True).settled
    assert not deployment(old, paused=False).settled


def test_a_workload_of_no_pods_settles_when_all_are_gone() -> None:
    assert deployment({"observedGeneration": 2}, replicas=0).settled
    assert stateful_set({"observedGeneration": 2}, replicas=0).settled
    assert not deployment({"observedGeneration": 2, "replicas": 1}, replicas=0).settled
    assert not stateful_set({"observedGeneration": 2, "replicas": 1}, replicas=0).settled


@pytest.mark.parametrize(
    ("status", "settled"),
    [
        (READY, True),
        (READY | {"updatedReplicas": 0}, True),
        (READY | {"currentReplicas": 1, "updatedReplicas": 2}, True),
        (READY | {"observedGeneration": 1}, False),
        (READY | {"readyReplicas": 2}, False),
        (READY | {"replicas": 4}, False),
    ],
    ids=str,
)
def test_a_stateful_set_settles_whatever_template_its_pods_are_of(status: dict[str, Any], settled: bool) -> None:
    assert stateful_set(status, updateStrategy={"type": "OnDelete"}).settled is settled


def test_only_a_failure_that_lasts_blocks_a_deployment() -> None:
    def blocked(status: str) -> str | None:
        failure = {"type": "ReplicaFailure", "status": status, "message": "exceeded quota"}
        return deployment(READY | {"conditions": [{"type": "Available", "status": "True"}, failure]}).blocked

    assert blocked("True") == "exceeded quota"
    assert blocked("False") is None


def test_managers_of_the_count_are_those_that_own_it_not_those_of_other_fields() -> None:
    whole = document(READY)
    whole["metadata"]["managedFields"] = [
        {"manager": "helm", "fieldsV1": {"f:spec": {"f:template": {}}}},
        {"manager": "kube-controller-manager", "fieldsV1": {"f:status": {"f:replicas": {}}}},
        {"manager": "argocd", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        {"manager": "kubectl", "fieldsV1": {"f:spec": {"f:replicas": {}}}, "subresource": "scale"},
        {"manager": "nobody"},
    ]

    assert observe_deployment(from_json("V1Deployment", whole)).managers == ("argocd", "kubectl")


def test_a_workload_that_is_being_deleted_says_so() -> None:
    whole = document(READY)
    assert not observe_deployment(from_json("V1Deployment", whole)).being_deleted
    whole["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert observe_deployment(from_json("V1Deployment", whole)).being_deleted

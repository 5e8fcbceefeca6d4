"""Why pods do not become ready, from what Kubernetes tells of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops_dashboard.catalog import WorkloadKind
from ops_dashboard.workers import PoolState, Problem
from ops_dashboard.workers.diagnosis import Evidence, find_delay, find_pod_problem, find_problem
from ops_dashboard.workers.observed import Observed
from ops_dashboard.workers.selector import Requirement, Selector
from tests.support.clusters.objects import from_json

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
INDEXER = Observed(
    kind=WorkloadKind.STATEFUL_SET,
    uid="uid",
    generation=2,
    desired=4,
    present=2,
    ready=1,
    updated=2,
    settled=False,
    blocked=None,
    managers=(),
    selector=Selector((Requirement("app", "In", frozenset({"indexer"})),)),
    being_deleted=False,
)


def ago(**delta: int) -> str:
    return (NOW - timedelta(**delta)).isoformat()


def pod(name: str = "indexer-0", *, created: str = ago(minutes=1), **status: object) -> Any:
    metadata = {"name": name, "labels": {"app": "indexer"}, "creationTimestamp": created}
    return from_json("V1Pod", {"metadata": metadata, "status": {"phase": "Pending", **status}})


def stuck(waiting: dict[str, str], **more: object) -> dict[str, Any]:
    container = {"name": "main", "image": "i", "imageID": "", "ready": False, "restartCount": 0}
    return {"containerStatuses": [{**container, "state": {"waiting": waiting}, **more}]}


def crashed(finished: str, *, ready: bool = False, code: int = 1) -> dict[str, Any]:
    container = {"name": "main", "image": "i", "imageID": "", "ready": ready, "restartCount": 1}
    last = {"terminated": {"exitCode": code, "finishedAt": finished}}
    return {"containerStatuses": [{**container, "state": {"running": {}}, "lastState": last}]}


def condition(kind: str, status: str, **more: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, **more}]}


def event(message: str, *, last: str, uid: str = "uid") -> Any:
    involved = {"kind": "StatefulSet", "uid": uid}
    document = {"metadata": {"name": "e"}, "involvedObject": involved, "message": message, "lastTimestamp": last}
    return from_json("CoreV1Event", document)


def problem(*pods: Any, events: tuple[Any, ...] = (), workload: Observed = INDEXER) -> Problem | None:
    return find_problem(workload, Evidence(pods, events), NOW)


UNSCHEDULABLE = condition(
    "PodScheduled",
    "False",
    reason="Unschedulable",
    message="0/6 nodes are available: 6 Insufficient cpu. preemption: 0/6 nodes are available: 6 No victims.",
)


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (
            stuck({"reason": "ImagePullBackOff", "message": "Back-off pulling image"}),
            PoolState.IMAGE_UNAVAILABLE,
            "1 pod can't pull the image: indexer-0, Back-off pulling image",
        ),
        (
            stuck({"reason": "ErrImagePull"}),
            PoolState.IMAGE_UNAVAILABLE,
            "1 pod can't pull the image: indexer-0, ErrImagePull",
        ),
        (
            stuck({"reason": "InvalidImageName", "message": "couldn't parse"}),
            PoolState.IMAGE_UNAVAILABLE,
            "1 pod can't pull the image: indexer-0, couldn't parse",
        ),
        (
            stuck({"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}),
            PoolState.CRASHING,
            "1 pod crashing: indexer-0, back-off 5m0s",
        ),
        (crashed(ago(minutes=9)), PoolState.CRASHING, "1 pod crashing: indexer-0, its last run ended with exit code 1"),
        (
            UNSCHEDULABLE,
            PoolState.UNSCHEDULABLE,
            "1 pod unschedulable: indexer-0, 0/6 nodes are available: 6 Insufficient cpu.",
        ),
        (
            stuck({"reason": "CreateContainerConfigError", "message": 'configmap "x" not found'}),
            PoolState.NOT_READY,
            '1 pod can\'t start: indexer-0, CreateContainerConfigError: configmap "x" not found',
        ),
    ],
    ids=lambda value: value if isinstance(value, PoolState) else "",
)
def test_a_pod_that_is_stuck_tells_why(status: dict[str, Any], kind: PoolState, message: str) -> None:
    assert problem(pod(**status)) == Problem(kind, message)


@pytest.mark.parametrize(
    "status",
    [
        {},
        stuck({"reason": "ContainerCreating"}),
        condition("PodScheduled", "True"),
        condition("PodScheduled", "False", reason="SchedulingGated"),
        crashed(ago(minutes=11)),
        crashed(ago(minutes=1), ready=True),
        crashed(ago(minutes=1), code=0),
    ],
    ids=["new", "creating", "scheduled", "gated", "crashed long ago", "crashed but ready", "ended well"],
)
def test_a_pod_that_may_get_ready_by_waiting_is_no_problem(status: dict[str, Any]) -> None:
    assert problem(pod(**status)) is None


def test_a_single_pod_tells_what_it_is_and_why() -> None:
    waiting = stuck({"reason": "ImagePullBackOff", "message": "no such image"})
    assert find_pod_problem(pod(**waiting), NOW) == Problem(
        PoolState.IMAGE_UNAVAILABLE, "can't pull the image: no such image"
    )
    assert find_pod_problem(pod(), NOW) is None


def test_an_init_container_counts_like_any_other() -> None:
    waiting = stuck({"reason": "ErrImagePull"})["containerStatuses"]

    assert problem(pod(initContainerStatuses=waiting)) is not None


def test_the_cause_that_most_pods_have_is_told_with_their_number() -> None:
    image = stuck({"reason": "ErrImagePull"})

    found = problem(pod("indexer-0", **image), pod("indexer-1", **UNSCHEDULABLE), pod("indexer-2", **UNSCHEDULABLE))

    assert found is not None
    assert found.message.startswith("2 pods unschedulable: indexer-1, 0/6 nodes")


def test_pods_that_are_going_or_have_ended_or_are_of_others_do_not_count() -> None:
    going, ended, foreign = (pod(**UNSCHEDULABLE) for _ in range(3))
    going.metadata.deletion_timestamp = NOW
    ended.status.phase = "Failed"
    foreign.metadata.labels = {"app": "bidder"}

    assert problem(going, ended, foreign) is None


def test_a_workload_that_says_itself_why_it_gets_no_pods_is_believed() -> None:
    blocked = replace(INDEXER, blocked="exceeded quota: pods")
    assert problem(workload=blocked) == Problem(
        PoolState.QUOTA_EXCEEDED, "the cluster refuses to create more pods: exceeded quota: pods"
    )

    forbidden = problem(workload=replace(INDEXER, blocked="violates PodSecurity"))
    assert forbidden is not None
    assert forbidden.kind is PoolState.NOT_READY


def test_the_latest_failed_creation_of_the_workload_counts() -> None:
    events = (
        event("exceeded quota: old", last=ago(seconds=30)),
        event("exceeded quota: new", last=ago(seconds=10)),
        event("exceeded quota: of another", last=ago(seconds=1), uid="another"),
    )

    found = problem(pod(), events=events)

    assert found is not None
    assert found.message.endswith("exceeded quota: new")


@pytest.mark.parametrize(
    ("pod_created", "is_current"),
    [(ago(seconds=11), True), (ago(seconds=10), True), (ago(seconds=9), False)],
)
def test_a_failed_creation_is_history_once_a_pod_has_been_created_since(pod_created: str, is_current: bool) -> None:
    found = problem(pod(created=pod_created), events=(event("exceeded quota", last=ago(seconds=10)),))

    assert (found is not None) is is_current


def test_a_failed_creation_is_history_when_no_pod_is_lacking() -> None:
    complete = replace(INDEXER, present=4)

    assert problem(events=(event("exceeded quota", last=ago(seconds=1)),), workload=complete) is None


def test_a_failed_creation_without_any_pod_counts() -> None:
    assert problem(events=(event("exceeded quota", last=ago(seconds=10)),)) is not None


def test_a_start_may_take_two_minutes_before_it_is_told() -> None:
    def delay(*pods: Any) -> Problem | None:
        return find_delay(INDEXER, Evidence(pods), NOW)

    long_ready = condition("Ready", "True", lastTransitionTime=ago(hours=1))
    lost_ready = condition("Ready", "False", lastTransitionTime=ago(minutes=14))

    assert delay(pod(created=ago(seconds=119))) is None
    assert delay(pod(created=ago(hours=1), **long_ready)) is None
    assert delay(pod(created=ago(minutes=3)), pod("indexer-1", created=ago(seconds=1))) == Problem(
        PoolState.NOT_READY, "1 pod not ready: indexer-0, for 3 min"
    )
    assert delay(pod(created=ago(hours=30), **lost_ready), pod("indexer-1", created=ago(minutes=3))) == Problem(
        PoolState.NOT_READY, "2 pods not ready: indexer-0, for 14 min"
    )

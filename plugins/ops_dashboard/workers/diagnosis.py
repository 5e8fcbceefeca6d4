"""Why pods do not become ready.

The reasons are those of the kubelet (pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go), of the
scheduler, and of the controllers that create pods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Sized
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ops_dashboard.workers.models import PoolState, Problem
from ops_dashboard.workers.observed import RESTARTED_AT

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Event, V1ContainerStatus, V1Pod

    from ops_dashboard.workers.observed import Observed

_IMAGE = {
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
    "RegistryUnavailable",
    "SignatureValidationFailed",
}
_CANNOT_START = {
    "CreateContainerConfigError",
    "CreateContainerError",
    "PostStartHookError",
    "RunContainerError",
}
_WORDS = {
    PoolState.IMAGE_UNAVAILABLE: "can't pull the image",
    PoolState.CRASHING: "crashing",
    PoolState.UNSCHEDULABLE: "unschedulable",
    PoolState.NOT_READY: "can't start",
}
_ENDED = {"Failed", "Succeeded"}
# The kubelet forgets about crashes after ten minutes, too.
_CRASH_IS_HISTORY_AFTER = timedelta(minutes=10)
_STARTING = timedelta(minutes=2)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found around workloads that have not settled; it may concern others, too.

    Attributes:
        pods: Pods of the namespace.
        failed_creations: Events of attempts to create a pod that failed.
    """

    pods: Sequence[V1Pod] = ()
    failed_creations: Sequence[CoreV1Event] = ()

    def pods_of(self, workload: Observed) -> list[V1Pod]:
        """The workload's pods, without those that have ended or are being deleted."""
        return [
            pod
            for pod in self.pods
            if workload.selector.matches(pod.metadata.labels or {})
            and pod.metadata.deletion_timestamp is None
            and pod.status.phase not in _ENDED
        ]

    def of_newest_pods(self, workload: Observed) -> Evidence:
        """Leave out the older pods of a Deployment that is being restarted, which are replaced whatever is wrong.

        A StatefulSet replaces one after the other, and not before the last one is ready: there all of them count.
        """
        if workload.restarted_at is None:
            return self
        found = [
            pod for pod in self.pods if (pod.metadata.annotations or {}).get(RESTARTED_AT) == workload.restarted_at
        ]
        return replace(self, pods=found)


def find_problem(workload: Observed, evidence: Evidence, now: datetime) -> Problem | None:
    """Return what keeps a workload from settling, if waiting alone may not cure it: the cause that most pods have."""
    pods = evidence.pods_of(workload)
    blocked = workload.blocked or _latest_failure(workload, pods, evidence.failed_creations)
    if blocked is not None:
        kind = PoolState.QUOTA_EXCEEDED if "exceeded quota" in blocked else PoolState.NOT_READY
        return Problem(kind, f"the cluster refuses to create more pods: {blocked}")
    found: dict[PoolState, list[tuple[str, str]]] = defaultdict(list)
    for pod in pods:
        if problem := _pod_problem(pod, now):
            found[problem.kind].append((pod.metadata.name, problem.message))
    if not found:
        return None
    kind, affected = max(found.items(), key=lambda item: len(item[1]))
    name, reason = affected[0]
    return Problem(kind, f"{_counted(affected)} {_WORDS[kind]}: {name}, {reason}")


def find_pod_problem(pod: V1Pod, now: datetime) -> Problem | None:
    """Return what keeps one pod from running or getting ready, if waiting alone may not cure it."""
    problem = _pod_problem(pod, now)
    return problem and Problem(problem.kind, f"{_WORDS[problem.kind]}: {problem.message}")


def find_delay(workload: Observed, evidence: Evidence, now: datetime) -> Problem | None:
    """Return a problem if pods are without a known reason not ready for longer than a start usually takes."""
    unready = {pod.metadata.name: _unready_since(pod) for pod in evidence.pods_of(workload) if not _is_ready(pod)}
    late = {name: since for name, since in unready.items() if now - since > _STARTING}
    if not late:
        return None
    name, since = min(late.items(), key=lambda item: item[1])
    return Problem(PoolState.NOT_READY, f"{_counted(late)} not ready: {name}, for {(now - since) // _MINUTE} min")


def _counted(pods: Sized) -> str:
    return "1 pod" if len(pods) == 1 else f"{len(pods)} pods"


def _latest_failure(workload: Observed, pods: Sequence[V1Pod], failures: Sequence[CoreV1Event]) -> str | None:
    """Events stay for an hour: one from before the newest pod was created is history."""
    if workload.present >= workload.desired:
        return None
    newest_pod = max((pod.metadata.creation_timestamp for pod in pods), default=None)
    current = [
        event
        for event in failures
        if event.involved_object.uid == workload.uid and (newest_pod is None or _time_of(event) >= newest_pod)
    ]
    return max(current, key=_time_of).message if current else None


def _time_of(event: CoreV1Event) -> datetime:
    time: datetime = event.last_timestamp or event.metadata.creation_timestamp
    return time


def _pod_problem(pod: V1Pod, now: datetime) -> Problem | None:
    for condition in pod.status.conditions or ():
        if (condition.type, condition.status, condition.reason) == ("PodScheduled", "False", "Unschedulable"):
            return Problem(PoolState.UNSCHEDULABLE, condition.message.partition(" preemption:")[0])
    for container in (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ())):
        if not container.ready and (problem := _container_problem(container, now)):
            return problem
    return None


def _container_problem(container: V1ContainerStatus, now: datetime) -> Problem | None:
    waiting = container.state.waiting if container.state else None
    if waiting and waiting.reason in _IMAGE:
        return Problem(PoolState.IMAGE_UNAVAILABLE, waiting.message or waiting.reason)
    if waiting and waiting.reason in _CANNOT_START:
        return Problem(PoolState.NOT_READY, f"{waiting.reason}: {waiting.message}")
    if waiting and waiting.reason == "CrashLoopBackOff":
        return Problem(PoolState.CRASHING, waiting.message)
    # Between two crashes the container runs for a moment; the problem is still there.
    crash = container.last_state.terminated if container.last_state else None
    if crash and crash.exit_code != 0 and crash.finished_at and now - crash.finished_at < _CRASH_IS_HISTORY_AFTER:
        return Problem(PoolState.CRASHING, f"its last run ended with exit code {crash.exit_code}")
    return None


def _is_ready(pod: V1Pod) -> bool:
    return any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or ())


def _unready_since(pod: V1Pod) -> datetime:
    changes = (each.last_transition_time for each in pod.status.conditions or () if each.type == "Ready")
    since: datetime = next(changes, None) or pod.metadata.creation_timestamp
    return since

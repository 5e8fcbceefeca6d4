"""What a Deployment or a StatefulSet says about itself, in one vocabulary for both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ops_dashboard.catalog import WorkloadKind
from ops_dashboard.workers.selector import Selector

if TYPE_CHECKING:
    from kubernetes.client import V1Deployment, V1ObjectMeta, V1StatefulSet, V1StatefulSetUpdateStrategy

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""The annotation on a template, and so on its pods, with which `kubectl rollout restart` has all pods replaced."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A workload at one moment.

    Attributes:
        kind: Which kind of object it is.
        uid: Identity of the object; another one if it was deleted and created anew.
        generation: Number of changes of its specification.
        desired: Pods asked for.
        present: Pods that exist.
        ready: Pods that are ready.
        updated: Pods of the newest template.
        settled: The cluster has caught up: all that is asked for is there, and nothing else.
        blocked: Why the cluster cannot create pods, if the workload itself tells; a StatefulSet does not.
        managers: Field managers that own the count.
        selector: Which pods are the workload's.
        being_deleted: The object will be gone soon.
        held_back: Why a new template would not reach all pods, if it would not.
        restarted_at: What RESTARTED_AT says on the newest template, if that tells its pods from older ones.
    """

    kind: WorkloadKind
    uid: str
    generation: int
    desired: int
    present: int
    ready: int
    updated: int
    settled: bool
    blocked: str | None
    managers: tuple[str, ...]
    selector: Selector
    being_deleted: bool
    held_back: str | None = None
    restarted_at: str | None = None

    @property
    def renewed(self) -> bool:
        """Whether it has settled, and all its pods are of the newest template."""
        return self.settled and self.updated == self.desired


def observe_deployment(deployment: V1Deployment) -> Observed:
    """Read a Deployment.

    It has settled by the rules of `kubectl rollout status`, and when pods that should go are gone. The newest template
    does not count while the rollout of templates is paused.
    """
    spec, status = deployment.spec, deployment.status
    counts = {status.replicas or 0, status.available_replicas or 0}
    if not spec.paused:
        counts.add(status.updated_replicas or 0)
    observed = _observed(WorkloadKind.DEPLOYMENT, deployment, counts, _replica_failure(status.conditions or []))
    restarted_at = (spec.template.metadata.annotations or {}).get(RESTARTED_AT) if spec.template.metadata else None
    return replace(observed, held_back="its rollouts are paused" if spec.paused else None, restarted_at=restarted_at)


def observe_stateful_set(stateful_set: V1StatefulSet) -> Observed:
    """Read a StatefulSet.

    Which template its pods have says nothing about a change of the count: by OnDelete or a partition old ones may stay.
    """
    status = stateful_set.status
    counts = {status.replicas or 0, status.ready_replicas or 0}
    observed = _observed(WorkloadKind.STATEFUL_SET, stateful_set, counts, None)
    return replace(observed, held_back=_held_back(stateful_set.spec.update_strategy))


def _observed(
    kind: WorkloadKind, workload: V1Deployment | V1StatefulSet, counts: set[int], blocked: str | None
) -> Observed:
    metadata, status, desired = workload.metadata, workload.status, workload.spec.replicas or 0
    return Observed(
        kind=kind,
        uid=metadata.uid,
        generation=metadata.generation,
        desired=desired,
        present=status.replicas or 0,
        ready=status.ready_replicas or 0,
        updated=status.updated_replicas or 0,
        settled=(status.observed_generation or 0) >= metadata.generation and counts == {desired},
        blocked=blocked,
        managers=_managers_of_the_count(metadata),
        selector=Selector.of(workload.spec.selector),
        being_deleted=metadata.deletion_timestamp is not None,
    )


def _held_back(strategy: V1StatefulSetUpdateStrategy | None) -> str | None:
    if strategy is None:
        return None
    if strategy.type == "OnDelete":
        return "its pods are replaced only when somebody deletes them (OnDelete)"
    partition = strategy.rolling_update.partition if strategy.rolling_update else None
    return f"its pods below number {partition} keep their template (partition)" if partition else None


def _replica_failure(conditions: list[Any]) -> str | None:
    failures = (each.message for each in conditions if each.type == "ReplicaFailure" and each.status == "True")
    return next(failures, None)


def _managers_of_the_count(metadata: V1ObjectMeta) -> tuple[str, ...]:
    # A plain write takes the field away from all other managers, so what is left changed it or agrees with it. Times
    # do not help: the API server keeps none for writes to the scale subresource.
    return tuple(
        entry.manager
        for entry in metadata.managed_fields or ()
        if "f:replicas" in (entry.fields_v1 or {}).get("f:spec", {})
    )

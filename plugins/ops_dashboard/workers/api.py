"""The calls that the product makes to a Kubernetes API server; `deploy/rbac.yaml` grants exactly these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ops_dashboard.catalog import WorkloadKind
from ops_dashboard.workers.connection import (
    FIELD_MANAGER,
    PAGE_TIMEOUT_SECONDS,
    TIMEOUT_SECONDS,
    ClusterConnection,
)
from ops_dashboard.workers.errors import WorkloadMissingError
from ops_dashboard.workers.models import Scale, Workload
from ops_dashboard.workers.observed import RESTARTED_AT, Observed, observe_deployment, observe_stateful_set

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Event, V1Pod

    from ops_dashboard.catalog import Pool

_FAILED_CREATIONS = "involvedObject.kind=StatefulSet,reason=FailedCreate"


@dataclass(frozen=True, slots=True)
class _Calls:
    resource: str
    observe: Callable[[Any], Observed]
    read: Callable[..., Any]
    list: Callable[..., Any]
    patch: Callable[..., Any]
    patch_scale: Callable[..., Any]


class ClusterApi:
    """One cluster, reached through an Airflow connection of the type Kubernetes.

    The client is made at the first call and kept. Every call is tried once; errors come as `WorkersError`.
    """

    def __init__(self, connection_id: str) -> None:
        self._cluster = ClusterConnection(connection_id)

    def observe(self, workload: Workload) -> Observed:
        """Return what a workload says about itself."""
        calls, name, namespace = self._calls(workload.kind), workload.workload, workload.namespace
        with self._cluster.asking("get", calls.resource, namespace, name):
            observed = calls.observe(calls.read(name, namespace, _request_timeout=TIMEOUT_SECONDS))
        if observed.being_deleted:
            raise WorkloadMissingError(f"{workload.kind} {name} in namespace {namespace} is being deleted")
        return observed

    def observe_all(self, kind: WorkloadKind, namespace: str) -> dict[str, Observed]:
        """Return what all workloads of a kind say about themselves, by name."""
        calls = self._calls(kind)
        with self._cluster.asking("list", calls.resource, namespace):
            found = calls.list(namespace, _request_timeout=PAGE_TIMEOUT_SECONDS).items
        return {workload.metadata.name: calls.observe(workload) for workload in found}

    def patch_scale(self, pool: Pool, operations: list[dict[str, object]]) -> Scale:
        """Apply a JSON-Patch (RFC 6902) to the scale of the pool's workload, and return what came of it."""
        calls = self._calls(pool.kind)
        with self._cluster.asking("patch", f"{calls.resource}/scale", pool.namespace, pool.workload):
            scale = calls.patch_scale(
                pool.workload,
                pool.namespace,
                operations,  # the client sends a list as JSON-Patch
                field_manager=FIELD_MANAGER,
                _request_timeout=TIMEOUT_SECONDS,
            )
        # The scale of a workload with no replicas has no replicas in it at all.
        return Scale(scale.metadata.uid, scale.spec.replicas or 0)

    def restart(self, workload: Workload, at: datetime) -> None:
        """Write a time into the pod template, upon which all pods are replaced; the same time again changes nothing."""
        calls, name, namespace = self._calls(workload.kind), workload.workload, workload.namespace
        annotations = {RESTARTED_AT: at.isoformat(timespec="milliseconds")}
        with self._cluster.asking("patch", calls.resource, namespace, name):
            calls.patch(
                name,
                namespace,
                {"spec": {"template": {"metadata": {"annotations": annotations}}}},
                field_manager=FIELD_MANAGER,
                _request_timeout=TIMEOUT_SECONDS,
            )

    def pods(self, namespace: str, selector: str = "") -> Sequence[V1Pod]:
        """Return the pods that a label selector picks."""
        with self._cluster.asking("list", "pods", namespace):
            core = self._cluster.hook.core_v1_client
            found = core.list_namespaced_pod(namespace, label_selector=selector, _request_timeout=TIMEOUT_SECONDS)
        return list(found.items)

    def failed_creations(self, namespace: str) -> Sequence[CoreV1Event]:
        """Return the events of StatefulSets that could not create a pod."""
        with self._cluster.asking("list", "events", namespace):
            core = self._cluster.hook.core_v1_client
            found = core.list_namespaced_event(
                namespace, field_selector=_FAILED_CREATIONS, _request_timeout=TIMEOUT_SECONDS
            )
        return list(found.items)

    def _calls(self, kind: WorkloadKind) -> _Calls:
        apps = self._cluster.hook.apps_v1_client
        if kind is WorkloadKind.DEPLOYMENT:
            return _Calls(
                "deployments",
                observe_deployment,
                apps.read_namespaced_deployment,
                apps.list_namespaced_deployment,
                apps.patch_namespaced_deployment,
                apps.patch_namespaced_deployment_scale,
            )
        return _Calls(
            "statefulsets",
            observe_stateful_set,
            apps.read_namespaced_stateful_set,
            apps.list_namespaced_stateful_set,
            apps.patch_namespaced_stateful_set,
            apps.patch_namespaced_stateful_set_scale,
        )

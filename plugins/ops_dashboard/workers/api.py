"""The calls that the product makes to a Kubernetes API server; `deploy/rbac.yaml` grants exactly these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ops_dashboard.catalog import WorkloadKind
from ops_dashboard.workers.errors import ClusterDownError, NotConfiguredError, NotPermittedError, WorkloadMissingError
from ops_dashboard.workers.models import Scale
from ops_dashboard.workers.observed import Observed, observe_deployment, observe_stateful_set
from ops_dashboard.workers.translation import plain_errors

if TYPE_CHECKING:
    from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook
    from kubernetes.client import CoreV1Event, V1Pod

    from ops_dashboard.catalog import Pool

FIELD_MANAGER = "ops-dashboard"
"""The name by which Kubernetes knows who set a count."""

_TIMEOUT_SECONDS = (3, 10)  # to connect, to answer
_LIST_TIMEOUT_SECONDS = (2, 5)  # somebody waits for a page
_FAILED_CREATIONS = "involvedObject.kind=StatefulSet,reason=FailedCreate"


@dataclass(frozen=True, slots=True)
class _Calls:
    resource: str
    observe: Callable[[Any], Observed]
    read: Callable[..., Any]
    list: Callable[..., Any]
    patch_scale: Callable[..., Any]


class ClusterApi:
    """One cluster, reached through an Airflow connection of the type Kubernetes.

    The client is made at the first call and kept. Every call is tried once; errors come as `WorkersError`.
    """

    def __init__(self, connection_id: str) -> None:
        self._connection_id = connection_id

    def observe(self, pool: Pool) -> Observed:
        """Return what the pool's workload says about itself."""
        calls = self._calls(pool.kind)
        with self._asking("get", calls.resource, pool.namespace, pool.workload):
            observed = calls.observe(calls.read(pool.workload, pool.namespace, _request_timeout=_TIMEOUT_SECONDS))
        if observed.being_deleted:
            raise WorkloadMissingError(f"{pool.kind} {pool.workload} in namespace {pool.namespace} is being deleted")
        return observed

    def observe_all(self, kind: WorkloadKind, namespace: str) -> dict[str, Observed]:
        """Return what all workloads of a kind say about themselves, by name."""
        calls = self._calls(kind)
        with self._asking("list", calls.resource, namespace):
            found = calls.list(namespace, _request_timeout=_LIST_TIMEOUT_SECONDS).items
        return {workload.metadata.name: calls.observe(workload) for workload in found}

    def patch_scale(self, pool: Pool, operations: list[dict[str, object]]) -> Scale:
        """Apply a JSON-Patch (RFC 6902) to the scale of the pool's workload, and return what came of it."""
        calls = self._calls(pool.kind)
        with self._asking("patch", f"{calls.resource}/scale", pool.namespace, pool.workload):
            scale = calls.patch_scale(
                pool.workload,
                pool.namespace,
                operations,  # the client sends a list as JSON-Patch
                field_manager=FIELD_MANAGER,
                _request_timeout=_TIMEOUT_SECONDS,
            )
        # The scale of a workload with no replicas has no replicas in it at all.
        return Scale(scale.metadata.uid, scale.spec.replicas or 0)

    def pods(self, namespace: str, selector: str = "") -> Sequence[V1Pod]:
        """Return the pods that a label selector picks."""
        with self._asking("list", "pods", namespace):
            core = self._hook.core_v1_client
            found = core.list_namespaced_pod(namespace, label_selector=selector, _request_timeout=_TIMEOUT_SECONDS)
        return list(found.items)

    def failed_creations(self, namespace: str) -> Sequence[CoreV1Event]:
        """Return the events of StatefulSets that could not create a pod."""
        with self._asking("list", "events", namespace):
            core = self._hook.core_v1_client
            found = core.list_namespaced_event(
                namespace, field_selector=_FAILED_CREATIONS, _request_timeout=_TIMEOUT_SECONDS
            )
        return list(found.items)

    def _calls(self, kind: WorkloadKind) -> _Calls:
        apps = self._hook.apps_v1_client
        if kind is WorkloadKind.DEPLOYMENT:
            return _Calls(
                "deployments",
                observe_deployment,
                apps.read_namespaced_deployment,
                apps.list_namespaced_deployment,
                apps.patch_namespaced_deployment_scale,
            )
        return _Calls(
            "statefulsets",
            observe_stateful_set,
            apps.read_namespaced_stateful_set,
            apps.list_namespaced_stateful_set,
            apps.patch_namespaced_stateful_set_scale,
        )

    @cached_property
    def _hook(self) -> KubernetesHook:
        from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook
        from airflow.sdk.exceptions import AirflowException
        from kubernetes.config import ConfigException
        from yaml import YAMLError

        hook = KubernetesHook(conn_id=self._connection_id)
        try:
            client = hook.api_client
        except (AirflowException, ConfigException, OSError, ValueError, TypeError, YAMLError) as error:
            raise NotConfiguredError(self._connection_id, str(error)) from error
        # By itself urllib3 tries three times more, without a pause; trying again is counted and paced elsewhere.
        client.rest_client.pool_manager.connection_pool_kw["retries"] = False
        return hook

    @contextmanager
    def _asking(self, verb: str, resource: str, namespace: str, name: str = "") -> Iterator[None]:
        host = self._hook.api_client.configuration.host
        try:
            with plain_errors(self._connection_id, host, f"{verb} {resource} {name}".rstrip(), namespace):
                yield
        except (NotPermittedError, ClusterDownError):
            # The address and the credentials that are kept may have been replaced since.
            self.__dict__.pop("_hook", None)
            raise

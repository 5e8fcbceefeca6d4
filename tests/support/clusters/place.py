"""A namespace of a test's own, and what other people do in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ops_dashboard.catalog import Pool, WorkloadKind
from tests.support.clusters.cluster import MERGE_PATCH, Cluster

_EVENTUALLY_SECONDS = 30
_PLURALS = {WorkloadKind.DEPLOYMENT: "deployments", WorkloadKind.STATEFUL_SET: "statefulsets"}


@dataclass(frozen=True, slots=True)
class Place:
    """A namespace in which the product's service account has its rights; methods act as other people, as admins.

    `connection` is the Airflow connection of the product to the cluster, `token` that of the service account.
    """

    cluster: Cluster
    namespace: str
    connection: str
    token: str

    def create(
        self,
        kind: WorkloadKind,
        replicas: int,
        *,
        name: str = "worker",
        behaviour: str | None = None,
        cpu: str = "1m",
    ) -> Pool:
        """Create a workload; `behaviour` is how its pods get stuck, `cpu` what each of them requests."""
        labels = {"app": name}
        service = {"serviceName": name} if kind is WorkloadKind.STATEFUL_SET else {}
        container = {"name": "main", "image": "registry.k8s.io/pause:3.10", "resources": {"requests": {"cpu": cpu}}}
        metadata = {"labels": labels, "annotations": {"ops-test/behaviour": behaviour} if behaviour else {}}
        spec = {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": metadata,
                "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
            },
            **service,
        }
        self.post(
            f"/apis/apps/v1/namespaces/{self.namespace}/{_PLURALS[kind]}", {"metadata": {"name": name}, "spec": spec}
        )
        return self.pool(kind, name)

    def pool(self, kind: WorkloadKind, name: str = "worker") -> Pool:
        """What the catalog would say of a workload."""
        return Pool(
            name=f"test/{name}",
            connection=self.connection,
            namespace=self.namespace,
            kind=kind,
            workload=name,
            min=0,
            max=100,
            owner="Tests",
        )

    def create_config(self, data: dict[str, str] | None, *, name: str = "bidder-config", **more: object) -> None:
        """Create a ConfigMap; None is one without any data."""
        content = {} if data is None else {"data": data}
        self.post(f"/api/v1/namespaces/{self.namespace}/configmaps", {"metadata": {"name": name}, **content, **more})

    def config(self, name: str = "bidder-config") -> dict[str, Any]:
        """A ConfigMap, as the API server has it."""
        answer = self.cluster.request("GET", f"/api/v1/namespaces/{self.namespace}/configmaps/{name}")
        assert answer.status == 200, answer
        return answer.document

    def set_config(self, data: dict[str, str | None], *, name: str = "bidder-config", manager: str = "kubectl") -> None:
        """Change a ConfigMap as somebody else; None removes a key."""
        path = f"/api/v1/namespaces/{self.namespace}/configmaps/{name}?fieldManager={manager}"
        answer = self.cluster.request("PATCH", path, {"data": data}, content_type=MERGE_PATCH)
        assert answer.status == 200, answer

    def limit_pods(self, count: int) -> None:
        """Put a quota on the namespace."""
        quota = {"metadata": {"name": "pods"}, "spec": {"hard": {"pods": str(count)}}}
        path = f"/api/v1/namespaces/{self.namespace}/resourcequotas"
        self.post(path, quota)

    def path(self, pool: Pool) -> str:
        """The URL path of a pool's workload."""
        return f"/apis/apps/v1/namespaces/{pool.namespace}/{_PLURALS[pool.kind]}/{pool.workload}"

    def workload(self, pool: Pool) -> dict[str, Any]:
        """A pool's workload, as the API server has it."""
        answer = self.cluster.request("GET", self.path(pool))
        assert answer.status == 200, answer
        return answer.document

    def patch(self, pool: Pool, change: dict[str, object], *, manager: str = "kubectl") -> None:
        """Edit a workload as somebody else."""
        path = f"{self.path(pool)}?fieldManager={manager}"
        answer = self.cluster.request("PATCH", path, change, content_type=MERGE_PATCH)
        assert answer.status == 200, answer

    def set_count(self, pool: Pool, count: int, *, manager: str = "kubectl") -> None:
        """Change a count as somebody else."""
        self.patch(pool, {"spec": {"replicas": count}}, manager=manager)

    def delete(self, pool: Pool) -> None:
        """Delete a workload."""
        answer = self.cluster.request("DELETE", self.path(pool))
        assert answer.status == 200, answer

    def post(self, path: str, document: dict[str, Any]) -> None:
        """Create any object."""
        answer = self.cluster.request("POST", path, document)
        assert answer.status == 201, answer

    def until_ready(self, pool: Pool, count: int) -> None:
        """Wait until a workload has so many ready pods."""
        eventually(lambda: self.workload(pool)["status"].get("readyReplicas", 0) == count)


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something comes true.

    Raises:
        TimeoutError: It does not, for far longer than it should take.
    """
    deadline = time.monotonic() + _EVENTUALLY_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("It did not come true.")
        time.sleep(0.05)

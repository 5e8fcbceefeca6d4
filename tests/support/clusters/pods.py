"""What the cluster and other people do to the pods of operations, in a namespace that is open to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops_dashboard.catalog import PodRun
from tests.support.clusters.cluster import MERGE_PATCH, Cluster
from tests.support.clusters.place import eventually

IMAGE = "registry.example/ops/rebuild-index@sha256:0"


@dataclass(frozen=True, slots=True)
class PodPlace:
    """A namespace in which the product's service account may run pods; methods act as the cluster, as an admin."""

    cluster: Cluster
    namespace: str
    connection: str

    def run(self, **changes: Any) -> PodRun:
        """What the catalog would say of a pod here."""
        return PodRun(
            **{"connection": self.connection, "namespace": self.namespace, "image": IMAGE, "cpu": "10m"} | changes
        )

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"

    def pods(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.cluster.request("GET", self.path).document["items"]
        return items

    def until(self, phase: str) -> dict[str, Any]:
        """Wait for the one pod to be in a phase, and return it."""
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            found[:] = [pod for pod in self.pods() if pod["status"].get("phase") == phase]
            return bool(found)

        eventually(is_there)
        (pod,) = found
        return pod

    def finish(self, exit_code: int = 0, **terminated: Any) -> dict[str, Any]:
        """Wait until the one pod runs, end its container, and return how it was before."""
        pod = self.until("Running")
        self.end(pod, exit_code, **terminated)
        return pod

    def end(self, pod: dict[str, Any], exit_code: int, *, of_pod: dict[str, str] | None = None, **told: Any) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ended = {"exitCode": exit_code, "startedAt": now, "finishedAt": now, **told}
        containers = [
            {**each, "ready": False, "state": {"terminated": ended}} for each in pod["status"]["containerStatuses"]
        ]
        phase = "Failed" if exit_code else "Succeeded"
        status = {"phase": phase, "containerStatuses": containers, **(of_pod or {})}
        self.patch(pod, {"status": status}, "/status")

    def patch(self, pod: dict[str, Any], change: dict[str, object], subresource: str = "") -> None:
        path = f"{self.path}/{pod['metadata']['name']}{subresource}"
        answer = self.cluster.request("PATCH", path, change, content_type=MERGE_PATCH)
        assert answer.status == 200, answer

    def remove(self) -> None:
        """Delete the one running pod, as somebody else."""
        name = self.until("Running")["metadata"]["name"]
        self.cluster.request("DELETE", f"{self.path}/{name}?gracePeriodSeconds=0")

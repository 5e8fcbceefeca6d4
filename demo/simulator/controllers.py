"""The controllers: they create and delete the pods of workloads, and keep the workloads' status."""

from __future__ import annotations

import secrets
from copy import deepcopy
from math import ceil

from demo.simulator.documents import DEPLOYMENTS, EVENTS, PODS, QUOTAS, STATEFUL_SETS, Document, Resource
from demo.simulator.errors import StatusError
from demo.simulator.pods import is_current, is_ready, pod_of
from demo.simulator.store import Store

_MANAGER = "kube-controller-manager"


class Controllers:
    """Brings what is in the store closer to what is asked for, a step with every call."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sync_deployments(self) -> None:
        """Create what is missing of Deployments, delete what is too much, replace what is of an older template."""
        for deployment in self._store.list(DEPLOYMENTS):
            pods, desired = self._pods_of(deployment), deployment["spec"]["replicas"]
            new = [pod for pod in pods if is_current(pod, deployment)]
            surge = ceil(desired / 4) if len(new) < len(pods) else 0
            failure = None
            for _ in range(min(desired - len(new), desired + surge - len(pods))):
                name = (
                    f"{deployment['metadata']['name']}-{deployment['metadata']['uid'][:8]}-{secrets.token_hex(3)[:5]}"
                )
                failure = failure or self._create(deployment, name)
            for pod in _doomed(deployment, pods):
                self._delete(pod)
            self._report(DEPLOYMENTS, deployment, failure)

    def sync_stateful_sets(self) -> None:
        """Create or delete the last pod of a StatefulSet, the next one only when all before are ready.

        Pods of an older template are replaced one by one, the last first, as far as the update's partition lets them.
        """
        for stateful_set in self._store.list(STATEFUL_SETS):
            pods = {_number(pod): pod for pod in self._pods_of(stateful_set)}
            desired = stateful_set["spec"]["replicas"]
            missing = next((number for number in range(desired) if number not in pods), None)
            kept = _partition(stateful_set)
            outdated = [number for number, pod in pods.items() if number >= kept and not is_current(pod, stateful_set)]
            if pods and max(pods) >= desired:
                self._delete(pods[max(pods)])
            elif all(map(is_ready, pods.values())):
                if missing is not None:
                    name = f"{stateful_set['metadata']['name']}-{missing}"
                    if failure := self._create(stateful_set, name):
                        self._record(stateful_set, f"Create Pod {name} failed error: {failure}")
                elif outdated:
                    self._delete(pods[max(outdated)])
            self._report(STATEFUL_SETS, stateful_set, None)

    def _pods_of(self, workload: Document) -> list[Document]:
        """The workload's pods, the oldest first."""
        uid = workload["metadata"]["uid"]
        return [
            pod
            for pod in self._store.list(PODS, workload["metadata"]["namespace"])
            if pod["metadata"]["ownerReferences"][0]["uid"] == uid
        ]

    def _create(self, workload: Document, name: str) -> str | None:
        """Create a pod, or return why that is forbidden."""
        namespace = workload["metadata"]["namespace"]
        used = len(self._store.list(PODS, namespace))
        for quota in self._store.list(QUOTAS, namespace):
            hard = int(quota["spec"]["hard"].get("pods", used + 1))
            if used >= hard:
                return (
                    f'pods "{name}" is forbidden: exceeded quota: {quota["metadata"]["name"]}, '
                    f"requested: pods=1, used: pods={used}, limited: pods={hard}"
                )
        self._store.create(PODS, namespace, pod_of(workload, name), _MANAGER)
        return None

    def _delete(self, pod: Document) -> None:
        self._store.delete(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"])

    def _record(self, workload: Document, message: str) -> None:
        """Write a FailedCreate event, or the same one again."""
        metadata, now = workload["metadata"], self._store.time()
        name = f"{metadata['name']}.{metadata['uid'][:8]}"
        try:
            event = deepcopy(self._store.get(EVENTS, metadata["namespace"], name))
        except StatusError:
            event = self._store.create(EVENTS, metadata["namespace"], _event(workload, name, now), _MANAGER)
        self._store.update(EVENTS, {**event, "message": message, "lastTimestamp": now})

    def _report(self, resource: Resource, workload: Document, failure: str | None) -> None:
        pods = self._pods_of(workload)
        updated = sum(is_current(pod, workload) for pod in pods)
        status = _status(workload, len(pods), updated, sum(map(is_ready, pods)))
        if failure:
            status["conditions"] = [
                {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": failure}
            ]
        self._store.update(resource, {**workload, "status": status})


def _doomed(deployment: Document, pods: list[Document]) -> list[Document]:
    """What a Deployment has too much of: what is not ready goes first, then what is new.

    Of an older template only as many ready pods go as can be spared: at most a quarter of those asked for is away.
    """
    desired = deployment["spec"]["replicas"]
    old = [pod for pod in pods if not is_current(pod, deployment)]
    if not old:
        newest_first = pods[::-1]
        newest_first.sort(key=is_ready)
        return newest_first[: max(0, len(pods) - desired)]
    spare = sum(map(is_ready, pods)) - (desired - desired // 4)
    idle = [pod for pod in old if not is_ready(pod)]
    return idle + [pod for pod in old if is_ready(pod)][: max(0, spare)]


def _partition(stateful_set: Document) -> int:
    return int(stateful_set["spec"].get("updateStrategy", {}).get("rollingUpdate", {}).get("partition", 0))


def _number(pod: Document) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _status(workload: Document, present: int, updated: int, ready: int) -> Document:
    counts = {"replicas": present, "updatedReplicas": updated, "readyReplicas": ready, "availableReplicas": ready}
    always = {"replicas"} if workload["kind"] == STATEFUL_SETS.kind else set()
    return {
        "observedGeneration": workload["metadata"]["generation"],
        # Zeros are left out, as the API server does.
        **{name: count for name, count in counts.items() if count or name in always},
    }


def _event(workload: Document, name: str, now: str) -> Document:
    metadata = workload["metadata"]
    return {
        "metadata": {"name": name},
        "type": "Warning",
        "reason": "FailedCreate",
        "firstTimestamp": now,
        "involvedObject": {
            "kind": workload["kind"],
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
    }

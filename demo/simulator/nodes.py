"""The nodes: the scheduler that gives them pods, and the kubelets that start these."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from demo.simulator.documents import PODS, Document
from demo.simulator.pods import is_starting, placed, running, unschedulable
from demo.simulator.store import Store


@dataclass(frozen=True, slots=True)
class NodePool:
    """Nodes of equal size: how many, with how many CPU cores and room for how many pods each."""

    count: int = 3
    cpu: int = 16
    pods: int = 110


class Nodes:
    """Moves pods along.

    Args:
        pool: The nodes.
        store: Where the pods are.
        pod_seconds: How long a pod takes to get ready once it is its turn; those of a workload take turns.
        clock: Seconds that only ever go forward.
    """

    def __init__(self, pool: NodePool, store: Store, pod_seconds: float, clock: Callable[[], float]) -> None:
        self._pool = pool
        self._store = store
        self._pod_seconds = pod_seconds
        self._clock = clock
        self._turn_began: dict[str, float] = {}

    def schedule(self) -> None:
        """Place the pods that are on no node."""
        cpu: Counter[str] = Counter()
        count: Counter[str] = Counter()
        waiting = []
        for pod in self._store.list(PODS):
            node = pod["spec"].get("nodeName")
            if node is None:
                waiting.append(pod)
            else:
                cpu[node] += _millicores(pod)
                count[node] += 1
        for pod in waiting:
            self._place(pod, cpu, count)

    def start(self) -> None:
        """Let pods get ready whose time has come."""
        starting = defaultdict(list)
        for pod in self._store.list(PODS):
            if is_starting(pod):
                starting[pod["metadata"]["ownerReferences"][0]["uid"]].append(pod)
        now = self._clock()
        self._turn_began = {owner: self._turn_began.get(owner, now) for owner in starting}
        for owner, pods in starting.items():
            if now - self._turn_began[owner] >= self._pod_seconds:
                self._store.update(PODS, running(pods[0], self._store.time()))
                self._turn_began[owner] = now

    def _place(self, pod: Document, cpu: Counter[str], count: Counter[str]) -> None:
        needed = _millicores(pod)
        names = [f"node-{number}" for number in range(self._pool.count)]
        with_cpu = [name for name in names if cpu[name] + needed <= self._pool.cpu * 1000]
        for name in sorted(with_cpu, key=lambda name: count[name]):
            if count[name] < self._pool.pods:
                cpu[name] += needed
                count[name] += 1
                self._store.update(PODS, placed(pod, name, self._store.time()))
                return
        if not any(each["type"] == "PodScheduled" for each in pod["status"].get("conditions", ())):
            lacking = "Too many pods" if with_cpu else "Insufficient cpu"
            message = f"0/{len(names)} nodes are available: {len(names)} {lacking}."
            self._store.update(PODS, unschedulable(pod, message, self._store.time()))


def _millicores(pod: Document) -> int:
    requests = (each.get("resources", {}).get("requests", {}).get("cpu", "0") for each in pod["spec"]["containers"])
    return sum(
        int(cpu.removesuffix("m")) if cpu.endswith("m") else round(float(cpu) * 1000) for cpu in map(str, requests)
    )

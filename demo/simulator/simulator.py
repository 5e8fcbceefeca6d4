"""The simulated cluster as a whole."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import yaml
from starlette.types import ASGIApp

from demo.simulator.access import Access
from demo.simulator.app import api_app
from demo.simulator.controllers import Controllers
from demo.simulator.documents import WORKLOADS
from demo.simulator.faults import Faults
from demo.simulator.nodes import NodePool, Nodes
from demo.simulator.store import Store, resource_of

_STEP_SECONDS = 0.05


class Simulator:
    """A cluster in memory.

    Args:
        nodes: What there is room for.
        pod_seconds: How long a pod takes to get ready; the pods of a workload take turns.

    Attributes:
        access: Issues the tokens by which clients are known.
        faults: Spoils answers on demand.
        counts_file: Where the worker counts are written down at the end; None forgets them.
        app: The API server as an ASGI application; while it runs, the cluster lives.
    """

    def __init__(self, *, nodes: NodePool = NodePool(), pod_seconds: float = 1.0) -> None:  # noqa: B008 - frozen
        self._store = Store(lambda: datetime.now(UTC))
        self._controllers = Controllers(self._store)
        self._nodes = Nodes(nodes, self._store, pod_seconds, time.monotonic)
        self.access = Access(self._store)
        self.faults = Faults()
        self.counts_file: Path | None = None
        self.app: ASGIApp = self.faults.around(api_app(self._store, self.access, self._live))

    def load(self, manifest: Path) -> None:
        """Create all objects of a YAML manifest.

        Raises:
            StatusError: One exists, or is not acceptable.
        """
        for document in yaml.safe_load_all(manifest.read_text()):
            namespace = document["metadata"].get("namespace", "")
            self._store.create(resource_of(document), namespace, document, "kubectl-client-side-apply")

    def save_counts(self, path: Path) -> None:
        """Write down how many replicas each workload has."""
        counts = [
            [kind.kind, document["metadata"]["namespace"], document["metadata"]["name"], document["spec"]["replicas"]]
            for kind in WORKLOADS
            for document in self._store.list(kind)
        ]
        path.write_text(json.dumps(counts))

    def restore_counts(self, path: Path) -> None:
        """Give the workloads that are still there the counts that were written down."""
        wanted = {(kind, namespace, name): count for kind, namespace, name, count in json.loads(path.read_text())}
        for kind in WORKLOADS:
            for document in self._store.list(kind):
                metadata = document["metadata"]
                count = wanted.get((kind.kind, metadata["namespace"], metadata["name"]))
                if count is not None:
                    self._store.update(
                        kind, {**document, "spec": {**document["spec"], "replicas": count}}, manager="restart"
                    )

    def step(self) -> None:
        """Let every part of the cluster do what there is to do now."""
        self._controllers.sync_deployments()
        self._controllers.sync_stateful_sets()
        self._nodes.schedule()
        self._nodes.start()

    @asynccontextmanager
    async def _live(self, _app: object) -> AsyncIterator[None]:
        async def run() -> None:
            while True:
                self.step()
                await asyncio.sleep(_STEP_SECONDS)

        life = asyncio.create_task(run())
        yield
        if self.counts_file is not None:
            self.save_counts(self.counts_file)
        life.cancel()
        with suppress(asyncio.CancelledError):
            await life

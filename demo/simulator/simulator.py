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
from demo.simulator.documents import CONFIG_MAPS, WORKLOADS, Document
from demo.simulator.faults import Faults
from demo.simulator.nodes import NodePool, Nodes
from demo.simulator.store import Store, resource_of

_STEP_SECONDS = 0.05
_KEPT = (*WORKLOADS, CONFIG_MAPS)


class Simulator:
    """A cluster in memory.

    Args:
        nodes: What there is room for.
        pod_seconds: How long a pod takes to get ready; the pods of a workload take turns.

    Attributes:
        access: Issues the tokens by which clients are known.
        faults: Spoils answers on demand.
        state_file: Where worker counts and ConfigMaps are written down at the end; None forgets them.
        app: The API server as an ASGI application; while it runs, the cluster lives.
    """

    def __init__(self, *, nodes: NodePool = NodePool(), pod_seconds: float = 1.0) -> None:  # noqa: B008 - frozen
        self._store = Store(lambda: datetime.now(UTC))
        self._controllers = Controllers(self._store)
        self._nodes = Nodes(nodes, self._store, pod_seconds, time.monotonic)
        self.access = Access(self._store)
        self.faults = Faults()
        self.state_file: Path | None = None
        self.app: ASGIApp = self.faults.around(api_app(self._store, self.access, self._live))

    def load(self, manifest: Path) -> None:
        """Create all objects of a YAML manifest.

        Raises:
            StatusError: One exists, or is not acceptable.
        """
        for document in yaml.safe_load_all(manifest.read_text()):
            namespace = document["metadata"].get("namespace", "")
            self._store.create(resource_of(document), namespace, document, "kubectl-client-side-apply")

    def save(self, path: Path) -> None:
        """Write down how many replicas each workload has, and what each ConfigMap holds."""
        kept = [
            [kind.kind, document["metadata"]["namespace"], document["metadata"]["name"], _kept_of(document)]
            for kind in _KEPT
            for document in self._store.list(kind)
        ]
        path.write_text(json.dumps(kept))

    def restore(self, path: Path) -> None:
        """Give what is still there what was written down."""
        kept = {(kind, namespace, name): value for kind, namespace, name, value in json.loads(path.read_text())}
        for kind in _KEPT:
            for document in self._store.list(kind):
                metadata = document["metadata"]
                value = kept.get((kind.kind, metadata["namespace"], metadata["name"]))
                if value is not None:
                    self._store.update(kind, _with_kept(document, value), manager="restart")

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
        if self.state_file is not None:
            self.save(self.state_file)
        life.cancel()
        with suppress(asyncio.CancelledError):
            await life


def _kept_of(document: Document) -> object:
    return document.get("data", {}) if document["kind"] == CONFIG_MAPS.kind else document["spec"]["replicas"]


def _with_kept(document: Document, value: object) -> Document:
    if document["kind"] == CONFIG_MAPS.kind:
        return {**document, "data": value}
    return {**document, "spec": {**document["spec"], "replicas": value}}

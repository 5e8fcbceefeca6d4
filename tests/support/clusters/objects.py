"""Kubernetes objects, as the client makes them of an API server's answers."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from kubernetes.client import ApiClient

from ops_dashboard.catalog import Pool, WorkloadKind

BIDDER = Pool(
    name="ads/bidder",
    connection="cluster",
    namespace="ads",
    kind=WorkloadKind.DEPLOYMENT,
    workload="bidder",
    min=0,
    max=100,
    owner="Ads",
)


def from_json(kind: str, document: dict[str, Any]) -> Any:
    """Return the client's model, such as V1Pod, of a document."""
    with ApiClient() as client:
        return client.deserialize(SimpleNamespace(data=json.dumps(document)), kind)

"""The `scale` of a workload: the small view through which its count is changed."""

from __future__ import annotations

from copy import deepcopy

from demo.simulator.documents import Document, Resource
from demo.simulator.errors import conflict

_SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(workload: Document) -> Document:
    """Return the Scale object; a count of zero is left out of it, as the API server does."""
    replicas = workload["spec"]["replicas"]
    status = {"replicas": workload["status"].get("replicas", 0), "selector": _selector(workload)}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: workload["metadata"][key] for key in _SHOWN},
        "spec": {"replicas": replicas} if replicas != 0 else {},
        "status": status,
    }


def scaled(resource: Resource, workload: Document, scale: Document) -> Document:
    """Return the workload with the count of a patched Scale object, where null and nothing mean zero.

    Raises:
        StatusError: 409, the Scale object is that of another workload, or of an earlier state of this one.
    """
    metadata, name = workload["metadata"], workload["metadata"]["name"]
    if scale["metadata"].get("uid") != metadata["uid"]:
        raise conflict(f"{resource.plural}/scale.{resource.group}", name, "Precondition failed: UID")
    if scale["metadata"].get("resourceVersion") != metadata["resourceVersion"]:
        raise conflict(resource.qualified, name, "the object has been modified")
    changed = deepcopy(workload)
    replicas = (scale.get("spec") or {}).get("replicas")
    changed["spec"]["replicas"] = 0 if replicas is None else replicas
    return changed


def _selector(workload: Document) -> str:
    labels = workload["spec"]["selector"].get("matchLabels", {})
    return ",".join(f"{key}={value}" for key, value in labels.items())

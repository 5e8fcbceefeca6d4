"""Pods: how they are made from a workload, and the states that they go through.

The annotation `ops-test/behaviour` on a pod template tells its pods how to get stuck; tests that run against real
controllers make the nodes there follow the same annotation.
"""

from __future__ import annotations

import json
from copy import deepcopy
from hashlib import sha256

from demo.simulator.documents import PODS, Document

_BEHAVIOUR = "ops-test/behaviour"
_HASH = "pod-template-hash"


def pod_of(workload: Document, name: str) -> Document:
    """Return a new pod of a workload, not yet on a node."""
    metadata, template = workload["metadata"], workload["spec"]["template"]
    made_of = deepcopy(template.get("metadata", {}))
    made_of["labels"] = {**made_of.get("labels", {}), _HASH: _hash(template)}
    owner = {"apiVersion": "apps/v1", "kind": workload["kind"], "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": PODS.version,
        "kind": PODS.kind,
        "metadata": {
            **made_of,
            "name": name,
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": deepcopy(template["spec"]),
        "status": {"phase": "Pending"},
    }


def is_current(pod: Document, workload: Document) -> bool:
    """Whether the pod is of the workload's newest template."""
    return bool(pod["metadata"]["labels"][_HASH] == _hash(workload["spec"]["template"]))


def is_ready(pod: Document) -> bool:
    """Whether the pod counts as ready."""
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ()))


def is_starting(pod: Document) -> bool:
    """Whether the pod is on a node and will be ready soon."""
    on_a_node = "nodeName" in pod["spec"]
    return on_a_node and not is_ready(pod) and _behaviour(pod) is None


def placed(pod: Document, node: str, time: str) -> Document:
    """Return the pod on a node; one that is to get stuck is stuck at once."""
    status: Document = {"phase": "Pending", "conditions": [_condition("PodScheduled", "True", time)]}
    stuck = _STUCK.get(_behaviour(pod) or "")
    if stuck:
        status["conditions"].append(_condition("Ready", "False", time, reason="ContainersNotReady"))
        status["containerStatuses"] = [{**_container(each), **stuck} for each in pod["spec"]["containers"]]
    return {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status}


def unschedulable(pod: Document, message: str, time: str) -> Document:
    """Return the pod that no node has room for."""
    condition = _condition("PodScheduled", "False", time, reason="Unschedulable", message=message)
    return {**pod, "status": {"phase": "Pending", "conditions": [condition]}}


def running(pod: Document, time: str) -> Document:
    """Return the pod up and ready."""
    started = {"ready": True, "state": {"running": {"startedAt": time}}}
    status = {
        "phase": "Running",
        "conditions": [*pod["status"]["conditions"], _condition("Ready", "True", time)],
        "containerStatuses": [{**_container(each), **started} for each in pod["spec"]["containers"]],
    }
    return {**pod, "status": status}


def _hash(template: Document) -> str:
    return sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]


def _behaviour(pod: Document) -> str | None:
    value = (pod["metadata"].get("annotations") or {}).get(_BEHAVIOUR)
    return None if value is None else str(value)


def _condition(kind: str, status: str, time: str, **more: str) -> Document:
    return {"type": kind, "status": status, "lastTransitionTime": time, **more}


def _container(container: Document) -> Document:
    return {"name": container["name"], "image": container["image"], "imageID": "", "ready": False, "restartCount": 0}


def _waiting(reason: str, message: str) -> Document:
    return {"state": {"waiting": {"reason": reason, "message": message}}}


_STUCK = {
    "image": _waiting("ImagePullBackOff", "Back-off pulling image: not found"),
    "crash": {**_waiting("CrashLoopBackOff", "back-off 2m40s restarting failed container"), "restartCount": 5},
}

"""Where the objects are kept, with the bookkeeping that the API server does on every write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import datetime
from itertools import count
from uuid import uuid4

from demo.simulator.documents import (
    CONFIG_MAPS,
    NAMESPACES,
    RESOURCES,
    STATEFUL_SETS,
    WORKLOADS,
    Document,
    Resource,
    timestamp,
)
from demo.simulator.errors import StatusError, invalid, not_found
from demo.simulator.ownership import claim_count, claim_keys

_MAX_REPLICAS = 2**31 - 1


class Store:
    """All objects. Documents that it returns are not to be changed; `update` takes a changed copy."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._versions = count(1)
        self._version = "0"
        self._objects: dict[tuple[Resource, str, str], Document] = {}

    @property
    def version(self) -> str:
        """The resourceVersion of the last write."""
        return self._version

    def time(self) -> str:
        """The time now."""
        return timestamp(self._now())

    def get(self, resource: Resource, namespace: str, name: str) -> Document:
        """Return one object.

        Raises:
            StatusError: 404, there is none.
        """
        try:
            return self._objects[resource, namespace, name]
        except KeyError:
            raise not_found(resource, name) from None

    def list(self, resource: Resource, namespace: str = "") -> list[Document]:
        """Return the objects of a kind in the order of their creation, by default of all namespaces."""
        return [
            document
            for (kind, space, _), document in self._objects.items()
            if kind == resource and namespace in {"", space}
        ]

    def create(self, resource: Resource, namespace: str, document: Document, manager: str) -> Document:
        """Add an object, and return it with what the server adds to it.

        Raises:
            StatusError: It exists, its namespace does not, or it is not acceptable.
        """
        created = deepcopy(document)
        metadata = created.setdefault("metadata", {})
        name = metadata.get("name")
        if not isinstance(name, str) or not name:
            raise invalid(f"{resource.kind} needs metadata.name")
        if resource.namespaced:
            self.get(NAMESPACES, "", namespace)
            metadata["namespace"] = namespace
        if (resource, namespace, name) in self._objects:
            raise StatusError(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists')
        created |= {"apiVersion": resource.version, "kind": resource.kind}
        metadata |= {"uid": str(uuid4()), "creationTimestamp": self.time(), "generation": 1}
        if resource in WORKLOADS:
            created["spec"].setdefault("replicas", 1)
            # Zeros are left out, but not this one.
            created["status"] = {"replicas": 0} if resource is STATEFUL_SETS else {}
            _check_replicas(created["spec"]["replicas"])
            claim_count(metadata, manager, "", self.time())
        if resource is CONFIG_MAPS:
            _check_data(created)
        if "data" in created:
            claim_keys(metadata, {}, created["data"], manager, self.time())
        return self._keep(resource, namespace, name, created)

    def update(self, resource: Resource, document: Document, *, manager: str = "", subresource: str = "") -> Document:
        """Replace an object, and return what is kept; nothing happens if nothing is different.

        Raises:
            StatusError: It does not exist, or is not acceptable.
        """
        metadata = document["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        before = self.get(resource, namespace, name)
        if document == before:
            return before
        updated = deepcopy(document)
        if resource in WORKLOADS and updated["spec"] != before["spec"]:
            _check_replicas(updated["spec"].setdefault("replicas", 1))
            updated["metadata"]["generation"] = before["metadata"]["generation"] + 1
            if updated["spec"]["replicas"] != before["spec"]["replicas"]:
                claim_count(updated["metadata"], manager, subresource, self.time())
        if resource is CONFIG_MAPS:
            _check_data(updated)
        # Of an object that began with nothing to own the API server never tells owners.
        if resource is CONFIG_MAPS and "managedFields" in updated["metadata"]:
            claim_keys(updated["metadata"], before.get("data", {}), updated.get("data", {}), manager, self.time())
        return self._keep(resource, namespace, name, updated)

    def delete(self, resource: Resource, namespace: str, name: str) -> None:
        """Remove an object, and all that belongs to it, at once.

        Raises:
            StatusError: 404, there is none.
        """
        uid = self.get(resource, namespace, name)["metadata"]["uid"]
        del self._objects[resource, namespace, name]
        gone = [key for key, document in self._objects.items() if uid in _owners(document)]
        if resource is NAMESPACES:
            gone = [key for key in self._objects if key[1] == name]
        for key in gone:
            del self._objects[key]
        self._version = str(next(self._versions))

    def _keep(self, resource: Resource, namespace: str, name: str, document: Document) -> Document:
        self._version = document["metadata"]["resourceVersion"] = str(next(self._versions))
        self._objects[resource, namespace, name] = document
        return document


def resource_of(document: Document) -> Resource:
    """Return the kind of a document from a manifest.

    Raises:
        StatusError: The simulator does not have that kind.
    """
    for resource in RESOURCES:
        if (resource.version, resource.kind) == (document.get("apiVersion"), document.get("kind")):
            return resource
    raise invalid(f"the simulator has no {document.get('apiVersion')} {document.get('kind')}")


def _owners(document: Document) -> Iterable[str]:
    return [owner["uid"] for owner in document["metadata"].get("ownerReferences", ())]


def _check_replicas(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value > _MAX_REPLICAS:
        raise invalid(f"patch: Invalid value: cannot unmarshal {value!r} into spec.replicas of type int32")
    if value < 0:
        raise invalid(f"spec.replicas: Invalid value: {value}: must be greater than or equal to 0")


def _check_data(config_map: Document) -> None:
    if not config_map.get("data"):
        config_map.pop("data", None)  # as the API server leaves out what is empty
        return
    for key, value in config_map["data"].items():
        if not isinstance(value, str):
            raise invalid(f"patch: Invalid value: cannot unmarshal {value!r} into ConfigMap.data.{key} of type string")

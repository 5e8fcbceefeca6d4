"""Who set what: the part of managedFields that somebody may want to know."""

from __future__ import annotations

from demo.simulator.documents import Document


def claim_count(metadata: Document, manager: str, subresource: str, now: str) -> None:
    """Make a field manager the only owner of the count; as on the API server, a write to scale bears no time."""
    when = {"subresource": subresource} if subresource else {"time": now}
    fields: Document = {"f:spec": {"f:replicas": {}}}
    metadata["managedFields"] = [_entry(manager, "apps/v1", fields) | when]


def claim_keys(metadata: Document, before: Document, after: Document, manager: str, now: str) -> None:
    """Make a field manager the only owner of those keys of a ConfigMap's data that it changed."""
    owners = {
        f"f:{key}": entry["manager"]
        for entry in metadata.get("managedFields", ())
        for key in before
        if f"f:{key}" in entry["fieldsV1"]["f:data"]
    }
    owners |= {f"f:{key}": manager for key, value in after.items() if before.get(key) != value}
    kept = {name: owner for name, owner in owners.items() if name.removeprefix("f:") in after}
    metadata["managedFields"] = [
        _entry(owner, "v1", {"f:data": {name: {} for name, other in kept.items() if other == owner}}) | {"time": now}
        for owner in dict.fromkeys(kept.values())
    ]


def _entry(manager: str, version: str, fields: Document) -> Document:
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": version,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }

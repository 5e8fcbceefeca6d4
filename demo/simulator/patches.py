"""JSON-Patch (RFC 6902) without lists and without move and copy, and merge patch (RFC 7386)."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from demo.simulator.documents import Document
from demo.simulator.errors import StatusError, bad_request, invalid

_JSON_PATCH = "application/json-patch+json"
# The two differ in lists with keys only, which nobody patches here.
_MERGE_PATCHES = {"application/merge-patch+json", "application/strategic-merge-patch+json"}


def apply_patch(content_type: str, document: Document, patch: object) -> Document:
    """Return the patched document; the original stays as it is.

    Raises:
        StatusError: The patch is malformed, or a test in it fails.
    """
    if content_type == _JSON_PATCH:
        return _apply_json_patch(document, patch)
    if content_type in _MERGE_PATCHES:
        if not isinstance(patch, dict):
            raise bad_request("error decoding patch: not an object")
        return _merged(document, patch)
    raise StatusError(415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {content_type}")


def _merged(target: Document, patch: Document) -> Document:
    merged = {key: value for key, value in target.items() if key not in patch}
    for key, value in patch.items():
        if isinstance(value, dict):
            below = target.get(key)
            merged[key] = _merged(below if isinstance(below, dict) else {}, value)
        elif value is not None:
            merged[key] = value
    return merged


def _apply_json_patch(document: Document, patch: object) -> Document:
    if not isinstance(patch, list) or not all(isinstance(operation, dict) for operation in patch):
        raise bad_request("error decoding patch: not a list of operations")
    patched = deepcopy(document)
    for operation in patch:
        _apply_operation(patched, operation)
    return patched


def _apply_operation(document: Document, operation: Document) -> None:
    *parents, last = _keys(operation.get("path"))
    container: Any = document
    for key in parents:
        container = container.get(key)
        if not isinstance(container, dict):
            raise invalid()
    value = operation.get("value")
    match operation.get("op"):
        case "test":
            # A field that is not there passes for null.
            if not _same(container.get(last), value):
                raise invalid()
        case "add" | "replace":
            container[last] = value
        case "remove" if last in container:
            del container[last]
        case _:
            raise invalid()


def _keys(path: object) -> list[str]:
    if not isinstance(path, str) or not path.startswith("/"):
        raise invalid()
    return [key.replace("~1", "/").replace("~0", "~") for key in path[1:].split("/")]


def _same(one: object, other: object) -> bool:
    """Compare as JSON does: 1, 1.0 and true are three values."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

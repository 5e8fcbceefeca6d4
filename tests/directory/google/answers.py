"""What is asked of the Directory API and what it answers: errors, and masks that leave out what was not asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Json = dict[str, Any]

# Of the answers that are used here, at any depth.
_FIELDS = {
    *("kind", "etag", "nextPageToken", "users", "groups", "members", "id", "email", "name", "type", "status", "role"),
    *("primaryEmail", "fullName", "givenName", "familyName", "suspended", "archived", "customerId", "aliases"),
    *("directMembersCount", "description", "adminCreated", "isAdmin", "orgUnitPath"),
}


class Request(NamedTuple):
    path: str
    params: Mapping[str, str]
    token: str


class Answer(NamedTuple):
    status: int
    content: object
    headers: Mapping[str, str] = {}


Fault = Answer | Callable[[Request], Answer | None]


def error(status: int, message: str, reason: str, **headers: str) -> Answer:
    errors = [{"message": message, "domain": "global", "reason": reason}]
    content = {"error": {"code": status, "message": message, "errors": errors}}
    return Answer(status, content, {name.replace("_", "-"): value for name, value in headers.items()})


FORBIDDEN = error(403, "Not Authorized to access this resource/api", "forbidden")
NO_API = error(403, "Admin SDK API has not been used in project 1 before or it is disabled.", "accessNotConfigured")
HTML = Answer(200, b"<!DOCTYPE html><title>Sign in</title>", {"Content-Type": "text/html; charset=utf-8"})
DROPPED = Answer(0, b"")


class RefusedError(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer


def masked(content: Json, mask: str) -> Json:
    """Leave only what the mask selects, of lists in each entry: `nextPageToken,users(id,name/fullName)`."""
    words = re.findall(r"[A-Za-z]+|[(),/]", mask)
    if unknown := {*words} - {*_FIELDS, *"(),/"}:
        raise RefusedError(error(400, f"Invalid field selection {', '.join(unknown)}", "invalidParameter"))
    selected: Json = _selected(content, _tree(words))
    return selected


def _tree(words: list[str]) -> Json:
    """What a mask selects: `a,b(c/d)` is a, and of b only the d of c."""
    tree: Json = {}
    while words and words[0] != ")":
        node = tree.setdefault(words.pop(0), {})
        while words and words[0] == "/":
            node = node.setdefault(words[1], {})
            del words[:2]
        if words and words[0] == "(":
            del words[0]
            node.update(_tree(words))
            del words[0]
        if words and words[0] == ",":
            del words[0]
    return tree


def _selected(value: Any, tree: Json) -> Any:
    if isinstance(value, list):
        return [_selected(each, tree) for each in value]
    return {key: _selected(value[key], tree[key]) for key in value if key in tree} if tree else value

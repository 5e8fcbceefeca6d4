"""The label and field selectors of list requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from demo.simulator.documents import Document
from demo.simulator.errors import bad_request

_Test = Callable[[Mapping[str, str]], bool]
_NAME = r"[A-Za-z0-9_./-]+"
_IN = re.compile(rf"({_NAME}) (in|notin) \(([^()]*)\)")
_EQUAL = re.compile(rf"({_NAME})(==|=|!=)([A-Za-z0-9_.-]*)")
_EXISTS = re.compile(rf"(!?)({_NAME})")
_COMMA = re.compile(r",(?![^(]*\))")  # not within brackets


def label_selector(query: str) -> _Test:
    """Return a test of labels.

    Raises:
        StatusError: 400, the query is malformed.
    """
    tests = [_label_test(part.strip()) for part in _COMMA.split(query)] if query else []
    return lambda labels: all(test(labels) for test in tests)


def _label_test(part: str) -> _Test:
    if found := _IN.fullmatch(part):
        key, values = found[1], {value.strip() for value in found[3].split(",")}
        return (
            (lambda labels: labels.get(key) in values)
            if found[2] == "in"
            else lambda labels: labels.get(key) not in values
        )
    if found := _EQUAL.fullmatch(part):
        key, value = found[1], found[3]
        return (
            (lambda labels: labels.get(key) != value) if found[2] == "!=" else lambda labels: labels.get(key) == value
        )
    if found := _EXISTS.fullmatch(part):
        absent, key = bool(found[1]), found[2]
        return lambda labels: (key in labels) is not absent
    raise bad_request(f"unable to parse requirement: {part}")


def field_selector(query: str) -> Callable[[Document], bool]:
    """Return a test of a document's fields, which are given by their dotted paths; only equality is known.

    Raises:
        StatusError: 400, the query is malformed.
    """
    wanted = []
    for part in query.split(",") if query else ():
        path, equals, value = part.partition("=")
        if not equals or path.endswith("!"):
            raise bad_request(f"invalid selector: {part}")
        wanted.append((path.split("."), value.removeprefix("=")))
    return lambda document: all(_field(document, path) == value for path, value in wanted)


def _field(document: Document, path: list[str]) -> object:
    value: object = document
    for key in path:
        value = value.get(key, "") if isinstance(value, dict) else ""
    return value

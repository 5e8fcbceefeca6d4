"""JSON as everybody reads it: no NaN, no key twice, no text that is no Unicode, and no deeper than a reader can go."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator

from ops_dashboard.scripts.models import JsonValue
from ops_dashboard.text import shorten, shown

_MAX_DEPTH = 100
_MAX_STEP = 30


def parse(document: bytes) -> JsonValue:
    """Return what a JSON document in UTF-8 holds.

    Raises:
        ValueError: It is none, or one that not everybody reads the same way; the message says what is wrong.
    """
    try:
        value: JsonValue = json.loads(
            document.decode(),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_parse_float,
        )
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not in UTF-8: {error.reason} at byte {error.start}") from error
    except RecursionError:
        raise ValueError(_too_deep()) from None
    check(value)
    return value


def encode(value: object) -> bytes:
    """Return a value as a JSON document in UTF-8.

    Raises:
        ValueError: JSON cannot carry it; the message names the part.
    """
    check(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def check(value: object) -> None:
    """Check that a value can be written as JSON and read back as it is.

    Raises:
        ValueError: It cannot; the message names the part.
    """
    # The deepest is looked at first, so a value that contains itself ends at the limit, too.
    waiting: list[tuple[str, int, object]] = [("", 0, value)]
    while waiting:
        where, depth, part = waiting.pop()
        if depth > _MAX_DEPTH:
            raise ValueError(f"{shorten(where)}: {_too_deep()}")
        if problem := _problem(part):
            raise ValueError(f"{shorten(where)}: {problem}" if where else problem)
        waiting.extend((f"{where}{step}", depth + 1, inner) for step, inner in _parts(part))


def _parts(value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, dict):
        return _members(value)
    if isinstance(value, list | tuple):
        return ((f"[{position}]", inner) for position, inner in enumerate(value))
    return ()


def _members(value: dict[object, object]) -> Iterator[tuple[str, object]]:
    for key, inner in value.items():
        if not isinstance(key, str):
            raise ValueError(f"the key {shown(key)}: a key must be text")  # noqa: TRY004 - the caller wants one kind
        if problem := _problem(key):
            raise ValueError(f"the key {problem}")
        yield f".{shorten(key, _MAX_STEP)}", inner


def _problem(value: object) -> str | None:
    match value:
        case None | bool() | list() | tuple() | dict():
            return None
        case int():
            return _problem_of_whole_number(value)
        case float():
            return None if math.isfinite(value) else f"{value} is no number that JSON knows"
        case str():
            return _problem_of_text(value)
    return f"{shown(value)} is no text, number, true, false, null, list or object"


def _problem_of_whole_number(value: int) -> str | None:
    try:
        str(value)
    except ValueError:
        return "the number has too many digits"
    return None


def _problem_of_text(value: str) -> str | None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"{shown(value)} is no valid Unicode text: half of a surrogate pair at character {error.start + 1}"
    return None


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {shown(twice)} is there more than once")
    return found


def _refuse_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is no number that JSON knows")


def _parse_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {shorten(digits)} is too large")
    return value


def _too_deep() -> str:
    return f"lists and objects are nested more than {_MAX_DEPTH} deep"

"""How pages write the values of settings, and how a form carries what was seen."""

from __future__ import annotations

import json

from ops_dashboard.acts import RequestError
from ops_dashboard.ledger import Value
from ops_dashboard.parameters import text_of
from ops_dashboard.text import shorten, shown

NOT_SET = "not set"


def value_in_words(value: Value) -> str:
    """On one short line, true and false as JSON has them."""
    if value is None:
        return NOT_SET
    return shorten(text_of(value)) or '""'


def change_in_words(before: Value, after: Value) -> str:
    """Before → after in a line."""
    return f"{value_in_words(before)} → {value_in_words(after)}"


def seen_as_text(value: Value) -> str:
    """What a form carries of the value that was seen: JSON, in which the text 3 and the number 3 differ."""
    return json.dumps(value)


def seen_from_text(text: str) -> Value:
    """Read it back.

    Raises:
        RequestError: It is no value that anybody can have seen.
    """
    try:
        value = json.loads(text)
        str(value).encode()  # half a character is nothing that anybody can have seen
    except (ValueError, RecursionError):
        value = ...
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise RequestError({"expected": f"{shown(text)} is not accepted; accepted is the value that was seen, as JSON"})

"""What statements tell, as lines of a run's output."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ops_dashboard.scripts.cleaning import clean
from ops_operators.operation import output

if TYPE_CHECKING:
    import psycopg

_MOST_ROWS = 50
_LONGEST_LINE = 16_384


class StatementOutput:
    """Writes how many rows each statement touched, the first of those that it returns, and the server's notices.

    Args:
        limit: Bytes in all.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = limit

    def of(self, cursor: psycopg.Cursor) -> None:
        """Tell of a statement that was carried out."""
        self._line(_in_words(cursor))
        if cursor.description is None:
            return
        columns = [column.name for column in cursor.description]
        for row in cursor.fetchmany(_MOST_ROWS):
            self._line(json.dumps(dict(zip(columns, map(_plain, row), strict=True)), ensure_ascii=False))
        if cursor.rowcount > _MOST_ROWS:
            self._line(f"[{cursor.rowcount - _MOST_ROWS} more rows are not shown]")

    def notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        """Tell what the server says meanwhile."""
        self._line(f"{diagnostic.severity}: {diagnostic.message_primary}")

    def _line(self, text: str) -> None:
        if self._left < 0:
            return
        text = clean(text)
        if len(text) > _LONGEST_LINE:
            text = f"{text[:_LONGEST_LINE]} [cut here: the line is longer than {_LONGEST_LINE} characters]"
        self._left -= len(text.encode("utf-8", "replace")) + 1
        if self._left < 0:
            text = f"[no more is shown: the output is longer than {self._limit} bytes]"
        output.info("%s", text)


def _in_words(cursor: psycopg.Cursor) -> str:
    """The server's tag, such as `INSERT 0 3`, without the number that has no meaning any more."""
    verb, *numbers = (cursor.statusmessage or "done").split()
    if not numbers or not numbers[-1].isdecimal():
        return cursor.statusmessage or "done"
    return f"{verb} {numbers[-1]} row{'' if numbers[-1] == '1' else 's'}"


def _plain(value: Any) -> object:  # noqa: ANN401 - whatever a column holds
    """A value as JSON has it; as text what JSON can't hold."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case bytes() | memoryview():
            return f"\\x{bytes(value).hex()}"
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {str(key): _plain(each) for key, each in value.items()}
    return str(value)

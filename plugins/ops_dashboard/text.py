"""Values that somebody else wrote, made fit for a message, a record or a log: one short, printable line."""

from __future__ import annotations

import re

_LIMIT = 80
_BLANK = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What has no shape of its own though much of it counts as printable: Unicode's Default_Ignorable_Code_Point, and the
empty Braille pattern."""


def is_visible(text: str) -> bool:
    """Whether each character of a text can be seen, or is a space: no control characters, nothing without a shape."""
    return text.isprintable() and not _BLANK.search(text)


def shorten(value: object, limit: int = _LIMIT) -> str:
    """Return text as it is, and any other value as Python writes it, on one line of at most `limit` characters.

    What can't be seen becomes a blank: a line break, a control character that moves a terminal's cursor, a mark that
    turns the direction of what follows.
    """
    text = value if isinstance(value, str) else repr(value)
    line = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return line if is_visible(line) else "".join(each if is_visible(each) else " " for each in line)


def shown(value: object) -> str:
    r"""Return a value as a message about it shows it: text in quotes, with `\n` for a line break; None as "nothing"."""
    return "nothing" if value is None else shorten(repr(value))

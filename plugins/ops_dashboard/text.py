"""Values that somebody else wrote, made fit for a message, a record or a log: one short, printable line."""

from __future__ import annotations

_LIMIT = 80


def shorten(value: object, limit: int = _LIMIT) -> str:
    """Return text as it is, and any other value as Python writes it, on one line of at most `limit` characters.

    What is not printable becomes a blank: a line break, a control character that moves a terminal's cursor, a mark
    that turns the direction of what follows.
    """
    text = value if isinstance(value, str) else repr(value)
    line = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return "".join(character if character.isprintable() else " " for character in line)


def shown(value: object) -> str:
    r"""Return a value as a message about it shows it: text in quotes, with `\n` for a line break; None as "nothing"."""
    return "nothing" if value is None else shorten(repr(value))

"""Distinguished names: which of them are the same, and what stands behind one."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Generic, TypeVar

ValueT = TypeVar("ValueT")

Name = tuple[frozenset[tuple[str, str]], ...]
"""What two spellings of one distinguished name have in common."""

_TYPE = r"[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*"
_VALUE = r'(?:\\[0-9A-Fa-f]{2}|\\[ "#+,;<=>\\]|[^\x00"+,;<>\\])*'
_PART = re.compile(rf" *({_TYPE}) *=({_VALUE})([,+]|\Z)")
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2})|\\(.)", re.DOTALL)


def parse_name(text: str) -> Name:
    r"""Return a distinguished name in a form that is the same for all its spellings.

    Case, superfluous blanks, the way of escaping (`\,` or `\2C`) and the order within a part of several values make no
    difference, as RFC 4514 and RFC 4518 have it. ldap3's own `safe_dn` keeps the case and the way of escaping, takes
    anything that has an @ in it, and refuses values with an `=`, which need no escaping.

    Raises:
        ValueError: The text is no distinguished name, or the empty one, which names no entry.
    """
    parts: list[list[tuple[str, str]]] = [[]]
    for kind, value, separator in _assertions(text):
        parts[-1].append((kind.lower(), _comparable(value)))
        if separator == ",":
            parts.append([])
    return tuple(frozenset(part) for part in parts)


def _assertions(text: str) -> Iterator[tuple[str, str, str]]:
    position, separator = 0, ","
    while separator:
        match = _PART.match(text, position)
        if match is None:
            raise ValueError("no distinguished name")
        kind, value, separator = match.groups()
        yield kind, value, separator
        position = match.end()


def _comparable(value: str) -> str:
    """Undo the escapes, and what RFC 4518 prepares away before it compares."""
    raw = _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()) if match[1] else match[2], value.encode())
    return " ".join(unicodedata.normalize("NFKC", raw.decode()).casefold().split())


class ByName(Generic[ValueT]):
    """Values by the distinguished names of their entries.

    A name that is spelled differently than its entry's counts as that entry's only where no other entry's name is the
    same but for the spelling: servers differ in what they take for the same, and nobody may pass for somebody else.
    """

    def __init__(self, entries: Mapping[str, ValueT]) -> None:
        self._by_spelling = entries
        self._spellings: dict[Name, set[str]] = defaultdict(set)
        for spelling in entries:
            with suppress(ValueError):
                self._spellings[parse_name(spelling)].add(spelling)

    def find(self, spelling: str) -> ValueT | None:
        """Return the value, or None for a name that is unknown, ambiguous, or no name."""
        if spelling in self._by_spelling:
            return self._by_spelling[spelling]
        with suppress(ValueError):
            spellings = self._spellings.get(parse_name(spelling), ())
            return self._by_spelling[min(spellings)] if len(spellings) == 1 else None
        return None

"""YAML for files that people review: no surprises, and every mistake with its line.

Whoever reviews a line shall see its whole meaning in it: tags, aliases, repeated keys, keys that are not text
and scalars that readers of YAML disagree about are mistakes instead of guesses.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType

from ops_dashboard.strict_yaml.builder import build
from ops_dashboard.strict_yaml.document import (
    HOLE,
    Hole,
    Steps,
    YamlDocument,
    YamlError,
    YamlMistake,
    path_text,
    shown,
)

__all__ = [
    "HOLE",
    "Hole",
    "Steps",
    "YamlDocument",
    "YamlError",
    "YamlMistake",
    "load_strict_yaml",
    "path_text",
    "read_strict_yaml",
    "shown",
]

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def load_strict_yaml(path: Path) -> object:
    """Return the file's value, None for an empty file.

    Raises:
        YamlError: The file cannot be read or is not strict YAML; lists all mistakes.
    """
    document = read_strict_yaml(path)
    if document.mistakes:
        raise YamlError(path, document.mistakes)
    return document.value


def read_strict_yaml(path: Path) -> YamlDocument:
    """Read as much of the file as can be understood, and list the mistakes instead of raising them."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        return _unreadable(YamlMistake(None, None, (), error.strerror or "an error", "a file that can be read"))
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace")
        return _unreadable(_mistake_after(before, f"byte 0x{error.object[error.start]:02x}", "text in UTF-8"))
    if found := _UNPRINTABLE.search(text):
        return _unreadable(_mistake_after(text[: found.start()], shown(found[0]), "printable characters"))
    return build(text)


def _mistake_after(before: str, value: str, expected: str) -> YamlMistake:
    return YamlMistake(before.count("\n") + 1, len(before) - before.rfind("\n"), (), value, expected)


def _unreadable(mistake: YamlMistake) -> YamlDocument:
    return YamlDocument(HOLE, MappingProxyType({}), (mistake,))

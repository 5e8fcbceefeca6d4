"""YAML for files that people review: no surprises, and every mistake with its line.

Whoever reviews a line shall see its whole meaning in it: tags, aliases, repeated keys, keys that are not text
and scalars that readers of YAML disagree about are mistakes instead of guesses.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType

from ops_dashboard.strict_yaml.builder import build
from ops_dashboard.strict_yaml.document import HOLE, Hole, YamlDocument
from ops_dashboard.strict_yaml.mistakes import FileMistake, Steps, in_order, path_text
from ops_dashboard.strict_yaml.models import RELATION, model_mistakes, one_line
from ops_dashboard.text import shown

__all__ = [
    "HOLE",
    "RELATION",
    "FileMistake",
    "Hole",
    "Steps",
    "YamlDocument",
    "in_order",
    "model_mistakes",
    "one_line",
    "path_text",
    "read_strict_yaml",
]

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_strict_yaml(path: Path) -> YamlDocument:
    """Read as much of the file as can be understood, and list the mistakes instead of raising them."""
    file = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        return _unreadable(file, None, error.strerror or "an error", "a file that can be read")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace")
        return _unreadable(file, _next_line(before), f"byte 0x{error.object[error.start]:02x}", "text in UTF-8")
    if found := _UNPRINTABLE.search(text):
        return _unreadable(file, _next_line(text[: found.start()]), shown(found[0]), "printable characters")
    return build(text, file)


def _next_line(before: str) -> int:
    return before.count("\n") + 1


def _unreadable(file: str, line: int | None, value: str, expected: str) -> YamlDocument:
    return YamlDocument(file, HOLE, MappingProxyType({}), (FileMistake(file, (), line, value, expected),))

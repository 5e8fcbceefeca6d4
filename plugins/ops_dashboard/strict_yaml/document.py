"""What was read from a file: its value, the line of every part, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ops_dashboard.strict_yaml.mistakes import FileMistake, Steps


class Hole:
    """Stands in a document's value where a mistake left nothing to go on with."""


HOLE: Final = Hole()


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A file's content with the line of every part of it.

    Attributes:
        file: The file's path.
        value: Dicts with text keys, lists and scalars; `HOLE` in place of mistakes; None for an empty file.
        lines: The line on which each part begins.
        mistakes: What is wrong. A syntax error ends the reading, other mistakes do not.
    """

    file: str
    value: object
    lines: Mapping[Steps, int]
    mistakes: tuple[FileMistake, ...]

    def line_of(self, path: Steps) -> int | None:
        """Return the line of a part, or of the nearest part around it that the file has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)

    def mistake(self, path: Steps, value: str, expected: str) -> FileMistake:
        """Return the mistake that something else is expected at `path` than `value`, as a message shows it."""
        return FileMistake(self.file, path, self.line_of(path), value, expected)

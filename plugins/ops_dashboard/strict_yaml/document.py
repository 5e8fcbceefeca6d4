"""What was read from a file: its value, the line of every part, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Steps = tuple[str | int, ...]
"""Where a value stands inside a file: `("pools", "ads/bidder", "max")`."""

_SHOWN = 80


class Hole:
    """Stands in a document's value where a mistake left nothing to go on with."""


HOLE: Final = Hole()


@dataclass(frozen=True, slots=True)
class YamlMistake:
    """One thing a file may not contain.

    Attributes:
        line: Line in the file, from 1; None when the file could not be read at all.
        column: Column in that line, from 1.
        path: Keys and list positions from the top of the document.
        value: What stands there, shortened.
        expected: What would be accepted.
    """

    line: int | None
    column: int | None
    path: Steps
    value: str
    expected: str

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}: " if self.line else ""
        path = f"{path_text(self.path)}: " if self.path else ""
        return f"{place}{path}got {self.value}, expected {self.expected}"


class YamlError(ValueError):
    """A file that is not strict YAML; lists every mistake found in it."""

    def __init__(self, file: Path, mistakes: tuple[YamlMistake, ...]) -> None:
        super().__init__("\n".join(f"{file}: {mistake}" for mistake in mistakes))
        self.file = file
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A file's content with the line of every part of it.

    Attributes:
        value: Dicts with text keys, lists and scalars; `HOLE` in place of mistakes; None for an empty file.
        lines: The line on which each part begins.
        mistakes: What is wrong. A syntax error ends the reading, other mistakes do not.
    """

    value: object
    lines: Mapping[Steps, int]
    mistakes: tuple[YamlMistake, ...]

    def line_of(self, path: Steps) -> int | None:
        """Return the line of a part, or of the nearest part around it that the file has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def shown(value: object) -> str:
    """Return a value as a message shows it, on one line of at most 80 characters."""
    return "nothing" if value is None else cut(repr(value))


def cut(text: str) -> str:
    """Return at most 80 characters of the text."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def path_text(path: Steps) -> str:
    """Return steps as people write them: `grants[0].limits.max`; empty for the whole document."""
    return "".join(_step_text(step) for step in path).removeprefix(".")


def _step_text(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{cut(step if step.isprintable() else repr(step))}"

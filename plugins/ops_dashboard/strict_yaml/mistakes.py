"""What is wrong with a file, told with its place, its value and what is accepted instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ops_dashboard.text import shorten, shown

Steps = tuple[str | int, ...]
"""Where a value stands inside a file: `("pools", "ads/bidder", "max")`."""


@dataclass(frozen=True, slots=True)
class FileMistake:
    """One thing that a file may not contain.

    Attributes:
        file: The file, or the folder when that is wrong.
        path: Keys and list positions from the top of the file; empty for the whole file.
        line: Line in the file, from 1; None when the file could not be read.
        value: What stands there, shortened.
        expected: What would be accepted.
    """

    file: str
    path: Steps
    line: int | None
    value: str
    expected: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        path = f"{path_text(self.path)}: " if self.path else ""
        return f"{place}: {path}got {self.value}, expected {self.expected}"


def in_order(mistakes: Iterable[FileMistake]) -> tuple[FileMistake, ...]:
    """Sort mistakes by file and line; those of one line stay in the order in which they were found."""
    return tuple(sorted(mistakes, key=lambda mistake: (mistake.file, mistake.line or 0)))


def path_text(path: Steps) -> str:
    """Return steps as people write them: `grants[0].limits.max`; empty for the whole file."""
    return "".join(_step_text(step) for step in path).removeprefix(".")


def _step_text(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{shorten(step) if step.isprintable() else shown(step)}"

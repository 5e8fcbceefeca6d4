"""What a run may use, what it tells while it lasts, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
"""What a JSON document can hold."""

_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take; what is more is cut off, refused or ended.

    Attributes:
        seconds: How long the script may run.
        output_bytes: How much of its output is shown.
        line_bytes: How much of one line of its output is shown.
        result_bytes: Size of the JSON document that it may leave as its result.
        memory_bytes: Address space of each of its processes.
        file_bytes: Size of each file that it writes.
        processes: How many processes it may be at a time.
        grace_seconds: How long it may take to end itself when it is asked to, before it is killed.
    """

    seconds: float = 300
    output_bytes: int = 1_000_000
    line_bytes: int = 16_384
    result_bytes: int = 65_536
    memory_bytes: int = 2 * _GIB
    file_bytes: int = _GIB
    processes: int = 256
    grace_seconds: float = 5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a script says it is: the share that is done, from 0 to 1, and maybe what it is at."""

    done: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that ended well.

    Attributes:
        result: The JSON value that the script left; None if it left none.
        seconds: How long the script ran.
        output_cut: Whether it wrote more output than is shown.
    """

    result: JsonValue
    seconds: float
    output_cut: bool


class Watcher(Protocol):
    """Whoever runs a script and wants to know how it goes.

    All is called in the thread that called `run`, and should return soon: meanwhile nobody looks at the clock, and no
    handler of a signal runs. What is raised here ends the script and comes out of `run`.
    """

    def line(self, text: str) -> None:
        """Take the next line of output, without control characters."""

    def progress(self, progress: Progress) -> None:
        """Take note of how far the script is."""

    def stop(self) -> str | None:
        """Return the reason for which the script shall end now, if there is one; asked several times a second."""

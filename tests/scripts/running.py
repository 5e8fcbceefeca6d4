"""Run real scripts in tests, and check after each that nothing of it is left."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from ops_dashboard.scripts import Finished, Interpreter, Limits, Progress, Script, read_script, run

PYTHON, BASH, SH = Interpreter.PYTHON, Interpreter.BASH, Interpreter.SH


def never() -> str | None:
    return None


@dataclass
class Seen:
    """A watcher that remembers."""

    ask: Callable[[], str | None] = never
    on_line: Callable[[str], None] | None = None
    lines: list[str] = field(default_factory=list)
    steps: list[Progress] = field(default_factory=list)

    def line(self, text: str) -> None:
        self.lines.append(text)
        if self.on_line:
            self.on_line(text)

    def progress(self, progress: Progress) -> None:
        self.steps.append(progress)

    def stop(self) -> str | None:
        return self.ask()


@dataclass
class Scripts:
    """A folder of scripts, and the place where they run."""

    folder: Path
    seen: Seen = field(default_factory=Seen)

    def __post_init__(self) -> None:
        self.places = self.folder / "places"
        self.places.mkdir()

    def write(self, text: str, interpreter: Interpreter = PYTHON, name: str = "script") -> Script:
        (self.folder / name).write_text(text)
        return read_script(self.folder, name, interpreter)

    def run(
        self,
        script: Script | str,
        interpreter: Interpreter = PYTHON,
        values: Mapping[str, object] | None = None,
        arguments: Sequence[str] = (),
        **limits: Any,
    ) -> Finished:
        """Run it; afterwards `seen` holds what it told."""
        self.seen = Seen(self.seen.ask, self.seen.on_line)
        script = self.write(script, interpreter) if isinstance(script, str) else script
        before, elsewhere = children(), tempfile.tempdir
        tempfile.tempdir = str(self.places)
        try:
            return run(
                script, values or {}, arguments, Limits(**{"seconds": 60, "grace_seconds": 1} | limits), self.seen
            )
        finally:
            tempfile.tempdir = elsewhere
            assert (list(self.places.iterdir()), children()) == ([], before)


def children() -> list[int]:
    """The processes that this one is the parent of."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            found.update(map(int, (task / "children").read_text().split()))
    return sorted(found)


def is_subreaper() -> int:
    answer = ctypes.c_int()
    ctypes.CDLL(None).prctl(37, ctypes.byref(answer), 0, 0, 0)
    return answer.value


@contextmanager
def time_to_sleep() -> Iterator[str]:
    """A number of seconds by which a process that sleeps for it can be found; afterwards none may be left."""
    mark = f"1000.{uuid4().int}"
    yield mark
    assert with_argument(mark) == []


def with_argument(argument: str) -> list[int]:
    """The processes, of whomever, that have this argument."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with suppress(FileNotFoundError, ProcessLookupError):
                if argument.encode() in (process / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(process.name))
    return found

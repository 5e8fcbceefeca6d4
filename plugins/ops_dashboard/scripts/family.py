"""All processes that come from one script, also those that have left its session and lost their parents."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from ops_dashboard.scripts.errors import ScriptError

_log = logging.getLogger(__name__)

_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37
_SWEEP_SECONDS = 10  # a process that waits for a broken disk dies only when the disk answers
_PAUSE_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Process:
    """One process as it was seen.

    Attributes:
        dead: Only its exit code is left.
        started: When it began, in ticks of the kernel's clock.
    """

    pid: int
    dead: bool
    group: int
    session: int
    started: int

    @property
    def identity(self) -> tuple[int, int]:
        """What no later process has, though it may get the same number."""
        return self.pid, self.started


class Family:
    """The processes that come from the script that this thread runs.

    While this process is a subreaper, whatever loses its parent among its descendants becomes a child of its main
    thread, among children that it had before and those that its other threads start. A process can make a session but
    not join one: what is in a session that was known before the script began does not come from the script.
    """

    def __init__(self) -> None:
        self._here = os.getpid()
        self._threads = {self._here, threading.get_native_id()}
        before = _with_descendants(_children(self._here))
        self._before = frozenset(process.identity for process in before.values())
        self._sessions = frozenset({os.getsid(0)} | {process.session for process in before.values()})

    def members(self) -> list[Process]:
        """Return all of them that can be seen now; there may be more in the next moment."""
        found = filter(None, map(_look, _children(self._here, self._threads)))
        return list(_with_descendants(process.pid for process in found if self._is_member(process)).values())

    def _is_member(self, child: Process) -> bool:
        return child.identity not in self._before and child.session not in self._sessions

    def living(self) -> list[Process]:
        """Return those that have not ended."""
        return [process for process in self.members() if not process.dead]

    def reap(self, leader: int) -> None:
        """Let those go that have ended and were left to this process, except the script itself."""
        for process in self.members():
            if process.dead and process.pid != leader:
                _reap(process.pid)

    def kill(self) -> None:
        """Kill until none is left. The script itself must have been waited for: this would lose its exit code."""
        until = monotonic() + _SWEEP_SECONDS
        while members := self.members():
            if monotonic() > until:
                _log.warning("processes of a script could not be killed: %s", [each.pid for each in members])
                return
            for process in members:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            for process in members:
                _reap(process.pid)
            sleep(_PAUSE_SECONDS)


@contextmanager
def family() -> Iterator[Family]:
    """Keep hold of what is started inside, and kill what is left of it at the end.

    Raises:
        ScriptError: This kernel does not tell a process what its children are.
    """
    if not Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists():
        raise ScriptError("no script can be run here: the kernel has no /proc/PID/task/TID/children")
    before = _is_subreaper()
    found = Family()
    _set_subreaper(1)
    try:
        yield found
    finally:
        try:
            found.kill()
        finally:
            _set_subreaper(before)


def _with_descendants(pids: Iterable[int]) -> dict[int, Process]:
    found: dict[int, Process] = {}
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        if pid not in found and (process := _look(pid)):
            found[pid] = process
            waiting.extend(_children(pid))
    return found


def _children(pid: int, threads: Iterable[int] | None = None) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        for task in tasks.iterdir() if threads is None else (tasks / str(thread) for thread in threads):
            found.extend(map(int, (task / "children").read_bytes().split()))
    return found


def _look(pid: int) -> Process | None:
    try:
        # The name of the program comes before, in brackets, and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Process(
        pid, dead=fields[0] in {b"Z", b"X"}, group=int(fields[2]), session=int(fields[3]), started=int(fields[19])
    )


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):  # somebody else's child
        os.waitpid(pid, os.WNOHANG)


def _is_subreaper() -> int:
    answer = ctypes.c_int()
    _prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(answer))
    return answer.value


def _set_subreaper(value: int) -> None:
    _prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(value))


def _prctl(option: int, value: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, value, ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise OSError(ctypes.get_errno(), f"prctl {option}")

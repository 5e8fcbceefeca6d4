"""The script's own process: how it is started, asked to end, and waited for."""

from __future__ import annotations

import logging
import math
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from ops_dashboard.scripts.errors import ScriptError
from ops_dashboard.scripts.models import Limits
from ops_dashboard.scripts.reading import Script
from ops_dashboard.scripts.workspace import Workspace

_log = logging.getLogger(__name__)

_LAUNCHER = Path(__file__).with_name("launcher.py")
_REAP_SECONDS = 10


class Child:
    """The leader of the script's session and process group, and its pipes.

    It is not waited for before its group is done with: until then its number cannot become somebody else's.
    """

    def __init__(self, script: Script, arguments: Sequence[str], place: Workspace, limits: Limits) -> None:
        self._name = script.name
        command = (*_launch(limits), *script.interpreter.argv, str(place.script), *arguments)
        try:
            self._process = subprocess.Popen(
                [part.encode() for part in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                cwd=place.folder,
                env=place.environment,
                close_fds=True,
                start_new_session=True,
            )
        except OSError as error:
            raise ScriptError(f"{script.name} could not be started: {error.strerror}") from error
        self._source, self._sink = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)

    @property
    def pid(self) -> int:
        """Number of the process, and of its group."""
        return self._process.pid

    @property
    def pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """Where to write its standard input, and where to read its output."""
        return self._source, self._sink

    def exit_code(self) -> int | None:
        """Return what it exited with, the negative number of the signal that killed it, or None while it runs.

        Raises:
            ScriptError: Nobody knows any more.
        """
        try:
            seen = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError as error:
            raise ScriptError(
                f"{self._name} has ended, but how is unknown: something else in this process took its exit code"
            ) from error
        if seen is None:
            return None
        return seen.si_status if seen.si_code == os.CLD_EXITED else -seen.si_status

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to all processes of the group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def wait(self) -> None:
        """Wait for the end of the process, which must have been killed, and let its number go."""
        try:
            self._process.wait(_REAP_SECONDS)
        except subprocess.TimeoutExpired:
            _log.warning("%s: process %d was killed and does not end", self._name, self.pid)


def _launch(limits: Limits) -> tuple[str, ...]:
    # Processor time is counted over all threads of a process; it only matters should nobody watch the clock any more.
    cpu_seconds = math.ceil(limits.seconds + limits.grace_seconds) * (os.cpu_count() or 1)
    numbers = (os.getpid(), cpu_seconds, limits.memory_bytes, limits.file_bytes, limits.processes)
    return (sys.executable, "-I", "-S", str(_LAUNCHER), *map(str, numbers))

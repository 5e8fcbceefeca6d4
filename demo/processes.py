"""Child processes of the demo: started in their own group, logged to a file, never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_GRACE_SECONDS = 10.0


@dataclass
class Child:
    """One long-running program.

    Its pid is kept in `run_folder`, so that a demo that was killed outright can be cleaned up by the next one.
    """

    name: str
    argv: list[str]
    env: dict[str, str]
    run_folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log_file(self) -> Path:
        """Where everything that the program prints goes."""
        return self.run_folder / f"{self.name}.log"

    @property
    def _pid_file(self) -> Path:
        return self.run_folder / f"{self.name}.pid"

    def start(self) -> None:
        """Start the program; an earlier one of the same name that outlived its demo is ended first."""
        self.run_folder.mkdir(parents=True, exist_ok=True)
        self._end_leftover()
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                self.argv,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started = psutil.Process(self.process.pid).create_time()
        self._pid_file.write_text(f"{self.process.pid} {started}")

    def check(self) -> None:
        """Raise if the program has ended.

        Raises:
            RuntimeError: It has; the message ends with the last lines of its log.
        """
        if self.process is not None and self.process.poll() is not None:
            tail = "\n".join(self.log_file.read_text(errors="replace").splitlines()[-25:])
            raise RuntimeError(f"{self.name} ended with code {self.process.returncode}:\n{tail}")

    def signal_stop(self) -> None:
        """Ask the program and its children to end, without waiting."""
        if self.process is not None:
            _signal_group(self.process.pid, signal.SIGTERM)

    def stop(self) -> None:
        """End the program and everything it started."""
        if self.process is None:
            return
        self.signal_stop()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_GRACE_SECONDS)
        _signal_group(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        self._pid_file.unlink(missing_ok=True)

    def _end_leftover(self) -> None:
        if not self._pid_file.exists():
            return
        pid_text, started = self._pid_file.read_text().split()
        with suppress(psutil.NoSuchProcess):
            # A pid alone may belong to another program by now.
            if abs(psutil.Process(int(pid_text)).create_time() - float(started)) < 1:
                _signal_group(int(pid_text), signal.SIGKILL)
        self._pid_file.unlink()


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)

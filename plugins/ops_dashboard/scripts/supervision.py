"""Watch one script from its start to its end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from ops_dashboard.scripts.child import Child
from ops_dashboard.scripts.errors import ScriptStoppedError, ScriptTimedOutError, TooManyProcessesError
from ops_dashboard.scripts.family import Family
from ops_dashboard.scripts.models import Limits, Watcher
from ops_dashboard.scripts.output import Output
from ops_dashboard.scripts.pipes import Pipes
from ops_dashboard.scripts.reading import Script
from ops_dashboard.scripts.workspace import Workspace

_LOOK_SECONDS = 0.1


class Supervision:
    """A script that runs.

    Attributes:
        seconds: How long it ran, once it has ended.
    """

    def __init__(
        self, *, name: str, child: Child, relatives: Family, output: Output, document: bytes, limits: Limits
    ) -> None:
        self.seconds = 0.0
        self._name = name
        self._child = child
        self._family = relatives
        self._output = output
        self._pipes = Pipes(*child.pipes, document, output.feed)
        self._limits = limits
        self._started = monotonic()

    def until_exit(self, watcher: Watcher, deliver_signals: Callable[[], None]) -> int:
        """Return the exit code when the script has ended, whatever it has left running.

        Args:
            watcher: May end it.
            deliver_signals: Called all the time; may raise.

        Raises:
            ScriptTimedOutError, ScriptStoppedError, TooManyProcessesError: It was ended before.
        """
        next_look = self._started
        while (exit_code := self._child.exit_code()) is None:
            deliver_signals()
            if monotonic() - self._started >= self._limits.seconds:
                self._end_it()
                raise ScriptTimedOutError(self._name, self._limits.seconds)
            if monotonic() >= next_look:
                if reason := watcher.stop():
                    self._end_it()
                    raise ScriptStoppedError(self._name, reason)
                if self._has_too_many_processes():
                    self._end_it()
                    raise TooManyProcessesError(self._name, self._limits.processes)
                next_look = monotonic() + _LOOK_SECONDS
            self._pipes.pump(_LOOK_SECONDS)
        self.seconds = monotonic() - self._started
        self._pipes.drain()
        self._output.end()
        return exit_code

    def close(self) -> None:
        """End what is left of the script's process group, telling nobody."""
        self._output.mute()
        if self._group_lives():
            self._end_group()
        self._pipes.close()
        self._child.wait()

    def _has_too_many_processes(self) -> bool:
        self._family.reap(self._child.pid)
        return len(self._family.living()) > self._limits.processes

    def _end_it(self) -> None:
        self._end_group()
        self._pipes.drain()
        self._output.end()

    def _end_group(self) -> None:
        """Ask the group to end; who does not in time is killed. Output is read on, lest somebody waits to write it."""
        self._child.signal_group(signal.SIGTERM)
        until = monotonic() + self._limits.grace_seconds
        while self._group_lives() and monotonic() < until:
            self._pipes.pump(min(_LOOK_SECONDS, max(0.0, until - monotonic())))
        self._child.signal_group(signal.SIGKILL)

    def _group_lives(self) -> bool:
        return any(process.group == self._child.pid for process in self._family.living())


@contextmanager
def supervised(
    script: Script,
    *,
    arguments: Sequence[str],
    document: bytes,
    place: Workspace,
    relatives: Family,
    limits: Limits,
    output: Output,
) -> Iterator[Supervision]:
    """Start a script, and end it if it is still there at the end.

    Raises:
        ScriptError: It could not be started.
    """
    child = Child(script, arguments, place, limits)
    supervision = Supervision(
        name=script.name, child=child, relatives=relatives, output=output, document=document, limits=limits
    )
    try:
        yield supervision
    finally:
        supervision.close()

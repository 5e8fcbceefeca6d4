"""Why a script could not be run, or did not do what it should. Each message is read by the person who asked."""

from __future__ import annotations

from signal import Signals


class ScriptError(Exception):
    """Base of what goes wrong with a script."""


class ScriptMissingError(ScriptError):
    """There is no such script, or none that may be run."""


class ArgumentsError(ScriptError):
    """What was to be given to the script cannot be given; nothing has run."""


class ResultError(ScriptError):
    """The script ended well, but what it left as its result cannot be used."""


class ScriptFailedError(ScriptError):
    """The script told that it failed, or was killed by a signal that did not come from here.

    Attributes:
        exit_code: What it exited with; the negative number of the signal that killed it.
    """

    def __init__(self, name: str, exit_code: int) -> None:
        super().__init__(f"{name} {_ending(exit_code)}")
        self.exit_code = exit_code


class ScriptTimedOutError(ScriptError):
    """The script took too long and was ended."""

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(f"{name} was ended because it had not finished after {seconds:g} seconds")


class TooManyProcessesError(ScriptError):
    """The script was ended because it had started more processes than it may."""

    def __init__(self, name: str, most: int) -> None:
        super().__init__(f"{name} was ended before it had finished: it started more than {most} processes")


class ScriptStoppedError(ScriptError):
    """The script was ended before it had finished, because its watcher said so.

    Attributes:
        reason: Why, such as `cancelled by ada`.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} was ended before it had finished: {reason}")
        self.reason = reason


_WHAT_A_SIGNAL_MEANS = {
    "SIGXCPU": ": it used more processor time than it may",
    "SIGXFSZ": ": it wrote a file larger than it may",
    "SIGKILL": ": maybe the machine or the container had no memory left",
}


def _ending(exit_code: int) -> str:
    if exit_code >= 0:
        return f"failed with exit code {exit_code}"
    try:
        name = Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    return f"was killed by {name}{_WHAT_A_SIGNAL_MEANS.get(name, '')}"

"""The programs that scripts are written for."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from functools import cache

from ops_dashboard.scripts.errors import ScriptError

_FOLDERS = ("/bin", "/usr/bin")


class Interpreter(StrEnum):
    """What runs a script. The values are those that a catalog names."""

    PYTHON = "python"
    BASH = "bash"
    SH = "sh"

    @property
    def argv(self) -> tuple[str, ...]:
        """The program, as an absolute path, and flags that keep it from reading anybody's start-up files.

        Python is the one that runs this process; it writes each line of output at once.

        Raises:
            ScriptError: This machine has no such program.
        """
        match self:
            case Interpreter.PYTHON:
                return (sys.executable, "-I", "-u")
            case Interpreter.BASH:
                return (_find("bash"), "--noprofile", "--norc")
            case Interpreter.SH:
                return (_find("sh"),)


@cache
def _find(program: str) -> str:
    for folder in _FOLDERS:
        path = f"{folder}/{program}"
        if os.access(path, os.X_OK):
            return path
    raise ScriptError(f"{program}: there is no such program in {' or '.join(_FOLDERS)} on this machine")

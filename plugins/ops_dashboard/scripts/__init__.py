"""Runs one registered script, safely, watched."""

from __future__ import annotations

import re
from enum import StrEnum

_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*", re.ASCII)


class Interpreter(StrEnum):
    """What can run a script."""

    PYTHON = "python"
    BASH = "bash"
    SH = "sh"


def is_script_name(name: str) -> bool:
    """Whether the shape alone is that of a script's name."""
    return len(name) <= 200 and bool(_NAME.fullmatch(name))

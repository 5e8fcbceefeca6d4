"""One registered script, run safely and watched: what goes in, what comes out, and that nothing of it stays behind.

`read_script` reads it, `run` runs exactly what was read. A script runs as the user of this process and can read what
that user can: it is kept from accidents and from what people type into a form, not from its own author.
"""

from __future__ import annotations

from ops_dashboard.scripts.errors import (
    ArgumentsError,
    ResultError,
    ScriptError,
    ScriptFailedError,
    ScriptMissingError,
    ScriptStoppedError,
    ScriptTimedOutError,
    TooManyProcessesError,
)
from ops_dashboard.scripts.given import command_line
from ops_dashboard.scripts.interpreters import Interpreter
from ops_dashboard.scripts.models import Finished, JsonValue, Limits, Progress, Watcher
from ops_dashboard.scripts.reading import Script, is_script_name, read_content, read_script
from ops_dashboard.scripts.running import run

__all__ = [
    "ArgumentsError",
    "Finished",
    "Interpreter",
    "JsonValue",
    "Limits",
    "Progress",
    "ResultError",
    "Script",
    "ScriptError",
    "ScriptFailedError",
    "ScriptMissingError",
    "ScriptStoppedError",
    "ScriptTimedOutError",
    "TooManyProcessesError",
    "Watcher",
    "command_line",
    "is_script_name",
    "read_content",
    "read_script",
    "run",
]

"""Read a registered script, once: these bytes are hashed and run, whatever happens to the file afterwards."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ops_dashboard.scripts.errors import ScriptMissingError
from ops_dashboard.scripts.interpreters import Interpreter
from ops_dashboard.text import shown

_MAX_BYTES = 1_000_000
_MAX_NAME = 200
_PART = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*")
# Without O_NONBLOCK, opening a named pipe would wait for somebody to write into it.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it was read; `name` is its path below the folder of scripts."""

    name: str
    interpreter: Interpreter
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """The fingerprint of the content, in hexadecimal digits."""
        return sha256(self.content).hexdigest()


def is_script_name(name: str) -> bool:
    """Tell whether this can be the name of a script: `rebuild.py`, `ads/rebuild.py`. Whether it exists is not asked."""
    return len(name) <= _MAX_NAME and _NAME.fullmatch(name) is not None


def read_script(folder: Path, name: str, interpreter: Interpreter) -> Script:
    """Return the script of this name. The folder may be a symbolic link, nothing below it may be one.

    Raises:
        ScriptMissingError: There is no such file, or it is none that may be run.
    """
    return Script(name, interpreter, read_content(folder, name))


def read_content(folder: Path, name: str) -> bytes:
    """Return what a file of the folder of scripts holds, whatever it is for.

    Raises:
        ScriptMissingError: There is no such file, or it is none that may be used.
    """
    if not is_script_name(name):
        raise ScriptMissingError(
            f"script: got {shown(name)}, expected a path such as ads/rebuild.py of at most {_MAX_NAME} characters:"
            " letters, digits, _ . - and /, and no part that begins with a dot"
        )
    with _plain_errors(folder, name), ExitStack() as stack:
        return _read(_open(folder, name, stack), name)


def _open(folder: Path, name: str, stack: ExitStack) -> int:
    *parents, file = name.split("/")
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    stack.callback(os.close, place)
    for part in parents:
        place = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=place)
        stack.callback(os.close, place)
    opened = os.open(file, _FLAGS, dir_fd=place)
    stack.callback(os.close, opened)
    return opened


def _read(opened: int, name: str) -> bytes:
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        raise ScriptMissingError(f"script {name}: it is no regular file")
    with os.fdopen(os.dup(opened), "rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if not content:
        raise ScriptMissingError(f"script {name}: the file is empty")
    if len(content) > _MAX_BYTES:
        raise ScriptMissingError(f"script {name}: the file is larger than {_MAX_BYTES} bytes")
    return content


@contextmanager
def _plain_errors(folder: Path, name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ScriptMissingError(f"script {name}: there is no such file in {folder}") from error
    except OSError as error:
        reason = _symbolic_link(folder, name) or error.strerror
        raise ScriptMissingError(f"script {name}: it cannot be read from {folder}: {reason}") from error


def _symbolic_link(folder: Path, name: str) -> str | None:
    """Name the part that is a symbolic link, for the message alone: a link is refused where it is opened."""
    path = folder
    for part in name.split("/"):
        path /= part
        if path.is_symlink():
            return f"{path} is a symbolic link, which is not followed"
    return None

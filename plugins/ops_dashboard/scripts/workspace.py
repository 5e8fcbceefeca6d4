"""The folder that one run has to itself: the script, its home, its temporary files, its result."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

from ops_dashboard.scripts import strict_json
from ops_dashboard.scripts.emptying import empty
from ops_dashboard.scripts.errors import ResultError, ScriptError
from ops_dashboard.scripts.models import JsonValue
from ops_dashboard.scripts.reading import Script

_log = logging.getLogger(__name__)

_RESULT = ".ops-result.json"  # no script's name begins with a dot


@dataclass(frozen=True, slots=True)
class Workspace:
    """A fresh folder that is removed after the run.

    Attributes:
        script: The script in it.
        opened: A descriptor of the folder: a script may put another one in its place.
    """

    folder: Path
    script: Path
    opened: int

    @property
    def environment(self) -> dict[str, str]:
        """All the variables that the script gets."""
        return {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "OPS_RESULT": str(self.folder / _RESULT),
        }

    def read_result(self, name: str, limit: int) -> JsonValue:
        """Return what the script left as its result, None if it left nothing.

        Args:
            name: The script's, for messages.
            limit: Size in bytes that the result may have.

        Raises:
            ResultError: What it left is no JSON document of at most that size.
        """
        try:
            # Neither a link to a file that is not the script's, nor a pipe that never ends.
            opened = os.open(_RESULT, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self.opened)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ResultError(f"{name} left a result that cannot be read: {error.strerror}") from error
        try:
            return _parse(_bounded(opened, name, limit), name)
        finally:
            os.close(opened)


@contextmanager
def workspace(script: Script) -> Iterator[Workspace]:
    """Make the folder, and remove it with all that the script has left in it.

    Raises:
        ScriptError: There is no room for it.
    """
    folder, opened = _made(script.name)
    try:
        path = folder / PurePosixPath(script.name).name
        with _told(script.name):
            _write(path, script.content)
        yield Workspace(folder, path, opened)
    finally:
        _remove(folder, opened)
        os.close(opened)


def _made(name: str) -> tuple[Path, int]:
    with _told(name):
        folder = Path(mkdtemp(prefix="ops-script-")).resolve()
        return folder, os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ScriptError(f"{name} could not be put where it would run: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), 0o500)


def _bounded(opened: int, name: str, limit: int) -> bytes:
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        raise ResultError(f"{name} left a result that is no regular file")
    with os.fdopen(os.dup(opened), "rb") as file:
        document = file.read(limit + 1)
    if len(document) > limit:
        raise ResultError(f"{name} left a result of more than {limit} bytes")
    return document


def _parse(document: bytes, name: str) -> JsonValue:
    try:
        return strict_json.parse(document)
    except ValueError as error:
        raise ResultError(f"{name} left a result that is no JSON document: {error}") from error


def _remove(folder: Path, opened: int) -> None:
    try:
        empty(opened)
        folder.rmdir()
    except OSError as error:
        _log.warning("what a script left in %s could not be removed: %s", folder, error)

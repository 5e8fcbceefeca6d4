"""Read a file that somebody may be writing: only what stays as it is counts."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import sleep
from typing import TypeVar

from ops_dashboard.directory.models import DirectoryError

T = TypeVar("T")

_TRIES = 5

_State = tuple[int, int, int, int]


def read_at_rest(path: Path, read: Callable[[Path], T], pause: timedelta) -> tuple[T, int]:
    """Return what `read` returns, and the file's size in bytes; 0 if there is no file, which `read` shall tell.

    Raises:
        DirectoryError: The file was another one after each of a few readings, or it is none that has an end.
    """
    for _ in range(_TRIES):
        before = _state(path)
        value = read(path)
        # A reading takes less time than most writers leave between two pieces.
        sleep(pause.total_seconds())
        if _state(path) == before:
            return value, before[0] if before else 0
    raise DirectoryError(
        f"{path}: changed each of the {_TRIES} times it was read;"
        " write the new content to another file beside it, and rename that"
    )


def _state(path: Path) -> _State | None:
    try:
        found = path.stat()
    except OSError:
        return None
    # Others, a pipe for one, may never end.
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise DirectoryError(f"{path}: got something that is no regular file, expected a file that can be read")
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev

"""Remove what a script has left in its folder, however deep and whatever rights it has taken from itself."""

from __future__ import annotations

import os
import stat
from uuid import uuid4

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def empty(folder: int) -> None:
    """Remove all that is in a folder.

    What is in a folder inside is moved up first: nothing recurses, and no path gets long.

    Args:
        folder: A descriptor of it: another folder may have taken its place.

    Raises:
        OSError: Something could not be removed.
    """
    os.fchmod(folder, 0o700)
    while names := os.listdir(folder):
        for name in names:
            if _is_folder(name, folder):
                _move_up(name, folder)
                os.rmdir(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)


def _move_up(name: str, folder: int) -> None:
    os.chmod(name, 0o700, dir_fd=folder)
    inner = os.open(name, _FLAGS, dir_fd=folder)
    try:
        for each in os.listdir(inner):  # noqa: PTH208 - see above
            if _is_folder(each, inner):
                os.chmod(each, 0o700, dir_fd=inner)  # who may not write to a folder may not move it either
                os.rename(each, uuid4().hex, src_dir_fd=inner, dst_dir_fd=folder)
            else:
                os.unlink(each, dir_fd=inner)
    finally:
        os.close(inner)


def _is_folder(name: str, folder: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)

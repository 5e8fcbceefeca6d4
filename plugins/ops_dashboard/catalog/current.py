"""The catalog of this installation, read again only when a file of it changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import monotonic

from ops_dashboard.catalog.models import Catalog
from ops_dashboard.catalog.operations import Operation
from ops_dashboard.catalog.reading import CatalogError, load_catalog
from ops_dashboard.settings import settings

_Signature = tuple[tuple[object, ...], ...]
_KEPT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Mistaken:
    """A catalog with mistakes, kept for a moment since some pages ask for each row.

    Not for longer: that a file can't be read may pass without a trace on it.
    """

    error: CatalogError
    until: float


def current_catalog() -> Catalog:
    """The catalog as its files are now.

    Raises:
        CatalogError: It has mistakes, all of which the error tells.
    """
    folder = settings().catalog_folder
    signature = _signature(folder)
    found = _load(folder, signature)
    if isinstance(found, _Mistaken) and monotonic() > found.until:
        _load.cache_clear()
        found = _load(folder, signature)
    if isinstance(found, _Mistaken):
        raise CatalogError(found.error.mistakes, found.error.readable)
    return found


def find_operation(name: str) -> Operation | None:
    """The operation of that name, for telling what it is; None if there is none, or none can be told by a mistake."""
    try:
        return current_catalog().operations.get(name)
    except CatalogError:
        return None


def _signature(folder: Path) -> _Signature:
    try:
        files = sorted(folder.iterdir())
    except OSError:  # for the reader to report
        return ()
    # A link changes when it leads elsewhere, and when what it leads to changes. A file may be gone by now, since
    # git-sync swaps the folder; and a link that leads nowhere is for the reader to report.
    return tuple((file.name, own, _version(file.stat)) for file in files if (own := _version(file.lstat)))


def _version(stat: Callable[[], os.stat_result]) -> tuple[int, ...]:
    try:
        found = stat()
    except FileNotFoundError:
        return ()
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=1)
def _load(folder: Path, signature: _Signature) -> Catalog | _Mistaken:  # noqa: ARG001 - the cache's key
    try:
        return load_catalog(folder)
    except CatalogError as error:
        return _Mistaken(error, monotonic() + _KEPT_SECONDS)

"""The catalog of this installation, read again only when a file of it changed."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from ops_dashboard.catalog.models import Catalog
from ops_dashboard.catalog.reading import load_catalog
from ops_dashboard.settings import settings

_Signature = tuple[tuple[str, int, int], ...]


def current_catalog() -> Catalog:
    """The catalog as its files are now.

    Raises:
        CatalogError: It has mistakes, all of which the error tells.
    """
    folder = settings().catalog_folder
    return _load(folder, _signature(folder))


def _signature(folder: Path) -> _Signature:
    try:
        files = sorted(folder.iterdir())
    except OSError:  # for the reader to report
        return ()
    stats = ((file.name, _stat(file)) for file in files)
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats if stat)


def _stat(file: Path) -> os.stat_result | None:
    try:
        # Not what a link leads to: if that is nowhere, the reader reports it.
        return file.lstat()
    except FileNotFoundError:  # git-sync swaps the folder while it is looked at
        return None


@lru_cache(maxsize=1)
def _load(folder: Path, signature: _Signature) -> Catalog:  # noqa: ARG001 - the signature is the cache's key
    return load_catalog(folder)

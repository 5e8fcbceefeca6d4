"""The catalog of this installation, read again only when a file of it changed."""

from __future__ import annotations

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
    # lstat: a link that leads nowhere is a mistake for the reader to report, not one of ours.
    stats = ((file.name, file.lstat()) for file in sorted(folder.glob("*")))
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


@lru_cache(maxsize=1)
def _load(folder: Path, signature: _Signature) -> Catalog:  # noqa: ARG001 - the signature is the cache's key
    return load_catalog(folder)

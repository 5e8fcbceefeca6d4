"""The source that an Airflow connection configures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ops_dashboard.directory.file import FileSource
from ops_dashboard.directory.models import DirectoryError

if TYPE_CHECKING:
    from ops_dashboard.directory.models import DirectorySource

_ACCEPTED = '{"kind": "file", "path": "/path/of/directory.yaml"}'


def from_connection(connection_id: str) -> DirectorySource:
    """Return the source that the connection's extra describes: `{"kind": "file", "path": …}`.

    Raises:
        DirectoryError: There is no such connection, or its extra is not understood.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        extra = BaseHook.get_connection(connection_id).extra_dejson
    except AirflowNotFoundException as error:
        raise DirectoryError(f"Airflow has no connection {connection_id!r}; its extra says {_ACCEPTED}") from error
    match extra:
        case {"kind": "file", "path": str(path)} if path:
            return FileSource(Path(path))
    kind = extra.get("kind") if isinstance(extra, dict) else None
    # Not the whole extra: that of other kinds holds secrets.
    raise DirectoryError(f"connection {connection_id!r}: extra has kind {kind!r}, expected {_ACCEPTED}")

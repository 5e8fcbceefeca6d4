"""Who belongs to which group: where it is read from, and how it gets into the database."""

from __future__ import annotations

from ops_dashboard.directory.configured import from_connection
from ops_dashboard.directory.models import (
    DirectoryError,
    DirectoryGroup,
    DirectorySource,
    DirectoryUser,
    Snapshot,
)

__all__ = [
    "DirectoryError",
    "DirectoryGroup",
    "DirectorySource",
    "DirectoryUser",
    "Snapshot",
    "from_connection",
]

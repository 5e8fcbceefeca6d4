"""Who belongs to which group: where it is read from, and how it gets into the database."""

from __future__ import annotations

from ops_dashboard.directory.configured import ConfiguredSource, from_connection, refuse_shared_name
from ops_dashboard.directory.deciding import discard, release, retire
from ops_dashboard.directory.models import (
    DirectoryError,
    DirectoryGroup,
    DirectorySource,
    DirectoryUser,
    Listing,
    Snapshot,
)
from ops_dashboard.directory.patience import impatient
from ops_dashboard.directory.runs import Asked, SyncRun, SyncState, find_run, may_release, recent_runs, record_failure
from ops_dashboard.directory.settings import SYNC_DAG_ID, Bound, Guards, SyncRules
from ops_dashboard.directory.status import Source, SourceStatus, UnreadGroup, held_runs, read_statuses
from ops_dashboard.directory.sync import SyncReport, sync

__all__ = [
    "SYNC_DAG_ID",
    "Asked",
    "Bound",
    "ConfiguredSource",
    "DirectoryError",
    "DirectoryGroup",
    "DirectorySource",
    "DirectoryUser",
    "Guards",
    "Listing",
    "Snapshot",
    "Source",
    "SourceStatus",
    "SyncReport",
    "SyncRules",
    "SyncRun",
    "SyncState",
    "UnreadGroup",
    "discard",
    "find_run",
    "from_connection",
    "held_runs",
    "impatient",
    "may_release",
    "read_statuses",
    "recent_runs",
    "record_failure",
    "refuse_shared_name",
    "release",
    "retire",
    "sync",
]

"""How the sources are: how old their data is, what could not be read, and what their last syncs did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from ops_dashboard.directory.runs import SyncRun, SyncState, recent_runs

if TYPE_CHECKING:
    import psycopg

_SOURCES = """
SELECT source, origin, max_age, applied_at, users, groups, memberships FROM ops.sources
 WHERE retired_at IS NULL ORDER BY source
"""
_HOLDING = "SELECT source FROM ops.sync_runs WHERE state = 'held' ORDER BY source"
_UNREAD = """
SELECT name, problem, unread_since FROM ops.groups
 WHERE source = %s AND removed_at IS NULL AND problem IS NOT NULL ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A directory that was asked at least once.

    Attributes:
        origin: What is read: a file, a customer, a server.
        max_age: Nothing is decided from older data.
        applied_at: When it was last known completely, and accepted; None if it never was.
        memberships: The direct ones.
    """

    source: str
    origin: str
    max_age: timedelta
    applied_at: datetime | None
    users: int
    groups: int
    memberships: int


@dataclass(frozen=True, slots=True)
class UnreadGroup:
    """A group that could not be read at the last sync, and keeps the members it had."""

    name: str
    problem: str
    unread_since: datetime


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source with its last runs, the newest first, and the one that is held, if any is."""

    source: Source
    unread: tuple[UnreadGroup, ...]
    held: SyncRun | None
    runs: tuple[SyncRun, ...]


def read_statuses(connection: psycopg.Connection, *, runs: int = 10) -> tuple[SourceStatus, ...]:
    """Return all sources by name, each with its last `runs` runs."""
    sources = connection.cursor(row_factory=class_row(Source)).execute(_SOURCES).fetchall()
    return tuple(_status(connection, source, runs) for source in sources)


def held_runs(connection: psycopg.Connection) -> tuple[SyncRun, ...]:
    """Return the runs that wait for somebody to decide, at most one of each source."""
    sources = connection.execute(_HOLDING).fetchall()
    return tuple(run for (source,) in sources for run in recent_runs(connection, source, state=SyncState.HELD, limit=1))


def _status(connection: psycopg.Connection, source: Source, runs: int) -> SourceStatus:
    unread = connection.cursor(row_factory=class_row(UnreadGroup)).execute(_UNREAD, [source.source]).fetchall()
    held = recent_runs(connection, source.source, state=SyncState.HELD, limit=1)
    return SourceStatus(
        source, tuple(unread), next(iter(held), None), recent_runs(connection, source.source, limit=runs)
    )

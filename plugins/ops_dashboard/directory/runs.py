"""The record of syncs: what became of each, and the one of each source that is held."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row
from pydantic import TypeAdapter

from ops_dashboard.access import is_same_person
from ops_dashboard.directory.differences import Differences
from ops_dashboard.directory.models import DirectoryError, Snapshot

if TYPE_CHECKING:
    import psycopg

_INSERT = """
INSERT INTO ops.sync_runs
       (source, state, dag_run_id, asked_by, reasons, evidence, differences, digest, snapshot)
VALUES (%(source)s, %(state)s, %(dag_run_id)s, %(asked_by)s, %(reasons)s, %(evidence)s, %(differences)s, %(digest)s,
        %(snapshot)s)
RETURNING sync_id
"""
_KNOW_SOURCE = "INSERT INTO ops.sources (source, origin, max_age) VALUES (%s, %s, %s) ON CONFLICT (source) DO NOTHING"
_HOLD_AGAIN = """
UPDATE ops.sync_runs
   SET read_at = clock_timestamp(), reasons = %(reasons)s, evidence = %(evidence)s, differences = %(differences)s,
       snapshot = %(snapshot)s
 WHERE source = %(source)s AND state = 'held' AND digest = %(digest)s
RETURNING sync_id
"""
_SUPERSEDE = """
UPDATE ops.sync_runs SET state = 'superseded', snapshot = NULL WHERE source = %s AND state = 'held'
"""
_FIND_HELD = """
SELECT sync_id, snapshot, asked_by, read_at, differences FROM ops.sync_runs
 WHERE source = %s AND state = 'held' AND digest = %s FOR UPDATE
"""
_WHAT_WAITS = "SELECT snapshot FROM ops.sync_runs WHERE source = %s AND state = 'held'"
# A dry run asks for nothing.
_ASKED_BEFORE = """
SELECT FROM ops.sync_runs
 WHERE source = %s AND digest = %s AND lower(asked_by) = lower(%s) AND state <> 'rehearsed'
   AND at > clock_timestamp() - interval '24 hours' LIMIT 1
"""
_DECIDE = """
UPDATE ops.sync_runs
   SET state = %s, snapshot = NULL, decided_by = %s, decided_at = clock_timestamp(), decided_why = %s
 WHERE sync_id = %s
"""
_COLUMNS = """sync_id, source, at, read_at, state, dag_run_id, asked_by, reasons, evidence, differences, digest,
       decided_by, decided_at, decided_why"""
_RECENT = f"""
SELECT {_COLUMNS}
  FROM ops.sync_runs WHERE source = %s AND (%s::text IS NULL OR state = %s) ORDER BY sync_id DESC LIMIT %s
"""  # noqa: S608 - a constant
_ONE = f"SELECT {_COLUMNS} FROM ops.sync_runs WHERE source = %s AND sync_id = %s"  # noqa: S608 - a constant
_snapshots = TypeAdapter(Snapshot)


class SyncState(StrEnum):
    """What became of a run."""

    APPLIED = "applied"
    PARTIAL = "partial"
    """Something could not be read; what was known of it is kept."""
    HELD = "held"
    """It waits until somebody agrees to exactly its differences, or discards them."""
    FAILED = "failed"
    REHEARSED = "rehearsed"
    """A dry run: its differences were found, and nothing was changed."""
    DISCARDED = "discarded"
    SUPERSEDED = "superseded"
    """It was held until a later run brought something else."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked for a sync, and in which DAG run."""

    by: str
    dag_run_id: str


@dataclass(frozen=True, slots=True)
class Record:
    """What a run found."""

    source: str
    state: SyncState
    reasons: Sequence[str] = ()
    evidence: Sequence[str] = ()
    differences: Differences | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class SyncRun:
    """A run as it is on record.

    Attributes:
        read_at: When the same was found last, by this run or, while it was held, by a later one.
        decided_by: Who released or discarded it when it was held.
    """

    sync_id: int
    source: str
    at: datetime
    read_at: datetime
    state: SyncState
    dag_run_id: str
    asked_by: str
    reasons: tuple[str, ...]
    evidence: tuple[str, ...]
    differences: Differences | None
    digest: str | None
    decided_by: str | None
    decided_at: datetime | None
    decided_why: str | None


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run that waits, with what it read."""

    sync_id: int
    asked_by: str
    read_at: datetime
    snapshot: Snapshot
    differences: Differences


def may_release(asked_by: str, who: str) -> bool:
    """Whether somebody is a second person."""
    return not is_same_person(asked_by, who)


def know_source(cursor: psycopg.Cursor[Any], source: str, origin: str, max_age: timedelta) -> None:
    """Make a source known that was never asked before; one that was stays as it is."""
    cursor.execute(_KNOW_SOURCE, [source, origin, max_age])


def record(cursor: psycopg.Cursor[Any], found: Record, asked: Asked) -> int:
    """Write what became of a run and return its number."""
    return _insert(cursor, _values(found, None), asked)


def record_held(cursor: psycopg.Cursor[Any], found: Record, asked: Asked, snapshot: Snapshot) -> int:
    """Hold a run in place of any that its source has held, and return its number.

    If that would bring the same it is the same run, which has been read anew.
    """
    values = _values(found, zlib.compress(_snapshots.dump_json(snapshot)))
    again = cursor.execute(_HOLD_AGAIN, values).fetchone()
    if again is not None:
        return int(again[0])
    supersede_held(cursor, found.source)
    return _insert(cursor, values, asked)


def record_failure(
    connection: psycopg.Connection, source: str, error: DirectoryError, asked: Asked, *, max_age: timedelta
) -> int:
    """Write that a source could not be read, and commit."""
    evidence = [str(error)] if str(error) != error.public else []
    if error.suspended:
        evidence.append(f"suspended at once: {', '.join(error.suspended)}")
    with connection.transaction(), connection.cursor() as cursor:
        know_source(cursor, source, "", max_age)
        return record(cursor, Record(source, SyncState.FAILED, [error.public], evidence), asked)


def supersede_held(cursor: psycopg.Cursor[Any], source: str) -> None:
    """Let go of what is held: a later run has brought something else."""
    cursor.execute(_SUPERSEDE, [source])


def held_snapshot(cursor: psycopg.Cursor[Any], source: str) -> Snapshot | None:
    """Return what the run of a source that is held has read, if one is."""
    row = cursor.execute(_WHAT_WAITS, [source]).fetchone()
    return _snapshots.validate_json(zlib.decompress(row[0])) if row is not None else None


def find_held(cursor: psycopg.Cursor[Any], source: str, digest: str) -> HeldRun:
    """Return the run that is held with exactly these differences, locked.

    Raises:
        DirectoryError: There is none: it was decided, or a later run has brought something else.
    """
    row = cursor.execute(_FIND_HELD, [source, digest]).fetchone()
    if row is None:
        raise DirectoryError(
            f"source {source!r} holds no run with digest {digest[:12]}…: it was decided, or a later run brought"
            " something else; look again"
        )
    sync_id, packed, asked_by, read_at, shown = row
    snapshot = _snapshots.validate_json(zlib.decompress(packed))
    return HeldRun(sync_id, asked_by, read_at, snapshot, Differences.model_validate(shown))


def asked_before(cursor: psycopg.Cursor[Any], source: str, digest: str, who: str) -> bool:
    """Whether somebody has asked for just these differences lately, in a run that was decided or superseded since."""
    return cursor.execute(_ASKED_BEFORE, [source, digest, who]).fetchone() is not None


def decide_held(cursor: psycopg.Cursor[Any], held: HeldRun, state: SyncState, by: str, why: str) -> None:
    """Write who released (`applied`) or discarded a held run, and let go of what it read."""
    cursor.execute(_DECIDE, [state, by, why, held.sync_id])


def recent_runs(
    connection: psycopg.Connection, source: str, *, state: SyncState | None = None, limit: int = 10
) -> tuple[SyncRun, ...]:
    """Return the last runs of a source, the newest first."""
    rows = connection.cursor(row_factory=dict_row).execute(_RECENT, [source, state, state, limit])
    return tuple(map(_run, rows))


def find_run(connection: psycopg.Connection, source: str, sync_id: int) -> SyncRun | None:
    """Return one run of a source, if there is such a one."""
    row = connection.cursor(row_factory=dict_row).execute(_ONE, [source, sync_id]).fetchone()
    return _run(row) if row is not None else None


def _insert(cursor: psycopg.Cursor[Any], values: Mapping[str, object], asked: Asked) -> int:
    by = {"dag_run_id": asked.dag_run_id, "asked_by": asked.by}
    (sync_id,) = cursor.execute(_INSERT, {**values, **by}).fetchall()[0]
    return int(sync_id)


def _values(found: Record, snapshot: bytes | None) -> dict[str, object]:
    return {
        "source": found.source,
        "state": found.state,
        "reasons": list(found.reasons),
        "evidence": list(found.evidence),
        "differences": found.differences.model_dump_json() if found.differences else None,
        "digest": found.digest,
        "snapshot": snapshot,
    }


def _run(row: dict[str, Any]) -> SyncRun:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    values["state"] = SyncState(row["state"])
    values["differences"] = Differences.model_validate(row["differences"]) if row["differences"] else None
    return SyncRun(**values)

"""One sync of one source, in one transaction: stage, compare, judge, then apply, hold or only tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg

from ops_dashboard.directory import runs, staging
from ops_dashboard.directory.applying import apply_staged, suspend
from ops_dashboard.directory.comparing import compare
from ops_dashboard.directory.differences import Differences, find_differences, find_digest
from ops_dashboard.directory.guards import reasons_to_hold
from ops_dashboard.directory.models import DirectoryError
from ops_dashboard.directory.runs import SyncState

if TYPE_CHECKING:
    from ops_dashboard.directory.models import Snapshot
    from ops_dashboard.directory.runs import Asked
    from ops_dashboard.directory.settings import SyncRules

# One at a time, of all sources: the groups of one may bear names that another gives up.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('ops.directory', 0))"
_PUT_MAX_AGE = "UPDATE ops.sources SET max_age = %(max_age)s WHERE source = %(source)s AND max_age <> %(max_age)s"
_READ_SOURCE = "SELECT origin, applied_at FROM ops.sources WHERE source = %(source)s"


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What became of a run.

    Attributes:
        reasons: Why it was held or is partial.
        suspended: E-mails of those whom the directory shows as suspended now; they were suspended at once.
        digest: Of the differences, if somebody has to agree to them, or would have to after a dry run.
    """

    source: str
    state: SyncState
    reasons: tuple[str, ...]
    suspended: tuple[str, ...]
    differences: Differences | None = None
    digest: str | None = None
    sync_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    origin: str
    applied_at: datetime | None


def sync(
    connection: psycopg.Connection, snapshot: Snapshot, rules: SyncRules, asked: Asked, *, dry_run: bool = False
) -> SyncReport:
    """Bring the copy of the directory in line with a snapshot, as far as proof and guards allow.

    Whom the snapshot shows as suspended is suspended in any case, but by a dry run. Commits, unless the connection is
    in a transaction already.

    Raises:
        DirectoryError: The snapshot is empty, or contradicts itself or another source; nothing was changed.
    """
    with _transaction(connection, snapshot) as cursor:
        runs.know_source(cursor, snapshot.source, snapshot.origin, rules.max_age)
        if dry_run:
            with connection.transaction(force_rollback=True):
                found = _look(cursor, snapshot, rules)
            return _recorded(cursor, snapshot, replace(found, state=SyncState.REHEARSED), asked)
        cursor.execute(_PUT_MAX_AGE, {"source": snapshot.source, "max_age": rules.max_age})
        found = _look(cursor, snapshot, rules)
        if found.state is not SyncState.HELD and found.differences is not None:
            apply_staged(cursor, snapshot.source, snapshot.origin, found.differences)
            runs.supersede_held(cursor, snapshot.source)
        staging.drop(cursor)
        return _recorded(cursor, snapshot, found, asked)


def release(connection: psycopg.Connection, source: str, digest: str, by: str, why: str) -> None:
    """Apply what a held run read, if that still brings exactly the differences that were seen.

    The source is then as old as what was read, however long that has waited.

    Raises:
        DirectoryError: It was decided or superseded, other things changed meanwhile, or whoever releases it is the
            one who asked for it; nothing was changed.
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        held = runs.find_held(cursor, source, digest)
        if not runs.may_release(held.asked_by, by):
            raise DirectoryError(f"{by} asked for this run; somebody else has to look at it")
        with _plain_errors(source):
            staging.stage(cursor, held.snapshot)
            suspend(cursor, source)
            compare(cursor, held.snapshot)
            differences = find_differences(cursor, source)
            if find_digest(cursor, held.snapshot.origin) != digest:
                raise DirectoryError(
                    f"what is known of source {source!r} has changed since this run was held, so it would bring"
                    " something else now; let the source be read anew"
                )
            apply_staged(cursor, source, held.snapshot.origin, differences, held.read_at)
        staging.drop(cursor)
        runs.decide_held(cursor, held, SyncState.APPLIED, by, why)


def discard(connection: psycopg.Connection, source: str, digest: str, by: str, why: str) -> None:
    """Let go of a held run; the next one is judged anew.

    Raises:
        DirectoryError: It was decided or superseded.
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        held = runs.find_held(cursor, source, digest)
        runs.decide_held(cursor, held, SyncState.DISCARDED, by, why)


def _look(cursor: psycopg.Cursor[Any], snapshot: Snapshot, rules: SyncRules) -> SyncReport:
    """Stage, suspend whom the directory suspends, and judge the rest; the differences are there if all is proven."""
    staging.stage(cursor, snapshot)
    suspended = tuple(suspend(cursor, snapshot.source))
    listings = (snapshot.users, snapshot.groups)
    if unproven := tuple(listing.problem or "not proven complete" for listing in listings if listing.proof is None):
        return SyncReport(snapshot.source, SyncState.PARTIAL, unproven, suspended)
    compare(cursor, snapshot)
    differences = find_differences(cursor, snapshot.source)
    if reasons := _reasons(_known(cursor, snapshot.source), snapshot, rules, differences):
        digest = find_digest(cursor, snapshot.origin)
        return SyncReport(snapshot.source, SyncState.HELD, tuple(reasons), suspended, differences, digest)
    unread = tuple(f"group {group.name or group.external_id}: {group.problem}" for group in snapshot.unread_groups)
    state = SyncState.PARTIAL if unread else SyncState.APPLIED
    return SyncReport(snapshot.source, state, unread, suspended, differences)


def _reasons(known: _Known, snapshot: Snapshot, rules: SyncRules, differences: Differences) -> list[str]:
    if known.applied_at is None:
        return [f"source {snapshot.source!r} is new: nothing of it was known before"] if rules.holds_first_run else []
    reasons = reasons_to_hold(differences, rules.guards)
    if known.origin != snapshot.origin:
        reasons.insert(
            0, f"source {snapshot.source!r} was read from {known.origin} and is now read from {snapshot.origin}"
        )
    return reasons


def _recorded(cursor: psycopg.Cursor[Any], snapshot: Snapshot, found: SyncReport, asked: Asked) -> SyncReport:
    suspended = [f"suspended at once: {', '.join(found.suspended)}"] if found.suspended else []
    proofs = [listing.proof for listing in (snapshot.users, snapshot.groups) if listing.proof]
    record = runs.Record(
        found.source,
        found.state,
        found.reasons,
        [*proofs, *suspended, *snapshot.notes],
        found.differences,
        found.digest,
    )
    if found.state is SyncState.HELD:
        return replace(found, sync_id=runs.record_held(cursor, record, asked, snapshot))
    return replace(found, sync_id=runs.record(cursor, record, asked))


@contextmanager
def _transaction(connection: psycopg.Connection, snapshot: Snapshot) -> Iterator[psycopg.Cursor[Any]]:
    empty = [what for what, listing in (("users", snapshot.users), ("groups", snapshot.groups)) if not listing.entries]
    if empty and all(listing.proof for listing in (snapshot.users, snapshot.groups)):
        raise DirectoryError(
            f"source {snapshot.source!r} has no {' and no '.join(empty)}; an empty directory is taken for a failure"
        )
    with _plain_errors(snapshot.source), connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        yield cursor


@contextmanager
def _plain_errors(source: str) -> Iterator[None]:
    try:
        yield
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        reason = " ".join(filter(None, (error.diag.message_primary, error.diag.message_detail))) or str(error)
        problem = f"source {source!r} contradicts itself or another source"
        raise DirectoryError(f"{problem}: {reason}", public=problem) from error


def _known(cursor: psycopg.Cursor[Any], source: str) -> _Known:
    return _Known(*cursor.execute(_READ_SOURCE, {"source": source}).fetchall()[0])

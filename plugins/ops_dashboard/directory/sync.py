"""One sync of one source: suspend whom it suspends, then stage, compare, judge, and apply, hold or only tell.

The suspensions are committed first: nothing else that is wrong with an answer may stop them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ops_dashboard.directory import runs, staging
from ops_dashboard.directory.applying import apply_staged, suspend
from ops_dashboard.directory.claims import contradicts, read_known, settle, take_emails
from ops_dashboard.directory.comparing import compare
from ops_dashboard.directory.differences import Differences, find_differences, find_digest
from ops_dashboard.directory.guards import reasons_to_hold
from ops_dashboard.directory.models import DirectoryError
from ops_dashboard.directory.runs import SyncState
from ops_dashboard.directory.turns import turn

if TYPE_CHECKING:
    import psycopg

    from ops_dashboard.directory.models import Snapshot
    from ops_dashboard.directory.runs import Asked
    from ops_dashboard.directory.settings import SyncRules

_PUT_MAX_AGE = """
UPDATE ops.sources SET max_age = %(max_age)s, retired_at = NULL
 WHERE source = %(source)s AND (max_age <> %(max_age)s OR retired_at IS NOT NULL)
"""
_STILL_SUSPENDED = """
SELECT held.email FROM ops.users AS held JOIN seen_users AS seen USING (external_id)
 WHERE held.source = %(source)s AND held.removed_at IS NULL AND NOT held.active AND seen.active IS NULL ORDER BY 1
"""
_MOST_NAMED = 20
_READ_SOURCE = "SELECT origin, applied_at FROM ops.sources WHERE source = %(source)s"


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What became of a run.

    Attributes:
        reasons: Why it was held or is partial.
        suspended: E-mails of those whom the directory shows as suspended now; they were suspended at once.
        digest: Of the differences, if somebody has to agree to them, or would have to after a dry run.
        notes: What was left out and why.
    """

    source: str
    state: SyncState
    reasons: tuple[str, ...]
    suspended: tuple[str, ...]
    differences: Differences | None = None
    digest: str | None = None
    sync_id: int | None = None
    notes: tuple[str, ...] = ()


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
        DirectoryError: The snapshot is empty, or contradicts itself; nothing but suspensions was changed.
    """
    _refuse_empty(snapshot)
    source = snapshot.source
    if dry_run:
        with turn(connection, source) as cursor:
            runs.know_source(cursor, source, snapshot.origin, rules.max_age)
            with connection.transaction(force_rollback=True):
                found = _look(cursor, snapshot, rules, suspend_now(cursor, snapshot))
            return _recorded(cursor, snapshot, replace(found, state=SyncState.REHEARSED), asked)
    with turn(connection, source) as cursor:
        suspended = suspend_now(cursor, snapshot)
    try:
        return _apply_or_hold(connection, snapshot, rules, asked, suspended)
    except DirectoryError as error:
        error.suspended = suspended
        raise


def _apply_or_hold(
    connection: psycopg.Connection, snapshot: Snapshot, rules: SyncRules, asked: Asked, suspended: tuple[str, ...]
) -> SyncReport:
    source = snapshot.source
    with turn(connection, source) as cursor:
        runs.know_source(cursor, source, snapshot.origin, rules.max_age)
        cursor.execute(_PUT_MAX_AGE, {"source": source, "max_age": rules.max_age})
        found = _look(cursor, snapshot, rules, suspended)
        if found.state is not SyncState.HELD and found.differences is not None:
            apply_staged(cursor, source, snapshot.origin, found.differences)
            runs.supersede_held(cursor, source)
        elif found.differences is None and _is_outdated(runs.held_snapshot(cursor, source), snapshot):
            runs.supersede_held(cursor, source)
        staging.drop(cursor)
        return _recorded(cursor, snapshot, found, asked)


def _is_outdated(held: Snapshot | None, snapshot: Snapshot) -> bool:
    """Whether what waits, once released, would give back what even an answer that is not complete has taken."""
    return held is not None and contradicts(snapshot, held)


def suspend_now(cursor: psycopg.Cursor[Any], snapshot: Snapshot) -> tuple[str, ...]:
    """Do what needs nobody's consent, and return the e-mails of those who are suspended by it."""
    take_emails(cursor, snapshot, read_known(cursor))
    return tuple(suspend(cursor, snapshot))


def _look(cursor: psycopg.Cursor[Any], snapshot: Snapshot, rules: SyncRules, suspended: tuple[str, ...]) -> SyncReport:
    """Stage and judge; the differences are there if all is proven."""
    listings = (snapshot.users, snapshot.groups)
    if unproven := tuple(listing.problem or "not proven complete" for listing in listings if listing.proof is None):
        return SyncReport(snapshot.source, SyncState.PARTIAL, unproven, suspended, notes=snapshot.notes)
    settled = settle(snapshot, read_known(cursor))
    staging.stage(cursor, settled)
    compare(cursor, settled)
    differences = find_differences(cursor, snapshot.source)
    unread = tuple(f"group {group.name or group.external_id}: {group.problem}" for group in settled.unread_groups)
    state = SyncState.PARTIAL if unread else SyncState.APPLIED
    notes = (*settled.notes, *_still_suspended(cursor, snapshot.source))
    found = SyncReport(snapshot.source, state, unread, suspended, differences, notes=notes)
    if reasons := _reasons(_known(cursor, snapshot.source), snapshot, rules, differences):
        digest = find_digest(cursor, snapshot.origin)
        return replace(found, state=SyncState.HELD, reasons=tuple(reasons), digest=digest)
    return found


def _still_suspended(cursor: psycopg.Cursor[Any], source: str) -> list[str]:
    emails = [email for (email,) in cursor.execute(_STILL_SUSPENDED, {"source": source})]
    more = f" and {len(emails) - _MOST_NAMED} more" if len(emails) > _MOST_NAMED else ""
    named = f"{', '.join(emails[:_MOST_NAMED])}{more}"
    return [f"not said to be active again, so they stay suspended: {named}"] if emails else []


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
    would = "would be " if found.state is SyncState.REHEARSED else ""
    suspended = [f"{would}suspended at once: {', '.join(found.suspended)}"] if found.suspended else []
    proofs = [listing.proof for listing in (snapshot.users, snapshot.groups) if listing.proof]
    record = runs.Record(
        found.source,
        found.state,
        found.reasons,
        [*proofs, *suspended, *found.notes],
        found.differences,
        found.digest,
    )
    if found.state is SyncState.HELD:
        return replace(found, sync_id=runs.record_held(cursor, record, asked, snapshot))
    return replace(found, sync_id=runs.record(cursor, record, asked))


def _refuse_empty(snapshot: Snapshot) -> None:
    empty = [what for what, listing in (("users", snapshot.users), ("groups", snapshot.groups)) if not listing.entries]
    if empty and all(listing.proof for listing in (snapshot.users, snapshot.groups)):
        raise DirectoryError(
            f"source {snapshot.source!r} has no {' and no '.join(empty)}; an empty directory is taken for a failure"
        )


def _known(cursor: psycopg.Cursor[Any], source: str) -> _Known:
    return _Known(*cursor.execute(_READ_SOURCE, {"source": source}).fetchall()[0])

"""What a person decides about a source: to release or discard a sync that is held, to retire the source."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ops_dashboard.directory import runs, staging
from ops_dashboard.directory.applying import apply_staged
from ops_dashboard.directory.claims import read_known, settle
from ops_dashboard.directory.comparing import compare
from ops_dashboard.directory.differences import Differences, find_differences, find_digest
from ops_dashboard.directory.models import DirectoryError, Listing, Snapshot
from ops_dashboard.directory.runs import Asked, HeldRun, SyncState
from ops_dashboard.directory.sync import suspend_now
from ops_dashboard.directory.turns import turn

if TYPE_CHECKING:
    import psycopg

Judge = Callable[["psycopg.Connection"], None]
"""Raises unless the person may decide, by what the connection's transaction sees."""

_LIVE_SOURCES = "SELECT source, origin FROM ops.sources WHERE retired_at IS NULL ORDER BY source"
_RETIRE = "UPDATE ops.sources SET applied_at = NULL, retired_at = clock_timestamp() WHERE source = %s"


def _anybody(_: psycopg.Connection) -> None:
    """Judge nobody: whoever is at a shell is judged by who may be there."""


def release(
    connection: psycopg.Connection, source: str, digest: str, by: str, why: str, *, judge: Judge = _anybody
) -> None:
    """Apply what a held run read, if that still brings exactly the differences that were seen.

    The source is then as old as what was read, however long that has waited.

    Args:
        connection: To the product's database.
        source: The source's name.
        digest: Of the differences.
        by: Who releases it.
        why: In their words.
        judge: Whether they may is judged once more when it is their turn: the sync before may have suspended them.

    Raises:
        DirectoryError: It was decided or superseded, other things changed meanwhile, or whoever releases it is the
            one who asked for it; nothing was changed.
    """
    with turn(connection, source) as cursor:
        judge(connection)
        held = runs.find_held(cursor, source, digest)
        if not runs.may_release(held.asked_by, by):
            raise DirectoryError(f"{by} asked for this run; somebody else has to look at it")
        if runs.asked_before(cursor, source, digest, by):
            raise DirectoryError(f"{by} asked for just this within the last day; somebody else has to look at it")
        suspend_now(cursor, held.snapshot)
        differences = _compared_again(cursor, held, digest)
        apply_staged(cursor, source, held.snapshot.origin, differences, held.read_at)
        staging.drop(cursor)
        runs.decide_held(cursor, held, SyncState.APPLIED, by, why)


def discard(
    connection: psycopg.Connection, source: str, digest: str, by: str, why: str, *, judge: Judge = _anybody
) -> None:
    """Let go of a held run; the next one is judged anew.

    Raises:
        DirectoryError: It was decided or superseded.
    """
    with turn(connection, source) as cursor:
        judge(connection)
        held = runs.find_held(cursor, source, digest)
        runs.decide_held(cursor, held, SyncState.DISCARDED, by, why)


def retire(connection: psycopg.Connection, source: str, why: str, asked: Asked) -> Differences:
    """Take out everybody and everything that is known of a source, which frees their e-mails and names for another.

    Returns:
        What that changed.

    Raises:
        DirectoryError: There is no such source.
    """
    with turn(connection, source) as cursor:
        origins = dict(cursor.execute(_LIVE_SOURCES).fetchall())
        if source not in origins:
            raise DirectoryError(f"there is no source {source!r}; known are {', '.join(origins) or 'none'}")
        nothing = Snapshot(source, origins[source], Listing((), "retired"), Listing((), "retired"))
        staging.stage(cursor, nothing)
        compare(cursor, nothing)
        differences = find_differences(cursor, source)
        apply_staged(cursor, source, nothing.origin, differences)
        staging.drop(cursor)
        cursor.execute(_RETIRE, [source])
        runs.supersede_held(cursor, source)
        runs.record(cursor, runs.Record(source, SyncState.APPLIED, [f"retired: {why}"], differences=differences), asked)
    return differences


def _compared_again(cursor: psycopg.Cursor[Any], held: HeldRun, digest: str) -> Differences:
    settled = settle(held.snapshot, read_known(cursor))
    staging.stage(cursor, settled)
    compare(cursor, settled)
    differences = find_differences(cursor, settled.source)
    if find_digest(cursor, settled.origin) != digest:
        raise DirectoryError(
            f"what is known of source {settled.source!r} has changed since this run was held, so it would bring"
            " something else now; let the source be read anew"
        )
    if _rights_touched(differences) != _rights_touched(held.differences):
        raise DirectoryError(
            "grants have changed since this run was held, so it would change more or other rights than it shows;"
            f" let source {settled.source!r} be read anew"
        )
    return differences


def _rights_touched(found: Differences) -> object:
    """What the digest does not cover: what the same differences mean depends on which grants there are."""
    groups = {(each.name, each.opened, each.passes, each.loses, each.gains) for each in found.granted}
    return groups, found.emails_passed, found.emails_passed_in, found.grants

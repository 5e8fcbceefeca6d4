"""What a person decides is judged anew when it is its turn: what it brings, whose rights it changes, who decides."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from ops_dashboard.database import connect_url
from ops_dashboard.directory import (
    Asked,
    DirectoryError,
    DirectoryUser,
    Listing,
    Snapshot,
    SyncReport,
    SyncRules,
    SyncState,
    discard,
    read_statuses,
    recent_runs,
    release,
    retire,
    sync,
    turns,
)
from ops_dashboard.ledger import Outcome
from ops_operators.directory_decision import DecideSyncOperator
from tests.directory.test_claims import group, user
from tests.support.acting import Run, perform, records
from tests.support.company import ADS, SCHEDULED, grant, load, memberships, snapshot, with_grants

RULES = SyncRules(holds_first_run=False)
SECOND = "second@example.com"
PEOPLE = tuple(map(user, range(20)))


def found(members: Iterable[int], left: int = 8) -> Snapshot:
    """Twelve of twenty people are left, which is held."""
    return snapshot(PEOPLE[left:], (group(1, "x", "u-10", "u-19"), group(2, "lunch", *(f"u-{n}" for n in members))))


@pytest.fixture
def known(app_connection: psycopg.Connection) -> psycopg.Connection:
    load(app_connection, found([18], left=0))
    app_connection.commit()
    return app_connection


def hold(connection: psycopg.Connection, read: Snapshot, asked: Asked = SCHEDULED) -> SyncReport:
    report = sync(connection, read, RULES, asked)
    connection.commit()
    assert report.state is SyncState.HELD
    return report


def agree(connection: psycopg.Connection, held: SyncReport, by: str = SECOND) -> None:
    assert held.digest is not None
    release(connection, held.source, held.digest, by, "looked at it")


def test_what_was_suspended_meanwhile_is_held_and_released_all_the_same(known: psycopg.Connection) -> None:
    hold(known, found([18]))
    read = found([18])
    later = tuple(replace(each, active=each.external_id != "u-15") for each in read.users.entries)
    again = hold(known, replace(read, users=replace(read.users, entries=later)))
    agree(known, again)
    assert known.execute("SELECT external_id FROM ops.users WHERE NOT active").fetchall() == [("u-15",)]


def test_another_origin_makes_it_another_run(known: psycopg.Connection) -> None:
    first = hold(known, replace(found([18]), origin="elsewhere"))
    second = hold(known, found([18]))
    assert first.digest != second.digest
    agree(known, second)
    assert known.execute("SELECT origin FROM ops.sources").fetchall() == [("a file",)]


def test_a_grant_that_was_given_since_it_was_held_is_shown_first(known: psycopg.Connection) -> None:
    held = hold(known, found(range(8, 20)))
    with_grants(known, grant("lunch", "*"))
    known.commit()
    with pytest.raises(DirectoryError, match="grants have changed since this run was held"):
        agree(known, held)
    again = hold(known, found(range(8, 20)))
    assert again.digest == held.digest
    assert "lunch, which rights rest on, would gain 11 people; it has 1" in again.reasons
    agree(known, again)


def test_so_is_another_grant_of_a_group_that_had_one(known: psycopg.Connection) -> None:
    with_grants(known, grant("lunch", "view:workers"))
    held = hold(known, found(range(8, 20)))
    with_grants(known, grant("lunch", "view:workers"), grant("lunch", "manage:*"))
    known.commit()
    with pytest.raises(DirectoryError, match="grants have changed since this run was held"):
        agree(known, held)
    agree(known, hold(known, found(range(8, 20))))


LATER = {
    "suspended again": user(18, active=False),
    "its e-mail is another's": user(99, "p18@example.com"),
}


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
def test_what_an_incomplete_answer_has_taken_is_not_given_back_by_a_release(
    known: psycopg.Connection, later: DirectoryUser
) -> None:
    gone = replace(found([18], left=0), users=Listing((*PEOPLE[:18], user(18, active=False), PEOPLE[19]), "all"))
    load(known, gone)
    held = hold(known, found([18]))
    for read, state in (([PEOPLE[0]], SyncState.HELD), ([later], SyncState.SUPERSEDED)):
        incomplete = snapshot(read, [group(1, "x")])
        sync(known, replace(incomplete, users=Listing(tuple(read), None, "cut short")), RULES, SCHEDULED)
        known.commit()
        states = {each.sync_id: each.state for each in recent_runs(known, "file")}
        assert states[held.sync_id or 0] is state
    with pytest.raises(DirectoryError, match="a later run brought something else"):
        agree(known, held)


def test_who_discards_what_they_asked_for_does_not_release_what_the_schedule_finds(known: psycopg.Connection) -> None:
    asked = hold(known, found([18]), Asked("mallory@example.com", "manual__1"))
    assert asked.digest is not None
    discard(known, "file", asked.digest, "mallory@example.com", "again")
    held = hold(known, found([18]))
    assert held.digest == asked.digest
    with pytest.raises(DirectoryError, match="asked for just this within the last day"):
        agree(known, held, "Mallory@example.com")
    agree(known, held)


def test_a_dry_run_asks_for_nothing(known: psycopg.Connection) -> None:
    sync(known, found([18]), RULES, Asked(SECOND, "manual__1"), dry_run=True)
    known.commit()
    agree(known, hold(known, found([18])))


def test_a_decision_is_made_once_whoever_writes_it(known: psycopg.Connection) -> None:
    agree(known, hold(known, found([18])))
    known.commit()
    for change in (
        "UPDATE ops.sync_runs SET decided_by = 'boss', decided_at = now()",
        "UPDATE ops.sync_runs SET reasons = '{}'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="not held"), known.transaction():
            known.execute(change)


def test_a_retired_source_frees_its_e_mails_and_names(known: psycopg.Connection) -> None:
    renamed = replace(found([18], left=0), source="corp")
    with pytest.raises(DirectoryError, match="retire that"):
        sync(known, renamed, SyncRules(), SCHEDULED)
    held = sync(known, found([18]), RULES, SCHEDULED)
    changed = retire(known, "file", "it is corp now", Asked("root at a shell", "shell__1"))
    assert (changed.count("user_removed"), changed.count("group_removed")) == (20, 2)
    assert memberships(known) == set()
    assert [status.source.source for status in read_statuses(known)] == []
    last, before = recent_runs(known, "file", limit=2)
    assert (last.state, last.reasons, last.asked_by) == ("applied", ("retired: it is corp now",), "root at a shell")
    assert (before.sync_id, before.state) == (held.sync_id, SyncState.SUPERSEDED)
    known.commit()
    agree(known, hold_first(known, renamed))
    assert len(memberships(known)) == 3
    with pytest.raises(DirectoryError, match="there is no source 'file'; known are corp"):
        retire(known, "file", "again", SCHEDULED)
    # Back again, it is a new one.
    assert (
        hold_first(known, snapshot([user(50)], [group(50, "y", "u-50")])).reasons[0].startswith("source 'file' is new")
    )
    assert {status.source.source for status in read_statuses(known)} == {"corp", "file"}


def hold_first(connection: psycopg.Connection, read: Snapshot) -> SyncReport:
    report = sync(connection, read, SyncRules(), SCHEDULED)
    connection.commit()
    assert report.state is SyncState.HELD
    return report


def test_nobody_waits_for_ever(known: psycopg.Connection, app_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(turns.LIMITS, "lock_timeout", turns.LIMITS["lock_timeout"] / 1000)
    with (
        connect_url(app_url) as stuck,
        turns.turn(stuck, "file"),
        pytest.raises(DirectoryError, match="has been at work for 5 minutes"),
    ):
        sync(known, found([18]), RULES, SCHEDULED)
    assert sync(known, found([18]), RULES, SCHEDULED).state is SyncState.HELD


def test_who_is_suspended_while_they_wait_releases_nothing(at_work: psycopg.Connection, app_url: str) -> None:
    with_grants(at_work, grant("ads-oncall", "manage:access"))
    at_work.commit()
    held = hold_first(at_work, snapshot([user(50)], [group(50, "newcomers", "u-50")], source="google"))
    run = Run(
        {"source": "google", "digest": held.digest, "decision": "release", "reason": "as announced"},
        triggering_user_name=ADS,
    )
    failed: list[BaseException] = []

    def decide() -> None:
        with pytest.raises(AirflowFailException) as caught:
            perform(DecideSyncOperator(task_id="decide"), run)
        failed.append(caught.value)

    with connect_url(app_url) as syncing:
        with turns.turn(syncing, "file") as cursor:
            waiting = threading.Thread(target=decide)
            waiting.start()
            while not at_work.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall():
                at_work.commit()
            cursor.execute("UPDATE ops.users SET active = false WHERE email = %s", [ADS])
        waiting.join()
    assert "your account is suspended" in str(failed[0])
    (record,) = records(at_work, run)
    assert (record.outcome, record.changed_at) == (Outcome.DENIED, None)
    assert recent_runs(at_work, "google", limit=1)[0].state is SyncState.HELD

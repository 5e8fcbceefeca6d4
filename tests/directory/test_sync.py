"""The copy of the directory in the database: all of a snapshot or nothing, and only what differs."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import count
from typing import Any

import psycopg
import pytest
from psycopg import sql

from ops_dashboard import access
from ops_dashboard.database import connect_url
from ops_dashboard.directory import (
    DirectoryError,
    DirectoryGroup,
    DirectoryUser,
    Snapshot,
    SyncRules,
    recent_runs,
    record_failure,
    sync,
)
from ops_dashboard.directory.sync import SyncReport
from tests.support.company import SCHEDULED, load, memberships, snapshot

ANNA = DirectoryUser("u-1", "anna@example.com", "Anna", active=True)
BERT = DirectoryUser("u-2", "bert@example.com", "Bert", active=True)
ADS = DirectoryGroup("g-1", "ads-oncall", ("u-1",), ())
SEARCH = DirectoryGroup("g-2", "search-oncall", ("u-2",), ())

TABLES = ("sources", "users", "groups", "direct_memberships", "nested_groups", "containments")


def both(*groups: DirectoryGroup, **options: Any) -> Snapshot:
    return snapshot((ANNA, BERT), groups, **options)


def everything(connection: psycopg.Connection) -> dict[str, list[Any]]:
    """Every row with its version: a row that was written anew, even with the same values, differs."""
    return {
        table: connection.execute(
            sql.SQL("SELECT xmin::text, held::text FROM ops.{} AS held ORDER BY 2").format(sql.Identifier(table))
        ).fetchall()
        for table in TABLES
    }


def edges(report: SyncReport) -> tuple[int, int]:
    assert report.differences is not None
    return report.differences.memberships_added, report.differences.memberships_removed


def test_a_first_snapshot_is_taken_over(app_connection: psycopg.Connection) -> None:
    report = load(app_connection, both(ADS, SEARCH))
    assert edges(report) == (2, 0)
    assert report.differences is not None
    assert (report.differences.count("user_added"), report.differences.count("group_added")) == (2, 2)
    assert memberships(app_connection) == {
        ("anna@example.com", "ads-oncall"),
        ("bert@example.com", "search-oncall"),
    }
    counts = app_connection.execute("SELECT source, origin, users, groups, memberships FROM ops.sources").fetchall()
    assert counts == [("file", "a file", 2, 2, 2)]


def test_applying_commits_and_is_seen_by_others(app_connection: psycopg.Connection, app_url: str) -> None:
    load(app_connection, both(ADS))
    with connect_url(app_url) as other:
        assert len(memberships(other)) == 1


def test_inside_a_caller_s_transaction_it_is_the_caller_who_commits(
    app_connection: psycopg.Connection, app_url: str
) -> None:
    app_connection.execute("SELECT 1")
    load(app_connection, both(ADS))
    load(app_connection, both(ADS, SEARCH))
    with connect_url(app_url) as other:
        assert memberships(other) == set()


def test_the_same_snapshot_again_writes_nothing_but_its_time(app_connection: psycopg.Connection) -> None:
    load(app_connection, both(ADS, SEARCH))
    before = everything(app_connection)
    report = load(app_connection, both(ADS, SEARCH))
    after = everything(app_connection)
    assert report.differences is not None
    assert report.differences.nothing
    assert before.pop("sources") != after.pop("sources")
    assert before == after


def test_only_what_differs_is_written(app_connection: psycopg.Connection) -> None:
    load(app_connection, both(ADS, SEARCH))
    before = everything(app_connection)
    report = load(app_connection, both(replace(ADS, member_users=("u-1", "u-2")), SEARCH))
    after = everything(app_connection)
    assert edges(report) == (1, 0)
    for table in ("users", "groups", "containments"):
        assert before[table] == after[table]
    anna, _ = before["direct_memberships"]
    assert anna in after["direct_memberships"]


def test_who_left_is_removed_and_who_comes_back_is_the_same_person(app_connection: psycopg.Connection) -> None:
    load(app_connection, both(ADS, SEARCH))
    anna = app_connection.execute("SELECT user_id FROM ops.users WHERE external_id = 'u-1'").fetchone()
    left = load(app_connection, snapshot((BERT,), (SEARCH,)))
    assert edges(left) == (0, 1)
    assert left.differences is not None
    assert left.differences.count("user_removed") == 1
    assert memberships(app_connection) == {("bert@example.com", "search-oncall")}
    back = load(app_connection, both(ADS, SEARCH))
    assert edges(back) == (1, 0)
    assert app_connection.execute("SELECT user_id FROM ops.users WHERE external_id = 'u-1'").fetchone() == anna


def test_an_address_given_to_somebody_new_inherits_nothing(app_connection: psycopg.Connection) -> None:
    load(app_connection, both(ADS, SEARCH))
    stranger = replace(ANNA, external_id="u-3", name="Another Anna")
    load(app_connection, snapshot((stranger, BERT), (replace(ADS, member_users=()), SEARCH)))
    assert memberships(app_connection) == {("bert@example.com", "search-oncall")}
    live = app_connection.execute(
        "SELECT external_id FROM ops.users WHERE email = %s AND removed_at IS NULL", [ANNA.email]
    )
    assert live.fetchall() == [("u-3",)]


def test_two_people_can_swap_addresses_and_two_groups_names_in_one_snapshot(app_connection: psycopg.Connection) -> None:
    load(app_connection, both(ADS, SEARCH))
    users = (replace(ANNA, email=BERT.email), replace(BERT, email=ANNA.email))
    groups = (replace(ADS, name=SEARCH.name), replace(SEARCH, name=ADS.name))
    load(app_connection, snapshot(users, groups))
    assert memberships(app_connection) == {("bert@example.com", "search-oncall"), ("anna@example.com", "ads-oncall")}
    names = app_connection.execute("SELECT external_id, name FROM ops.groups ORDER BY 1").fetchall()
    assert names == [("g-1", "search-oncall"), ("g-2", "ads-oncall")]


def test_a_group_that_is_gone_takes_its_memberships_along(app_connection: psycopg.Connection) -> None:
    outer = DirectoryGroup("g-3", "everybody", (), ("g-1", "g-2"))
    load(app_connection, both(ADS, SEARCH, outer))
    assert len(memberships(app_connection)) == 4
    load(app_connection, both(SEARCH, replace(outer, member_groups=("g-2",))))
    assert memberships(app_connection) == {("bert@example.com", "search-oncall"), ("bert@example.com", "everybody")}


def test_a_group_of_everyone_has_everyone_and_whoever_comes_later(app_connection: psycopg.Connection) -> None:
    everyone = DirectoryGroup("g-3", "everybody", (), (), everyone=True)
    load(app_connection, snapshot((ANNA,), (ADS, everyone)))
    load(app_connection, both(ADS, everyone))
    assert {email for email, name in memberships(app_connection) if name == "everybody"} == {ANNA.email, BERT.email}


@pytest.mark.parametrize("empty", [snapshot((), (ADS,)), snapshot((ANNA,), ()), snapshot((), ())])
def test_an_empty_snapshot_changes_nothing(app_connection: psycopg.Connection, empty: Snapshot) -> None:
    load(app_connection, both(ADS, SEARCH))
    before = everything(app_connection)
    with pytest.raises(DirectoryError, match="an empty directory is taken for a failure"):
        load(app_connection, empty)
    assert everything(app_connection) == before


@pytest.mark.parametrize(
    ("contradiction", "told"),
    [
        (both(replace(ADS, member_users=("u-1", "u-9"))), "group 'ads-oncall' has a member who is no user: 'u-9'"),
        (both(replace(ADS, member_groups=("g-9",))), 'null value in column "child_id"'),
        (snapshot((ANNA, BERT, replace(ANNA, email="x@example.com")), (ADS, SEARCH)), "Key (external_id)=(u-1)"),
        (both(ADS, ADS), "Key (external_id)=(g-1)"),
        (snapshot((replace(ANNA, email="Anna@example.com"),), (ADS,)), "users_email_check"),
        (both(replace(ADS, name="")), "groups_name_check"),
        (snapshot((replace(ANNA, name="a\x00b"),), (ADS,)), "NUL"),
    ],
)
def test_a_contradictory_snapshot_changes_nothing_and_says_why(
    app_connection: psycopg.Connection, contradiction: Snapshot, told: str
) -> None:
    load(app_connection, both(replace(ADS, member_users=()), SEARCH))
    before = everything(app_connection)
    with pytest.raises(DirectoryError) as caught:
        load(app_connection, contradiction)
    assert told in str(caught.value)
    assert everything(app_connection) == before


def test_another_source_s_people_and_groups_are_left_alone(app_connection: psycopg.Connection) -> None:
    load(app_connection, snapshot((ANNA,), (ADS,)))
    theirs = replace(SEARCH, external_id="g-1", member_users=("u-1",))
    load(app_connection, snapshot((replace(BERT, external_id="u-1"),), (theirs,), source="other"))
    assert memberships(app_connection) == {("anna@example.com", "ads-oncall"), ("bert@example.com", "search-oncall")}


def test_syncs_at_once_run_one_after_the_other(app_url: str, app_connection: psycopg.Connection) -> None:
    def repeat(groups: tuple[DirectoryGroup, ...]) -> None:
        with connect_url(app_url) as connection:
            for _ in range(5):
                load(connection, both(*groups))

    threads = [threading.Thread(target=repeat, args=[groups]) for groups in [(ADS,), (ADS, SEARCH), (SEARCH,)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = {("anna@example.com", "ads-oncall")}, {("bert@example.com", "search-oncall")}
    assert memberships(app_connection) in [last[0], last[1], last[0] | last[1]]
    applied = app_connection.execute("SELECT memberships FROM ops.sources").fetchone()
    assert applied == (len(memberships(app_connection)),)


def test_what_was_true_at_a_moment_can_be_asked_later(app_connection: psycopg.Connection) -> None:
    outer = DirectoryGroup("g-3", "everybody", (), ("g-1",))
    moments = []
    for groups in [
        (ADS, outer),
        (replace(ADS, member_users=()), outer),
        (ADS, outer),
        (ADS, replace(outer, member_groups=())),
    ]:
        load(app_connection, both(*groups, SEARCH))
        moments.append(app_connection.execute("SELECT clock_timestamp()").fetchall()[0][0])
    groups_then = [
        {
            name
            for (name,) in app_connection.execute(
                "SELECT groups.name FROM ops.users CROSS JOIN LATERAL ops.groups_at(user_id, %s) AS at (group_id)"
                " JOIN ops.groups USING (group_id) WHERE users.external_id = 'u-1'",
                [moment],
            )
        }
        for moment in moments
    ]
    assert groups_then == [{"ads-oncall", "everybody"}, set(), {"ads-oncall", "everybody"}, {"ads-oncall"}]


class _Killed(BaseException):
    """The process is gone."""


def die_at(number: int, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the connection break off, as when its process is killed, in place of its `number`th statement."""
    seen = 0
    execute = psycopg.Cursor.execute

    def counted(self: psycopg.Cursor[Any], *arguments: Any, **options: Any) -> Any:
        nonlocal seen
        if self.connection is connection:
            seen += 1
            if seen == number:
                connection.close()
                raise _Killed
        return execute(self, *arguments, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", counted)


def _active(connection: psycopg.Connection, external_id: str) -> bool:
    (found,) = connection.execute("SELECT active FROM ops.users WHERE external_id = %s", [external_id]).fetchall()
    return bool(found[0])


def test_killed_at_any_statement_it_leaves_the_old_state_or_the_new_one(
    app_connection: psycopg.Connection, app_url: str
) -> None:
    changed = snapshot(
        (BERT, replace(ANNA, active=False)), (replace(ADS, member_users=("u-2",), member_groups=("g-2",)), SEARCH)
    )
    load(app_connection, both(ADS, SEARCH))
    old = everything(app_connection)
    old_people = old.pop("users")
    app_connection.commit()
    for number in count(1):
        with connect_url(app_url) as doomed, pytest.MonkeyPatch.context() as monkeypatch:
            die_at(number, doomed, monkeypatch)
            try:
                load(doomed, changed)
                break
            except (_Killed, psycopg.OperationalError):
                monkeypatch.undo()
        found = everything(app_connection)
        # The suspension is committed first.
        assert found.pop("users") == old_people or not _active(app_connection, "u-1"), f"killed at statement {number}"
        assert found == old, f"killed at statement {number}"
        app_connection.commit()
    assert number > 30, "the sync is over before it began"
    assert memberships(app_connection) == {
        ("bert@example.com", "ads-oncall"),
        ("bert@example.com", "search-oncall"),
    }


def test_a_suspended_person_may_nothing_and_keeps_the_membership(app_connection: psycopg.Connection) -> None:
    load(app_connection, both(ADS, SEARCH))
    report = load(app_connection, snapshot((replace(ANNA, active=False), BERT), (ADS, SEARCH)))
    assert report.suspended == (ANNA.email,)
    assert access.decide(app_connection, ANNA.email, "scale:ads/bidder").reason == (
        "your account is suspended in the company directory"
    )
    assert (ANNA.email, "ads-oncall") in memberships(app_connection)


def test_the_limit_on_age_follows_the_configuration(app_connection: psycopg.Connection) -> None:
    load(app_connection, both(ADS))
    rules = SyncRules()
    sync(app_connection, both(ADS), replace(rules, max_age=rules.max_age * 2), SCHEDULED)
    (max_age,) = app_connection.execute("SELECT max_age FROM ops.sources").fetchall()[0]
    assert max_age == rules.max_age * 2


def test_who_was_suspended_is_told_though_the_sync_then_fails(app_connection: psycopg.Connection) -> None:
    load(app_connection, both(ADS, SEARCH))
    contradictory = snapshot((replace(ANNA, active=False), BERT), (replace(ADS, member_users=("u-9",)), SEARCH))
    with pytest.raises(DirectoryError, match="has a member who is no user") as caught:
        load(app_connection, contradictory)
    assert caught.value.suspended == (ANNA.email,)
    assert not access.decide(app_connection, ANNA.email, "view:x").allowed
    record_failure(app_connection, "file", caught.value, SCHEDULED, max_age=SyncRules().max_age)
    (run, *_) = recent_runs(app_connection, "file")
    assert run.evidence[-1] == f"suspended at once: {ANNA.email}"


def test_a_dry_run_says_who_would_be_suspended_and_suspends_nobody(app_connection: psycopg.Connection) -> None:
    load(app_connection, both(ADS, SEARCH))
    suspending = snapshot((replace(ANNA, active=False), BERT), (ADS, SEARCH))
    report = sync(app_connection, suspending, SyncRules(), SCHEDULED, dry_run=True)
    assert report.suspended == (ANNA.email,)
    (run, *_) = recent_runs(app_connection, "file")
    assert run.evidence[-1] == f"would be suspended at once: {ANNA.email}"
    (active,) = app_connection.execute("SELECT active FROM ops.users WHERE email = %s", [ANNA.email]).fetchall()
    assert active == (True,)

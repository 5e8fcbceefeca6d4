"""The copy of the directory in the database: all of a snapshot or nothing, and only what differs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from ops_dashboard.database import connect_url
from ops_dashboard.directory import DirectoryError, DirectoryGroup, DirectoryUser, Snapshot, store
from ops_dashboard.directory.store import SyncResult
from tests.company import memberships

ANNA = DirectoryUser("u-1", "anna@example.com", "Anna", active=True)


BERT = DirectoryUser("u-2", "bert@example.com", "Bert", active=True)


ADS = DirectoryGroup("g-1", "ads-oncall", ("u-1",), ())


SEARCH = DirectoryGroup("g-2", "search-oncall", ("u-2",), ())


TABLES = ("sources", "users", "groups", "direct_members", "nested_groups", "memberships")


def snapshot(
    *groups: DirectoryGroup, users: tuple[DirectoryUser, ...] = (ANNA, BERT), source: str = "file"
) -> Snapshot:
    return Snapshot(source, users, groups)


def everything(connection: psycopg.Connection) -> dict[str, list[Any]]:
    """Every row with its version: a row that was written anew, even with the same values, differs."""
    return {
        table: connection.execute(
            sql.SQL("SELECT xmin::text, held::text FROM ops.{} AS held ORDER BY 2").format(sql.Identifier(table))
        ).fetchall()
        for table in TABLES
    }


def test_a_first_snapshot_is_taken_over(app_connection: psycopg.Connection) -> None:
    result = store.apply(app_connection, snapshot(ADS, SEARCH))
    assert result == SyncResult(
        users_added=2, users_removed=0, memberships_added=2, memberships_removed=0, users=2, groups=2
    )
    assert memberships(app_connection) == {
        ("anna@example.com", "ads-oncall"),
        ("bert@example.com", "search-oncall"),
    }
    counts = app_connection.execute("SELECT source, users, groups, memberships FROM ops.sources").fetchall()
    assert counts == [("file", 2, 2, 2)]


def test_applying_commits_and_is_seen_by_others(app_connection: psycopg.Connection, app_url: str) -> None:
    store.apply(app_connection, snapshot(ADS))
    with connect_url(app_url) as other:
        assert len(memberships(other)) == 1


def test_inside_a_caller_s_transaction_it_is_the_caller_who_commits(
    app_connection: psycopg.Connection, app_url: str
) -> None:
    app_connection.execute("SELECT 1")
    store.apply(app_connection, snapshot(ADS))
    store.apply(app_connection, snapshot(ADS, SEARCH))
    with connect_url(app_url) as other:
        assert memberships(other) == set()


def test_the_same_snapshot_again_writes_nothing_but_its_time(app_connection: psycopg.Connection) -> None:
    store.apply(app_connection, snapshot(ADS, SEARCH))
    before = everything(app_connection)
    result = store.apply(app_connection, snapshot(ADS, SEARCH))
    after = everything(app_connection)
    assert result == SyncResult(
        users_added=0, users_removed=0, memberships_added=0, memberships_removed=0, users=2, groups=2
    )
    assert before.pop("sources") != after.pop("sources")
    assert before == after


def test_only_what_differs_is_written(app_connection: psycopg.Connection) -> None:
    store.apply(app_connection, snapshot(ADS, SEARCH))
    before = everything(app_connection)
    result = store.apply(app_connection, snapshot(replace(ADS, member_users=("u-1", "u-2")), SEARCH))
    after = everything(app_connection)
    assert (result.memberships_added, result.memberships_removed) == (1, 0)
    assert before["users"] == after["users"]
    assert before["groups"] == after["groups"]
    assert set(before["memberships"]) < set(after["memberships"])


def test_who_left_is_removed_and_who_comes_back_is_the_same_person(app_connection: psycopg.Connection) -> None:
    store.apply(app_connection, snapshot(ADS, SEARCH))
    anna = app_connection.execute("SELECT user_id FROM ops.users WHERE external_id = 'u-1'").fetchone()
    left = store.apply(app_connection, snapshot(SEARCH, users=(BERT,)))
    assert (left.users_removed, left.memberships_removed) == (1, 1)
    assert memberships(app_connection) == {("bert@example.com", "search-oncall")}
    back = store.apply(app_connection, snapshot(ADS, SEARCH))
    assert (back.users_added, back.memberships_added) == (1, 1)
    assert app_connection.execute("SELECT user_id FROM ops.users WHERE external_id = 'u-1'").fetchone() == anna


def test_an_address_given_to_somebody_new_inherits_nothing(app_connection: psycopg.Connection) -> None:
    store.apply(app_connection, snapshot(ADS, SEARCH))
    stranger = replace(ANNA, external_id="u-3", name="Another Anna")
    store.apply(app_connection, snapshot(replace(ADS, member_users=()), SEARCH, users=(stranger, BERT)))
    assert memberships(app_connection) == {("bert@example.com", "search-oncall")}
    live = app_connection.execute(
        "SELECT external_id FROM ops.users WHERE email = %s AND removed_at IS NULL", [ANNA.email]
    )
    assert live.fetchall() == [("u-3",)]


def test_two_people_can_swap_addresses_and_two_groups_names_in_one_snapshot(app_connection: psycopg.Connection) -> None:
    store.apply(app_connection, snapshot(ADS, SEARCH))
    users = (replace(ANNA, email=BERT.email), replace(BERT, email=ANNA.email))
    groups = (replace(ADS, name=SEARCH.name), replace(SEARCH, name=ADS.name))
    store.apply(app_connection, snapshot(*groups, users=users))
    assert memberships(app_connection) == {("bert@example.com", "search-oncall"), ("anna@example.com", "ads-oncall")}
    names = app_connection.execute("SELECT external_id, name FROM ops.groups ORDER BY 1").fetchall()
    assert names == [("g-1", "search-oncall"), ("g-2", "ads-oncall")]


def test_a_group_that_is_gone_takes_its_memberships_along(app_connection: psycopg.Connection) -> None:
    outer = DirectoryGroup("g-3", "everybody", (), ("g-1", "g-2"))
    store.apply(app_connection, snapshot(ADS, SEARCH, outer))
    assert len(memberships(app_connection)) == 4
    store.apply(app_connection, snapshot(SEARCH, replace(outer, member_groups=("g-2",))))
    assert memberships(app_connection) == {("bert@example.com", "search-oncall"), ("bert@example.com", "everybody")}


@pytest.mark.parametrize(
    "empty", [Snapshot("file", (), (ADS,)), Snapshot("file", (ANNA,), ()), Snapshot("file", (), ())]
)
def test_an_empty_snapshot_changes_nothing(app_connection: psycopg.Connection, empty: Snapshot) -> None:
    store.apply(app_connection, snapshot(ADS, SEARCH))
    before = everything(app_connection)
    with pytest.raises(DirectoryError, match="an empty directory is taken for a failure"):
        store.apply(app_connection, empty)
    assert everything(app_connection) == before


@pytest.mark.parametrize(
    ("contradiction", "told"),
    [
        (snapshot(replace(ADS, member_users=("u-1", "u-9"))), 'null value in column "user_id"'),
        (snapshot(replace(ADS, member_groups=("g-9",))), 'null value in column "child_id"'),
        (snapshot(ADS, SEARCH, users=(ANNA, BERT, replace(ANNA, email="x@example.com"))), "Key (external_id)=(u-1)"),
        (snapshot(ADS, SEARCH, users=(ANNA, replace(BERT, email=ANNA.email))), "Key (email)=(anna@example.com)"),
        (snapshot(ADS, replace(SEARCH, name=ADS.name)), "Key (name)=(ads-oncall)"),
        (snapshot(ADS, ADS), "Key (external_id)=(g-1)"),
        (snapshot(ADS, users=(replace(ANNA, email="Anna@example.com"),)), "users_email_check"),
        (snapshot(replace(ADS, name="")), "groups_name_check"),
        (snapshot(ADS, users=(replace(ANNA, name="a\x00b"),)), "NUL"),
    ],
)
def test_a_contradictory_snapshot_changes_nothing_and_says_why(
    app_connection: psycopg.Connection, contradiction: Snapshot, told: str
) -> None:
    store.apply(app_connection, snapshot(ADS, SEARCH))
    before = everything(app_connection)
    with pytest.raises(DirectoryError) as caught:
        store.apply(app_connection, contradiction)
    assert told in str(caught.value)
    assert everything(app_connection) == before


def test_an_address_of_another_source_is_not_taken_over(app_connection: psycopg.Connection) -> None:
    store.apply(app_connection, snapshot(ADS))
    with pytest.raises(DirectoryError, match="source 'other' contradicts itself or another source"):
        store.apply(app_connection, snapshot(replace(ADS, name="theirs"), source="other"))


def test_another_source_s_people_and_groups_are_left_alone(app_connection: psycopg.Connection) -> None:
    store.apply(app_connection, snapshot(ADS, users=(ANNA,)))
    theirs = replace(SEARCH, external_id="g-1", member_users=("u-1",))
    store.apply(app_connection, snapshot(theirs, users=(replace(BERT, external_id="u-1"),), source="other"))
    assert memberships(app_connection) == {("anna@example.com", "ads-oncall"), ("bert@example.com", "search-oncall")}


def statements(module: object) -> list[str]:
    """The names of the statements that an apply runs."""
    names = [name for name, value in vars(module).items() if name.isupper() and isinstance(value, str)]
    return sorted(names)


@pytest.mark.parametrize("statement", statements(store))
def test_failing_at_any_statement_leaves_the_old_state(
    app_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    store.apply(app_connection, snapshot(ADS, SEARCH))
    before = everything(app_connection)
    monkeypatch.setattr(store, statement, "SELECT no_such_function()")
    with pytest.raises(psycopg.ProgrammingError):
        store.apply(app_connection, snapshot(replace(ADS, member_users=("u-2",)), users=(BERT,)))
    assert everything(app_connection) == before


def test_losing_the_connection_midway_leaves_the_old_state(
    app_connection: psycopg.Connection, app_url: str, owner_connection: psycopg.Connection
) -> None:
    store.apply(app_connection, snapshot(ADS, SEARCH))
    before = everything(app_connection)
    app_connection.commit()

    def users_of_a_server_that_dies() -> Iterator[DirectoryUser]:
        yield BERT
        owner_connection.execute("SELECT pg_terminate_backend(%s, 5000)", [doomed.info.backend_pid])
        yield replace(ANNA, email="other@example.com")

    class Dying(tuple[DirectoryUser, ...]):
        def __iter__(self) -> Iterator[DirectoryUser]:
            return users_of_a_server_that_dies()

    doomed = connect_url(app_url)
    with pytest.raises(psycopg.OperationalError):
        store.apply(doomed, Snapshot("file", Dying((ANNA, BERT)), (SEARCH,)))
    doomed.close()
    assert everything(app_connection) == before


def test_syncs_at_once_run_one_after_the_other(app_url: str, app_connection: psycopg.Connection) -> None:
    def sync(groups: tuple[DirectoryGroup, ...]) -> None:
        with connect_url(app_url) as connection:
            for _ in range(5):
                store.apply(connection, snapshot(*groups))

    threads = [threading.Thread(target=sync, args=[groups]) for groups in [(ADS,), (ADS, SEARCH), (SEARCH,)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = {("anna@example.com", "ads-oncall")}, {("bert@example.com", "search-oncall")}
    assert memberships(app_connection) in [last[0], last[1], last[0] | last[1]]
    applied = app_connection.execute("SELECT memberships FROM ops.sources").fetchone()
    assert applied == (len(memberships(app_connection)),)

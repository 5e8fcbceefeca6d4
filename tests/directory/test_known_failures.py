"""What went wrong in other products' directory syncs and is not the fault of one connector: here nobody loses or gains.

Those that are a connector's are tested with it.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import psycopg
import pytest

from ops_dashboard import access
from ops_dashboard.database import connect_url
from ops_dashboard.directory import DirectoryError, DirectoryGroup, DirectoryUser, SyncRules, SyncState, sync
from tests.support.company import SCHEDULED, grant, load, memberships, snapshot, with_grants

ANNA = DirectoryUser("u-1", "anna@example.com", "Anna", active=True)
BERT = DirectoryUser("u-2", "bert@example.com", "Bert", active=True)
ADS = DirectoryGroup("g-1", "ads", ("u-1",), ())
SEARCH = DirectoryGroup("g-1", "search", ("u-2",), ())


@pytest.fixture
def two_sources(app_connection: psycopg.Connection) -> psycopg.Connection:
    """Anna of one directory and Bert of another, whose ids are the same."""
    load(app_connection, snapshot((ANNA,), (ADS,), source="google"))
    load(
        app_connection,
        snapshot((replace(BERT, external_id="u-1"),), (replace(SEARCH, member_users=("u-1",)),), source="ldap"),
    )
    return app_connection


BOTH = {("anna@example.com", "ads"), ("bert@example.com", "search")}


def test_a_source_that_answers_nothing_does_not_take_another_source_s_members(two_sources: psycopg.Connection) -> None:
    # hashicorp/vault 11487: a log-in through one mount, with no groups, deleted the memberships of another.
    with pytest.raises(DirectoryError, match="empty"):
        load(two_sources, snapshot((), (), source="google"))
    assert memberships(two_sources) == BOTH


def test_two_sources_do_not_remove_each_other_s_groups(two_sources: psycopg.Connection) -> None:
    # keycloak 28144: two mappers, each of which drops groups that it does not see.
    for _ in range(2):
        load(two_sources, snapshot((ANNA,), (ADS,), source="google"))
        load(
            two_sources,
            snapshot((replace(BERT, external_id="u-1"),), (replace(SEARCH, member_users=("u-1",)),), source="ldap"),
        )
    assert memberships(two_sources) == BOTH


def test_what_is_stored_is_what_was_answered(app_connection: psycopg.Connection, app_url: str) -> None:
    # gravitational/teleport 67372: "200 OK", and no members stored.
    users = tuple(DirectoryUser(f"u-{n}", f"u{n}@example.com", "", active=True) for n in range(300))
    groups = tuple(
        DirectoryGroup(f"g-{n}", f"group {n}", tuple(user.external_id for user in users[n::7]), ()) for n in range(7)
    )
    load(app_connection, snapshot(users, groups))
    with connect_url(app_url) as another:
        stored = memberships(another)
    assert stored == {(user.email, f"group {n}") for n in range(7) for user in users[n::7]}


def test_syncs_at_the_same_time_lose_no_member(app_connection: psycopg.Connection, app_url: str) -> None:
    # fleetdm/fleet 50724: changes of a group that were read, merged and written without a lock lost members.
    load(app_connection, snapshot((ANNA, BERT), (ADS,)))
    app_connection.commit()
    both = snapshot((ANNA, BERT), (replace(ADS, member_users=("u-1", "u-2")),))

    def repeat() -> None:
        with connect_url(app_url) as connection:
            for _ in range(3):
                load(connection, both)

    threads = [threading.Thread(target=repeat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert memberships(app_connection) == {("anna@example.com", "ads"), ("bert@example.com", "ads")}


def test_groups_in_a_circle_end(app_connection: psycopg.Connection) -> None:
    # bitwarden/directory-connector 233, opensearch security 887: a circle overflowed the stack, or never ended.
    size = 300
    circle = [DirectoryGroup(f"g-{n}", f"group {n}", (), (f"g-{(n + 1) % size}",)) for n in range(size)]
    circle[0] = replace(circle[0], member_users=("u-1",), member_groups=("g-1", "g-0"))
    load(app_connection, snapshot((ANNA,), circle))
    with_grants(app_connection, grant(f"group {size // 2}", "scale:*"))
    assert len(memberships(app_connection)) == size
    assert access.decide(app_connection, ANNA.email, "scale:x").allowed
    assert access.paths_into(app_connection, ANNA.email, ["group 299"]) == {"group 299": ("group 299", "group 0")}


def test_suspended_people_are_not_taken_for_enabled(app_connection: psycopg.Connection) -> None:
    # slashdevops/idp-scim-sync 40: suspended users came in as enabled.
    load(app_connection, snapshot((replace(ANNA, active=False), BERT), (ADS,)))
    with_grants(app_connection, grant("ads", "scale:*"))
    assert not access.decide(app_connection, ANNA.email, "scale:x").allowed


def test_who_was_removed_does_not_keep_the_group_until_the_next_log_in(app_connection: psycopg.Connection) -> None:
    # hashicorp/vault 20362: groups were looked at only at log-in, so a removed member kept them.
    load(app_connection, snapshot((ANNA, BERT), (ADS,)))
    with_grants(app_connection, grant("ads", "scale:*"))
    assert access.decide(app_connection, ANNA.email, "scale:x").allowed
    load(app_connection, snapshot((ANNA, BERT), (replace(ADS, member_users=("u-2",)),)))
    assert not access.decide(app_connection, ANNA.email, "scale:x").allowed


def test_the_same_person_again_is_no_second_person(app_connection: psycopg.Connection) -> None:
    # common-fate/glide 665: a page read in part made every user twice, at each sync.
    for _ in range(3):
        load(app_connection, snapshot((ANNA, BERT), (ADS,)))
    assert app_connection.execute("SELECT count(*) FROM ops.users").fetchall() == [(2,)]
    cut = snapshot((ANNA, BERT), (ADS,))
    report = sync(
        app_connection, replace(cut, users=replace(cut.users, proof=None, problem="page 2")), SyncRules(), SCHEDULED
    )
    assert report.state is SyncState.PARTIAL
    assert app_connection.execute("SELECT count(*) FROM ops.users").fetchall() == [(2,)]

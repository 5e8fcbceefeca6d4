"""E-mails and names that several claim: whoever is known under them keeps them, and everything else goes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import psycopg
import pytest

from ops_dashboard import access
from ops_dashboard.directory import (
    DirectoryError,
    DirectoryGroup,
    DirectoryUser,
    Listing,
    Snapshot,
    SyncReport,
    SyncRules,
    SyncState,
    recent_runs,
    sync,
)
from ops_dashboard.directory.consistent import consistent
from tests.support.company import SCHEDULED, grant, load, memberships, with_grants

RULES = SyncRules(holds_first_run=False)
ACTION = "scale:ads/bidder"


def user(number: int, email: str | None = None, *, active: bool | None = True) -> DirectoryUser:
    return DirectoryUser(f"u-{number}", email or f"p{number}@example.com", f"P{number}", active)


def group(number: int, name: str, *members: str, problem: str | None = None) -> DirectoryGroup:
    return DirectoryGroup(f"g-{number}", name, members, (), problem=problem)


PEOPLE = tuple(map(user, range(20)))
ADS = group(1, "ads", "u-0", "u-1", "u-2")


def listed(
    users: Iterable[DirectoryUser], *groups: DirectoryGroup, source: str = "file", proof: str | None = "all"
) -> Snapshot:
    """What a source makes of a listing."""
    return consistent(source, "here", Listing(tuple(users), proof), Listing(groups or (ADS,), proof))


def run(connection: psycopg.Connection, found: Snapshot) -> SyncReport:
    report = sync(connection, found, RULES, SCHEDULED)
    connection.commit()
    return report


def may(connection: psycopg.Connection, number: int) -> bool:
    decision = access.decide(connection, f"p{number}@example.com", ACTION)
    connection.rollback()
    return decision.allowed


def evidence(connection: psycopg.Connection, source: str = "file") -> str:
    return "; ".join(recent_runs(connection, source, limit=1)[0].evidence)


@pytest.fixture
def known(app_connection: psycopg.Connection) -> psycopg.Connection:
    """Twenty people, three of whom are in a group that may act."""
    load(app_connection, listed(PEOPLE))
    with_grants(app_connection, grant("ads", "scale:ads/*"))
    app_connection.commit()
    return app_connection


LEAVERS = {
    "the address was given to somebody new": [user(0, active=False), user(99, "p0@example.com")],
    "the address was cleared": [replace(user(0, active=False), email="")],
    "the address is unusable": [replace(user(0, active=False), email="\u212a@example.com")],
    "listed twice": [user(0), user(0, active=False)],
}


@pytest.mark.parametrize("leaver", LEAVERS.values(), ids=LEAVERS)
@pytest.mark.parametrize("kept", [1, 12], ids=["partial", "held"])
def test_a_suspension_counts_whatever_became_of_the_address(
    known: psycopg.Connection, leaver: list[DirectoryUser], kept: int
) -> None:
    report = run(known, listed([*leaver, *PEOPLE[kept:]], proof=None if kept == 1 else "all"))
    assert report.state is (SyncState.PARTIAL if kept == 1 else SyncState.HELD)
    assert report.suspended == ("p0@example.com",)
    assert not may(known, 0)
    assert may(known, 1)


def test_an_address_that_is_somebody_else_s_decides_for_nobody_until_that_is_applied(known: psycopg.Connection) -> None:
    passed = [user(99, "p0@example.com"), user(0, "zero@example.com")]
    assert run(known, listed([*passed, *PEOPLE[12:]])).state is SyncState.HELD
    why = access.decide(known, "p0@example.com", ACTION).reason
    assert why.startswith("your e-mail belongs to somebody else in the company directory by now")
    assert "p0@example.com" not in {
        holder.email for holder in access.explain(known, "p1@example.com", ACTION).holders.people
    }
    # Whose it is again may act again, also in an answer that is not complete.
    run(known, listed(PEOPLE[:1], proof=None))
    assert may(known, 0)


def test_another_source_s_addresses_and_names_stay_theirs_and_the_rest_is_applied(known: psycopg.Connection) -> None:
    others = [user(50, "p0@example.com"), user(51, "other@example.com")]
    theirs = [group(50, "ads", "u-51"), group(51, "theirs", "u-50", "u-51")]
    report = run(known, listed(others, *theirs, source="other"))
    assert report.state is SyncState.PARTIAL
    assert report.reasons == ("group ads: source 'file' has a group of its name",)
    assert "source 'file' has a user with the e-mail p0@example.com: 1 left out ('u-50')" in evidence(known, "other")
    assert {(email, name) for email, name in memberships(known) if name != "ads"} == {("other@example.com", "theirs")}
    assert may(known, 0)


def test_a_collision_stops_no_suspension(known: psycopg.Connection) -> None:
    load(known, listed([user(60)], group(60, "theirs", "u-60"), source="other"))
    report = run(known, listed([user(0, active=False), *PEOPLE[1:], user(7, "p60@example.com")], ADS))
    assert report.suspended == ("p0@example.com",)
    assert not may(known, 0)


def test_a_source_under_a_new_name_is_told_what_to_do(known: psycopg.Connection) -> None:
    with pytest.raises(DirectoryError, match=r"\(sources: file\).*ops-dashboard directory retire"):
        run(known, listed(PEOPLE, source="corp"))


def test_whoever_is_known_under_an_address_keeps_it(known: psycopg.Connection) -> None:
    run(known, listed([*PEOPLE[:19], user(19, "p0@example.com")]))
    assert "more than one user has the e-mail p0@example.com: 1 left out ('u-19')" in evidence(known)
    assert may(known, 0)


@pytest.mark.parametrize(
    ("newcomers", "left"),
    [
        ([user(70, "new@example.com"), user(71, "new@example.com")], set()),
        ([user(70, "new@example.com"), user(71, "NEW@example.com", active=False)], {"u-70"}),
    ],
)
def test_of_newcomers_with_one_address_nobody_knows_whose_it_is_unless_one_alone_is_active(
    known: psycopg.Connection, newcomers: list[DirectoryUser], left: set[str]
) -> None:
    run(known, listed([*PEOPLE, *newcomers]))
    rows = known.execute("SELECT external_id FROM ops.users WHERE email = 'new@example.com' AND removed_at IS NULL")
    assert {external_id for (external_id,) in rows} == left


def test_whichever_group_is_known_under_a_name_keeps_it_and_does_not_age(known: psycopg.Connection) -> None:
    report = run(known, listed(PEOPLE, ADS, group(66, "ads", "u-9")))
    assert report.reasons == ("group ads: 2 groups have its name",)
    assert may(known, 0)
    assert not may(known, 9)
    assert known.execute("SELECT count(*) FROM ops.groups WHERE stale_since IS NOT NULL").fetchall() == [(0,)]


def test_a_group_that_could_not_be_read_keeps_the_name_that_another_has_now(known: psycopg.Connection) -> None:
    unread = group(1, "old-ads", problem="its members: 403")
    report = run(known, listed(PEOPLE, unread, group(2, "ads", "u-9"), group(3, "x", "u-1")))
    assert report.state is SyncState.PARTIAL
    assert "group ads: a group that could not be read has its name" in report.reasons
    assert may(known, 0)
    assert ("p1@example.com", "x") in memberships(known)


def test_groups_that_keep_their_names_may_keep_others_from_theirs(known: psycopg.Connection) -> None:
    load(known, listed(PEOPLE, ADS, group(7, "x", "u-1")))
    report = run(known, listed(PEOPLE, group(1, "twice"), group(7, "twice"), group(8, "ads", "u-9")))
    assert report.state is SyncState.PARTIAL
    assert len(report.reasons) == 3
    assert memberships(known) >= {("p0@example.com", "ads"), ("p1@example.com", "x")}


def test_who_is_not_said_to_be_active_stays_as_known(known: psycopg.Connection) -> None:
    run(known, listed([user(0, active=False), *PEOPLE[1:]]))
    report = run(known, listed([user(n, active=None) for n in range(21)]))
    assert report.state is SyncState.APPLIED
    assert "not said to be active again, so they stay suspended: p0@example.com" in evidence(known)
    suspended = known.execute("SELECT external_id FROM ops.users WHERE NOT active").fetchall()
    assert suspended == [("u-0",)]
    run(known, listed([user(n, active=None) for n in range(1, 21)]))
    run(known, listed([user(n, active=None) for n in range(21)]))
    assert not may(known, 0)
    run(known, listed([user(0), *PEOPLE[1:]]))
    assert may(known, 0)


def test_who_is_suspended_after_they_left_is_suspended_when_they_are_back(known: psycopg.Connection) -> None:
    load(known, listed(PEOPLE[1:]))
    assert run(known, listed([replace(user(0, active=False), email=""), *PEOPLE[1:]])).suspended == ()
    run(known, listed([user(0, active=None), *PEOPLE[1:]]))
    assert known.execute("SELECT active, removed_at FROM ops.users WHERE external_id = 'u-0'").fetchall() == [
        (False, None)
    ]

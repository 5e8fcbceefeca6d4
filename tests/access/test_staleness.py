"""Nothing is decided from data of the directory that is older than its limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from ops_dashboard import access
from tests.support.company import ADMIN, ADS, COMPANY, VIEWER, grant, load, reason, snapshot, with_grants

ACTION = "scale:ads/bidder"


def let_pass(owner: psycopg.Connection, span: timedelta) -> None:
    """Move everything that the sync wrote into the past."""
    owner.execute("UPDATE ops.sources SET applied_at = applied_at - %s", [span])
    owner.execute(
        "UPDATE ops.groups SET unread_since = unread_since - %s, stale_since = stale_since - %s", [span, span]
    )
    owner.commit()


@pytest.mark.parametrize(
    ("age", "allowed"), [(timedelta(hours=5, minutes=59), True), (timedelta(hours=6, seconds=1), False)]
)
def test_the_limit_is_kept(
    company: psycopg.Connection, owner_connection: psycopg.Connection, age: timedelta, allowed: bool
) -> None:
    let_pass(owner_connection, age)
    decision = access.decide(company, ADS, ACTION)
    assert decision.allowed is allowed
    assert decision.max_age == timedelta(hours=6)


def test_the_refusal_says_how_old_the_data_is_and_what_to_do(
    company: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    let_pass(owner_connection, timedelta(hours=7))
    told = reason(company, ADMIN, "manage:grants")
    assert told.startswith("the company directory was last read completely 7 hours ago, at 20")
    assert told.endswith(
        "nothing is decided from data older than 6 hours; ask your Data Platform team to look at DAG ops_sync_groups"
    )


def test_what_was_never_read_completely_decides_nothing(
    company: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    owner_connection.execute("UPDATE ops.sources SET applied_at = NULL")
    owner_connection.commit()
    told = reason(company, ADMIN, "manage:grants")
    assert told.startswith("your part of the company directory has never been read completely, and nothing is decided")


def test_the_next_sync_makes_it_right(company: psycopg.Connection, owner_connection: psycopg.Connection) -> None:
    let_pass(owner_connection, timedelta(days=3))
    assert "3 days ago" in reason(company, ADS, ACTION)
    load(company, COMPANY)
    assert access.decide(company, ADS, ACTION).allowed


def test_a_suspended_person_is_told_so_even_then(
    company: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    let_pass(owner_connection, timedelta(hours=7))
    assert reason(company, "gone@example.com", ACTION) == "your account is suspended in the company directory"


@pytest.fixture
def ads_unread(company: psycopg.Connection, owner_connection: psycopg.Connection) -> psycopg.Connection:
    """The group ads-oncall could not be read for seven hours; everything else was, just now."""
    ads, *others = COMPANY.groups.entries
    broken = snapshot(COMPANY.users.entries, (replace(ads, problem="its members: 503"), *others))
    load(company, broken)
    let_pass(owner_connection, timedelta(hours=7))
    load(company, broken)
    return company


def test_a_group_that_could_not_be_read_for_too_long_does_not_count(ads_unread: psycopg.Connection) -> None:
    told = reason(ads_unread, ADS, ACTION)
    assert told.startswith("you are in no group that may scale:ads/*; you are in no group at all; ask ")
    assert "; the members of ads-oncall and everybody could not be read since 20" in told.replace(", ", " and ")
    assert told.endswith(" UTC, so it does not count")


def test_nor_does_a_group_around_it(ads_unread: psycopg.Connection) -> None:
    assert access.describe(ads_unread, ADS).groups == ()


def test_other_groups_count_as_before(ads_unread: psycopg.Connection) -> None:
    with_grants(ads_unread, grant("search-oncall", "scale:search/*"), grant("platform-admins", "*"))
    assert access.decide(ads_unread, ADMIN, ACTION).allowed
    assert not access.decide(ads_unread, VIEWER, ACTION).allowed

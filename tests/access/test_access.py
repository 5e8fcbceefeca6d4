"""Who may do what: the decision, its reasons, and what people may at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from ops_dashboard import access
from ops_dashboard.access.explaining import people_who_may
from ops_dashboard.catalog import Limits
from ops_dashboard.database import connect_url
from ops_dashboard.directory import DirectoryGroup, DirectoryUser
from tests.support.company import (
    ADMIN,
    ADS,
    COMPANY,
    GONE,
    GRANTS,
    SEARCH,
    VIEWER,
    grant,
    load,
    reason,
    snapshot,
    with_grants,
)

NOW = datetime.now(UTC)


A_DAY = timedelta(days=1)


def test_a_grant_of_a_group_allows_and_is_named(company: psycopg.Connection) -> None:
    decision = access.decide(company, ADS, "scale:ads/bidder", 9, 6)
    assert decision.allowed
    assert decision.reason == "ads-oncall may scale ads/*"
    assert decision.grant is not None
    assert str(decision.grant) == "ads-oncall → scale:ads/*"
    assert decision.grant.limits == Limits(min=1, max=20)
    assert decision.grant.origin == "catalog"
    assert decision.synced_at is not None
    assert (decision.user, decision.action) == (ADS, "scale:ads/bidder")


@pytest.mark.parametrize("user", ["OnCall@Ads.Example.com", ADS.upper()])
def test_the_case_of_the_address_does_not_matter(company: psycopg.Connection, user: str) -> None:
    assert access.decide(company, user, "scale:ads/bidder").allowed


def test_membership_through_a_group_in_a_group_counts(company: psycopg.Connection) -> None:
    assert access.decide(company, SEARCH, "view:workers").reason == "everybody may view workers"


def test_a_bare_star_allows_everything(company: psycopg.Connection) -> None:
    assert access.decide(company, ADMIN, "manage:grants").reason == "platform-admins may do everything"


def test_another_team_s_pool_is_denied_with_what_is_missing_what_there_is_and_whom_to_ask(
    company: psycopg.Connection,
) -> None:
    assert reason(company, ADS, "scale:search/ranker") == (
        "you are in no group that may scale:search/*; ads-oncall may scale ads/*; ask search-oncall, platform-admins"
    )


@pytest.mark.parametrize(
    ("user", "action", "expected"),
    [
        (
            VIEWER,
            "scale:ads/bidder",
            "you are in no group that may scale:ads/*; you are in no group at all; ask ads-oncall, platform-admins",
        ),
        (
            ADS,
            "run:purge-cache",
            "you are in no group that may run:purge-cache; your groups may run nothing; ask platform-admins",
        ),
        ("nobody@example.com", "scale:ads/bidder", "you (nobody@example.com) are not in the company directory"),
        ("x" * 300, "scale:ads/bidder", f"you ({'x' * 80}) are not in the company directory"),
        ("", "scale:ads/bidder", "you () are not in the company directory"),
        ("%", "scale:ads/bidder", "you (%) are not in the company directory"),
        (GONE, "scale:ads/bidder", "your account is suspended in the company directory"),
    ],
)
def test_each_refusal_says_exactly_why(company: psycopg.Connection, user: str, action: str, expected: str) -> None:
    assert reason(company, user, action) == expected


def test_who_may_scale_a_part_of_a_team_is_not_told_that_they_may_nothing_of_it(company: psycopg.Connection) -> None:
    with_grants(company, grant("ads-oncall", "scale:search/indexer"))
    assert reason(company, ADS, "scale:search/ranker") == (
        "you are in no group that may scale:search/ranker; ads-oncall may scale search/indexer; no group may"
    )


def test_long_lists_are_cut(company: psycopg.Connection) -> None:
    with_grants(company, *(grant("ads-oncall", f"scale:ads/role-{n}") for n in range(9)))
    assert reason(company, ADS, "scale:search/ranker") == (
        "you are in no group that may scale:search/*; ads-oncall may scale ads/role-0, ads-oncall may scale ads/role-1,"
        " ads-oncall may scale ads/role-2 and 6 more; no group may"
    )


def test_before_the_first_sync_nobody_is_known(app_connection: psycopg.Connection) -> None:
    decision = access.decide(app_connection, ADS, "scale:ads/bidder")
    assert not decision.allowed
    assert decision.reason == (
        "the company directory has not been loaded yet, so you are not known; DAG ops_sync_groups loads it"
    )
    assert decision.synced_at is None


def test_somebody_who_left_is_unknown_at_once(company: psycopg.Connection) -> None:
    load(company, snapshot(COMPANY.users.entries[1:], (COMPANY.groups.entries[1],)))
    assert reason(company, ADS, "scale:ads/bidder") == f"you ({ADS}) are not in the company directory"


def test_a_new_person_with_an_old_address_has_none_of_its_rights(company: psycopg.Connection) -> None:
    stranger = DirectoryUser("u-9", ADS, "Another", active=True)
    load(company, snapshot((stranger,), (DirectoryGroup("g-1", "ads-oncall", (), ()),)))
    assert reason(company, ADS, "scale:ads/bidder").startswith("you are in no group that may scale:ads/*")


def test_many_actions_are_judged_at_once_as_one_by_one(company: psycopg.Connection) -> None:
    actions = ["scale:ads/bidder", "scale:search/ranker", "view:workers", "manage:grants"]
    assert access.decide_all(company, ADS, actions) == {a: access.decide(company, ADS, a) for a in actions}
    assert access.decide_all(company, ADS, []) == {}


def test_a_description_names_all_groups_and_the_grants_in_force(company: psycopg.Connection) -> None:
    with_grants(company, *GRANTS, grant("ads-oncall", "run:*", expires_at=NOW - A_DAY))
    described = access.describe(company, ADS.upper())
    assert described.groups == ("ads-oncall", "everybody")
    assert [str(held) for held in described.grants] == ["ads-oncall → scale:ads/*", "everybody → view:workers"]
    assert described.synced_at is not None


@pytest.mark.parametrize("user", ["nobody@example.com", GONE])
def test_somebody_unknown_or_suspended_may_nothing(company: psycopg.Connection, user: str) -> None:
    described = access.describe(company, user)
    assert (described.groups, described.grants) == ((), ())
    assert described.synced_at is not None


def test_the_groups_that_may_come_narrowest_first_and_only_if_they_exist(company: psycopg.Connection) -> None:
    with_grants(company, *GRANTS, grant("not-in-the-directory", "scale:ads/*"))
    assert access.groups_that_may(company, ["scale:ads/bidder", "run:x", "view:workers"]) == {
        "scale:ads/bidder": ("ads-oncall", "platform-admins"),
        "run:x": ("platform-admins",),
        "view:workers": ("everybody", "platform-admins"),
    }


def test_people_keep_their_rights_while_a_sync_moves_them(company: psycopg.Connection, app_url: str) -> None:
    """In one state one group gives the right, in the other another: a torn read would see neither."""
    with_grants(company, grant("ads-oncall", "scale:ads/*"), grant("search-oncall", "scale:ads/*"))
    ads, search = COMPANY.groups.entries[:2]
    swapped = [DirectoryGroup("g-1", ads.name, ("u-2",), ()), DirectoryGroup("g-2", search.name, ("u-1",), ())]
    done = threading.Event()

    def sync() -> None:
        with connect_url(app_url) as connection:
            for _ in range(15):
                load(connection, snapshot(COMPANY.users.entries, swapped))
                load(connection, snapshot(COMPANY.users.entries, (ads, search)))
        done.set()

    syncing = threading.Thread(target=sync)
    syncing.start()
    seen = set()
    with connect_url(app_url) as connection:
        while not done.is_set():
            decision = access.decide(connection, ADS, "scale:ads/bidder")
            connection.commit()
            seen.add((decision.allowed, decision.reason))
    syncing.join()
    assert seen == {(True, "ads-oncall may scale ads/*"), (True, "search-oncall may scale ads/*")}


@dataclass
class SyncedBetween:
    """A connection between whose statements somebody else's sync commits."""

    connection: psycopg.Connection
    before: str
    sync: Callable[[], object]

    def execute(self, query: Any, values: Any = None) -> psycopg.Cursor[Any]:
        if self.before in query:
            self.sync()
        return self.connection.execute(query, values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


def test_a_sync_between_two_statements_does_no_harm_to_an_explanation(
    company: psycopg.Connection, app_url: str
) -> None:
    company.commit()
    with connect_url(app_url) as other:
        flat = replace(COMPANY.groups.entries[3], member_groups=())
        flattened = snapshot(COMPANY.users.entries, (*COMPANY.groups.entries[:3], flat))

        def flatten() -> None:
            load(other, flattened)
            other.commit()

        torn: Any = SyncedBetween(company, "nested_groups", flatten)
        assert access.paths_into(torn, ADS, ["everybody"]) == {"everybody": ("everybody", "ads-oncall")}
        assert access.describe(company, ADS).groups == ("ads-oncall",)
        load(other, COMPANY)
        other.commit()
        holders = people_who_may(torn, "view:workers")
    assert [holder.path for holder in holders.people] == [
        ("everybody", group) for group in ("platform-admins", "ads-oncall", "search-oncall")
    ]

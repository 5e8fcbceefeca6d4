"""Who may do what: the decision function, its reasons, and the catalog's grants."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops_dashboard import access
from ops_dashboard.access import Grant, GrantChanges
from ops_dashboard.catalog import CatalogGrant, Limits
from ops_dashboard.database import connect_url
from ops_dashboard.directory import DirectoryGroup, DirectoryUser, Snapshot
from ops_dashboard.directory.store import apply

ADS, SEARCH, ADMIN, VIEWER, GONE = (
    "oncall@ads.example.com",
    "oncall@search.example.com",
    "admin@platform.example.com",
    "viewer@example.com",
    "gone@example.com",
)
COMPANY = Snapshot(
    source="file",
    users=(
        DirectoryUser("u-1", ADS, "Ads on call", active=True),
        DirectoryUser("u-2", SEARCH, "Search on call", active=True),
        DirectoryUser("u-3", ADMIN, "Platform", active=True),
        DirectoryUser("u-4", VIEWER, "Viewer", active=True),
        DirectoryUser("u-5", GONE, "Suspended", active=False),
    ),
    groups=(
        DirectoryGroup("g-1", "ads-oncall", ("u-1", "u-5"), ()),
        DirectoryGroup("g-2", "search-oncall", ("u-2",), ()),
        DirectoryGroup("g-3", "platform-admins", ("u-3",), ()),
        DirectoryGroup("g-4", "everybody", (), ("g-1", "g-2", "g-3")),
    ),
)
NOW = datetime.now(UTC)
A_DAY = timedelta(days=1)


def grant(
    group: str,
    action: str,
    *,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    valid_from: datetime | None = None,
    expires_at: datetime | None = None,
) -> CatalogGrant:
    return CatalogGrant(group=group, action=action, limits=limits, valid_from=valid_from, expires_at=expires_at)


GRANTS = (
    grant("ads-oncall", "scale:ads/*", limits=Limits(min=1, max=20)),
    grant("search-oncall", "scale:search/*"),
    grant("platform-admins", "*"),
    grant("everybody", "view:workers"),
)


@pytest.fixture
def company(app_connection: psycopg.Connection) -> psycopg.Connection:
    """The product's own connection to a database with the demo company and its grants."""
    apply(app_connection, COMPANY)
    access.apply_catalog_grants(app_connection, GRANTS)
    return app_connection


def with_grants(connection: psycopg.Connection, *grants: CatalogGrant) -> psycopg.Connection:
    access.apply_catalog_grants(connection, grants)
    return connection


def reason(connection: psycopg.Connection, user: str, action: str, *values: int | None) -> str:
    """Why not: the decision's reason, which must be a refusal."""
    decision = access.decide(connection, user, action, *values)
    assert not decision.allowed
    return decision.reason


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
    apply(company, Snapshot("file", COMPANY.users[1:], (COMPANY.groups[1],)))
    assert reason(company, ADS, "scale:ads/bidder") == f"you ({ADS}) are not in the company directory"


def test_a_new_person_with_an_old_address_has_none_of_its_rights(company: psycopg.Connection) -> None:
    stranger = DirectoryUser("u-9", ADS, "Another", active=True)
    apply(company, Snapshot("file", (stranger,), (DirectoryGroup("g-1", "ads-oncall", (), ()),)))
    assert reason(company, ADS, "scale:ads/bidder").startswith("you are in no group that may scale:ads/*")


@pytest.mark.parametrize(
    ("limits", "values", "expected"),
    [
        (Limits(max=20), (25, 18), "allows at most 20, you asked for 25"),
        (Limits(min=2), (1, 2), "allows at least 2, you asked for 1"),
        (Limits(max_change=4), (12, 6), "allows changes of at most 4 at a time, you asked for 6 → 12"),
        (Limits(max_change=4), (1, 6), "allows changes of at most 4 at a time, you asked for 6 → 1"),
        (
            Limits(max=10, max_change=4),
            (12, 6),
            "allows at most 10 and changes of at most 4 at a time, you asked for 6 → 12",
        ),
        (Limits(max=20), (2**31, 0), "allows at most 20, you asked for 2147483648"),
        (Limits(max=20), (10**30, 0), f"allows at most 20, you asked for {10**30}"),
        (Limits(min=0), (-1, 0), "allows at least 0, you asked for -1"),
    ],
)
def test_a_value_outside_the_limits_is_told_with_the_grant_and_the_numbers(
    company: psycopg.Connection, limits: Limits, values: tuple[int, int], expected: str
) -> None:
    with_grants(company, grant("ads-oncall", "scale:ads/*", limits=limits))
    assert reason(company, ADS, "scale:ads/bidder", *values) == f"grant ads-oncall → scale:ads/* {expected}"


@pytest.mark.parametrize("values", [(), (None, None), (None, 500), (20, None), (16, 20), (20, 20)])
def test_what_is_not_given_is_not_judged(company: psycopg.Connection, values: tuple[int | None, ...]) -> None:
    with_grants(company, grant("ads-oncall", "scale:ads/*", limits=Limits(min=1, max=20, max_change=4)))
    assert access.decide(company, ADS, "scale:ads/bidder", *values).allowed


def test_limits_of_several_grants_are_never_merged(company: psycopg.Connection) -> None:
    with_grants(
        company,
        grant("ads-oncall", "scale:ads/*", limits=Limits(max=20, max_change=2)),
        grant("everybody", "scale:ads/bidder", limits=Limits(max=10)),
    )
    assert not access.decide(company, ADS, "scale:ads/bidder", 15, 5).allowed
    assert access.decide(company, ADS, "scale:ads/bidder", 10, 5).allowed
    assert access.decide(company, ADS, "scale:ads/bidder", 15, 14).allowed


def test_of_grants_that_do_not_reach_the_closest_is_named(company: psycopg.Connection) -> None:
    with_grants(
        company,
        grant("ads-oncall", "scale:ads/*", limits=Limits(max=20)),
        grant("everybody", "scale:ads/bidder", limits=Limits(max=10)),
        grant("ads-oncall", "scale:*", expires_at=NOW - A_DAY),
    )
    told = reason(company, ADS, "scale:ads/bidder", 25, 18)
    assert told == "grant ads-oncall → scale:ads/* allows at most 20, you asked for 25"


def test_of_grants_that_allow_the_widest_is_named(company: psycopg.Connection) -> None:
    with_grants(
        company,
        grant("everybody", "scale:ads/bidder", limits=Limits(max=10)),
        grant("ads-oncall", "scale:ads/*", limits=Limits(max=20)),
        grant("ads-oncall", "scale:*", limits=Limits(max=15)),
    )
    assert access.decide(company, ADS, "scale:ads/bidder", 5, 5).reason == "ads-oncall may scale ads/*"


@pytest.mark.parametrize(
    ("valid_from", "expires_at", "expected"),
    [
        (None, NOW - A_DAY, f"expired at {NOW - A_DAY:%Y-%m-%d %H:%M} UTC"),
        (NOW + A_DAY, None, f"is not valid before {NOW + A_DAY:%Y-%m-%d %H:%M} UTC"),
        (NOW + A_DAY, NOW + 2 * A_DAY, f"is not valid before {NOW + A_DAY:%Y-%m-%d %H:%M} UTC"),
    ],
)
def test_a_grant_outside_its_time_is_told_with_that_time(
    company: psycopg.Connection, valid_from: datetime | None, expires_at: datetime | None, expected: str
) -> None:
    with_grants(company, grant("ads-oncall", "scale:ads/*", valid_from=valid_from, expires_at=expires_at))
    assert reason(company, ADS, "scale:ads/bidder", 5, 5) == f"grant ads-oncall → scale:ads/* {expected}"


def test_a_grant_within_its_time_allows(company: psycopg.Connection) -> None:
    with_grants(company, grant("ads-oncall", "scale:ads/*", valid_from=NOW - A_DAY, expires_at=NOW + A_DAY))
    assert access.decide(company, ADS, "scale:ads/bidder").allowed


def test_a_grant_ends_during_a_transaction_too(company: psycopg.Connection) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.3)
    with_grants(company, grant("ads-oncall", "scale:ads/*", expires_at=soon))
    company.execute("SELECT pg_sleep(0.4)")
    assert reason(company, ADS, "scale:ads/bidder").startswith("grant ads-oncall → scale:ads/* expired")


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
    assert access.groups_that_may(company, "scale:ads/bidder") == ("ads-oncall", "platform-admins")


def live_grants(connection: psycopg.Connection) -> set[str]:
    rows = connection.execute("SELECT group_name || ' ' || action FROM ops.grants WHERE revoked_at IS NULL")
    return {text for (text,) in rows}


def test_the_catalog_s_grants_are_brought_in_line_by_their_difference(app_connection: psycopg.Connection) -> None:
    first, second, third = (grant("a", f"scale:ads/{role}") for role in ("x", "y", "z"))
    apply_grants = access.apply_catalog_grants
    assert apply_grants(app_connection, [first, second, second]) == GrantChanges(added=2, revoked=0)
    assert apply_grants(app_connection, [second, first]) == GrantChanges(added=0, revoked=0)
    assert apply_grants(app_connection, [second, third]) == GrantChanges(added=1, revoked=1)
    assert live_grants(app_connection) == {"a scale:ads/y", "a scale:ads/z"}
    assert apply_grants(app_connection, []) == GrantChanges(added=0, revoked=2)
    ended = app_connection.execute("SELECT DISTINCT revoked_by FROM ops.grants WHERE revoked_at IS NOT NULL").fetchall()
    assert ended == [("catalog",)]


def test_a_changed_limit_or_time_is_a_new_grant_and_the_old_one_is_revoked(app_connection: psycopg.Connection) -> None:
    versions = [
        grant("a", "scale:ads/*"),
        grant("a", "scale:ads/*", limits=Limits(max=5)),
        grant("a", "scale:ads/*", limits=Limits(max=5), valid_from=NOW),
        grant("a", "scale:ads/*", limits=Limits(max=5), valid_from=NOW, expires_at=NOW + A_DAY),
    ]
    access.apply_catalog_grants(app_connection, versions[:1])
    for version in versions[1:]:
        assert access.apply_catalog_grants(app_connection, [version]) == GrantChanges(added=1, revoked=1)
        assert access.apply_catalog_grants(app_connection, [version]) == GrantChanges(added=0, revoked=0)


def test_grants_given_on_the_page_are_not_the_catalog_s(app_connection: psycopg.Connection) -> None:
    app_connection.execute("INSERT INTO ops.grants (group_name, action, origin) VALUES ('a', 'run:x', 'page')")
    assert access.apply_catalog_grants(app_connection, []) == GrantChanges(added=0, revoked=0)
    assert live_grants(app_connection) == {"a run:x"}


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE ops.grants SET max_value = 1000",
        "UPDATE ops.grants SET revoked_at = NULL, revoked_by = NULL WHERE revoked_at IS NOT NULL",
        "UPDATE ops.grants SET revoked_at = now(), revoked_by = 'again' WHERE revoked_at IS NOT NULL",
        "UPDATE ops.grants SET revoked_at = now(), revoked_by = 'x', action = '*' WHERE revoked_at IS NULL",
        "DELETE FROM ops.grants",
        "TRUNCATE ops.grants",
    ],
)
def test_not_even_the_owner_can_change_a_grant(
    company: psycopg.Connection, owner_connection: psycopg.Connection, edit: str
) -> None:
    with_grants(company, *GRANTS[1:])
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="can be revoked once, not changed or deleted"):
        owner_connection.execute(edit)  # type: ignore[call-overload]


@pytest.mark.parametrize("action", ["", "scale", "scale:", "Scale:x", "%:x", ":x", "**"])
def test_the_table_takes_no_action_that_is_none(app_connection: psycopg.Connection, action: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        app_connection.execute("INSERT INTO ops.grants (group_name, action, origin) VALUES ('a', %s, 'page')", [action])


def test_people_keep_their_rights_while_a_sync_moves_them(company: psycopg.Connection, app_url: str) -> None:
    """In one state one group gives the right, in the other another: a torn read would see neither."""
    with_grants(company, grant("ads-oncall", "scale:ads/*"), grant("search-oncall", "scale:ads/*"))
    ads, search = COMPANY.groups[:2]
    swapped = [DirectoryGroup("g-1", ads.name, ("u-2",), ()), DirectoryGroup("g-2", search.name, ("u-1",), ())]
    done = threading.Event()

    def sync() -> None:
        with connect_url(app_url) as connection:
            for _ in range(15):
                apply(connection, Snapshot("file", COMPANY.users, tuple(swapped)))
                apply(connection, Snapshot("file", COMPANY.users, (ads, search)))
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


def insert_patterns(connection: psycopg.Connection, patterns: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ops.grants (group_name, action, origin) VALUES ('ads-oncall', %s, 'page')",
            [[pattern] for pattern in patterns],
        )


def matches(pattern: str, action: str) -> bool:
    """What a pattern means, said in Python: `*` stands for anything, all else for itself."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), action, re.DOTALL) is not None


PIECES = st.text(st.sampled_from("ab/*%_\\.é\n"), min_size=1, max_size=8)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=PIECES.map("scale:{}".format) | st.just("*"), resource=PIECES)
def test_a_pattern_matches_as_the_model_says(company: psycopg.Connection, pattern: str, resource: str) -> None:
    action = f"scale:{resource.replace('*', 'a')}"
    with company.transaction(force_rollback=True):
        company.execute("UPDATE ops.grants SET revoked_at = now(), revoked_by = 'test' WHERE revoked_at IS NULL")
        insert_patterns(company, [pattern])
        assert access.decide(company, ADS, action).allowed == matches(pattern, action)
        assert access.groups_that_may(company, action) == (("ads-oncall",) if matches(pattern, action) else ())


@pytest.mark.parametrize("length", [10, 63, 64, 65, 200, 5000])
def test_long_names_match_too(company: psycopg.Connection, length: int) -> None:
    action = "scale:" + "x" * length
    insert_patterns(company, ["scale:" + "x" * (length - 1) + "*"])
    assert access.decide(company, ADS, action).allowed
    assert not access.decide(company, ADS, action[:-2]).allowed


LIMIT = st.none() | st.integers(0, 12)
LIMITS = st.builds(
    lambda low, width, change: Limits(
        min=low, max=None if width is None else (low or 0) + width, max_change=None if change == 0 else change
    ),
    LIMIT,
    LIMIT,
    LIMIT,
)


def fits(limits: Limits, requested: int, current: int | None) -> bool:
    """What limits mean, said in Python."""
    return (
        (limits.min is None or requested >= limits.min)
        and (limits.max is None or requested <= limits.max)
        and (limits.max_change is None or current is None or abs(requested - current) <= limits.max_change)
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    held=st.lists(LIMITS, min_size=1, max_size=4),
    requested=st.integers(-3, 30),
    current=st.none() | st.integers(0, 30),
)
def test_a_value_is_allowed_if_any_one_grant_allows_all_of_it(
    company: psycopg.Connection, held: list[Limits], requested: int, current: int | None
) -> None:
    with company.transaction(force_rollback=True):
        with_grants(company, *(grant("ads-oncall", "scale:ads/*", limits=limits) for limits in held))
        decision = access.decide(company, ADS, "scale:ads/bidder", requested, current)
        assert decision.allowed == any(fits(limits, requested, current) for limits in held)
        assert isinstance(decision.grant, Grant)
        assert decision.grant.limits in held
        assert fits(decision.grant.limits, requested, current) == decision.allowed

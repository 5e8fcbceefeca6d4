"""Limits and times of grants: what they mean, and how a refusal tells of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops_dashboard import access
from ops_dashboard.access import Grant
from ops_dashboard.catalog import Limits
from tests.support.company import ADS, grant, reason, with_grants

NOW = datetime.now(UTC)


A_DAY = timedelta(days=1)


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
    ids=["expired", "early", "early and ending"],
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


def within(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


@pytest.mark.parametrize(
    ("who", "action", "count"),
    [(ADS, "scale:ads/bidder", 1), (ADS, "scale:search/x", 0), ("x@example.com", "scale:a", 0)],
)
def test_only_grants_that_give_the_right_now_are_told(
    company: psycopg.Connection, who: str, action: str, count: int
) -> None:
    expired = grant("ads-oncall", "scale:ads/*", valid_from=NOW - 2 * A_DAY, expires_at=NOW - A_DAY)
    with_grants(company, grant("ads-oncall", "scale:ads/*"), expired, grant("search-oncall", "scale:ads/bidder"))
    assert len(access.grants_for(company, who, action)) == count


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
        grants = access.grants_for(company, ADS, "scale:ads/bidder")
        assert {each.limits for each in grants} == set(held)
        if current is not None:
            ranges = [each.leaves_open(current) for each in grants]
            assert any(within(requested, *ends) for ends in ranges) == decision.allowed

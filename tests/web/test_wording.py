"""How times and differences read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ops_dashboard.web.wording import ago, clock, difference, exact, lasting

NOW = datetime(2026, 11, 23, 3, 12, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=1), "1 s ago"),
        (timedelta(seconds=59), "59 s ago"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(hours=26), "yesterday 01:12"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=14), "14 days ago"),
        (timedelta(days=15), "8 Nov 2026"),
        (timedelta(seconds=-5), "in 5 s"),
        (timedelta(hours=-2), "in 2 h"),
        (timedelta(days=-1), "in 1 day"),
        (timedelta(days=-3), "in 3 days"),
    ],
)
def test_a_time_is_said_by_its_distance(before: timedelta, words: str) -> None:
    assert ago(NOW - before, NOW) == words


def test_times_are_said_in_utc() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    assert exact(elsewhere) == "2026-11-23 03:12:18 UTC"
    assert clock(elsewhere) == "03:12:18"
    assert ago(elsewhere - timedelta(hours=26), NOW) == "yesterday 01:12"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [(6, 12, "6 more workers"), (6, 4, "2 fewer workers"), (6, 7, "1 more worker"), (6, 6, "no change"), (None, 6, "")],
)
def test_a_difference_is_said_in_words(before: int | None, after: int, words: str) -> None:
    assert difference(before, after, "workers") == words


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(minutes=45), "45 min"),
        (timedelta(minutes=90), "90 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=2.5), "2.5 h"),
        (timedelta(hours=6), "6 h"),
        (timedelta(hours=48), "48 h"),
        (timedelta(hours=60), "2.5 days"),
        (timedelta(days=30), "30 days"),
    ],
)
def test_a_limit_is_said_as_it_was_set(span: timedelta, words: str) -> None:
    assert lasting(span) == words

"""Not more acts at a time on each resource than it bears, across sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import psycopg
import pytest

from ops_dashboard.locks import ResourceLockedError, resource_lock

Connect = Callable[[], psycopg.Connection]


@pytest.fixture
def connect(app_url: str) -> Iterator[Connect]:
    with ExitStack() as opened:
        yield lambda: opened.enter_context(psycopg.connect(app_url))


@pytest.mark.parametrize("holders", [1, 2, 5])
def test_as_many_hold_it_as_may_and_no_more(connect: Connect, holders: int) -> None:
    with ExitStack() as held:
        for _ in range(holders):
            held.enter_context(resource_lock(connect(), "run:rebuild", holders))
        with pytest.raises(ResourceLockedError, match="run:rebuild"), resource_lock(connect(), "run:rebuild", holders):
            pass
    with resource_lock(connect(), "run:rebuild", holders):
        pass


def test_a_place_is_free_again_in_any_order(connect: Connect) -> None:
    first = ExitStack()
    first.enter_context(resource_lock(connect(), "run:rebuild", 2))
    with resource_lock(connect(), "run:rebuild", 2):
        first.close()
        with resource_lock(connect(), "run:rebuild", 2):
            pass


@pytest.mark.parametrize("other", ["run:rebuil", "run:rebuild/", 'run:rebuild/"a"', "set:rebuild", "run:rebuild#1"])
def test_others_are_not_held_by_it(connect: Connect, other: str) -> None:
    with resource_lock(connect(), "run:rebuild"), resource_lock(connect(), other):
        pass


def test_it_spans_commits_and_ends_with_what_fails(connect: Connect) -> None:
    mine, other = connect(), connect()
    with suppress(ZeroDivisionError), resource_lock(mine, "run:rebuild"):
        mine.execute("SELECT 1")
        mine.commit()
        mine.rollback()
        with pytest.raises(ResourceLockedError), resource_lock(other, "run:rebuild"):
            pass
        mine.execute("SELECT 'half a transaction'")
        raise ZeroDivisionError
    with resource_lock(other, "run:rebuild"):
        pass


def test_a_session_that_is_lost_holds_nothing(connect: Connect, postgres_backend: Callable[[int], None]) -> None:
    mine, other = connect(), connect()
    with resource_lock(mine, "run:rebuild"):
        postgres_backend(mine.info.backend_pid)
        with resource_lock(other, "run:rebuild"):
            pass


@pytest.fixture
def postgres_backend(app_url: str, connect: Connect) -> Callable[[int], None]:
    """Ends a session from outside, and waits until it is gone."""
    outside = connect()

    def end(pid: int) -> None:
        outside.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        outside.commit()

    return end

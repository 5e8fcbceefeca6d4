"""When a cluster is asked again, and after what pause."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ops_dashboard.workers import ClusterDownError, NotPermittedError, WorkersError
from ops_dashboard.workers.errors import ConflictError
from ops_dashboard.workers.retries import retrying


def down(retry_after: float | None = None) -> ClusterDownError:
    return ClusterDownError("cluster", "https://cluster", "503", sent=True, retry_after=retry_after)


def pauses_of(*errors: WorkersError) -> list[float]:
    left, pauses = list(errors), list[float]()

    def call() -> None:
        if left:
            raise left.pop(0)

    retrying(timedelta(minutes=10)).copy(sleep=pauses.append)(call)
    return pauses


def test_pauses_get_longer_up_to_a_bound() -> None:
    pauses = pauses_of(*[down()] * 12)

    assert len(pauses) == 12
    assert all(pause <= 0.2 * 2**number for number, pause in enumerate(pauses))
    assert max(pauses) <= 5


def test_a_cluster_that_says_when_to_come_back_is_taken_at_its_word() -> None:
    assert pauses_of(down(7), down(0), ConflictError("409"))[:2] == [7, 0]


def test_there_is_no_pause_longer_than_the_time_that_is_left() -> None:
    pauses: list[float] = []

    def call() -> None:
        raise down(3600)

    with pytest.raises(ClusterDownError):
        retrying(timedelta(seconds=20)).copy(sleep=pauses.append)(call)
    assert pauses == []


def test_an_error_that_time_does_not_heal_is_raised_at_once() -> None:
    with pytest.raises(NotPermittedError):
        pauses_of(NotPermittedError("403"))

"""When a wait goes on and when it ends, on a clock of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import chain, repeat

import pytest

from ops_dashboard.workers import (
    Change,
    ClusterDownError,
    NotPermittedError,
    PoolState,
    Problem,
    RolloutProgress,
    WorkersError,
)
from ops_dashboard.workers.kubernetes import KubernetesWorkers
from ops_dashboard.workers.models import Workload
from ops_dashboard.workers.rollout import Ending, RolloutFailedError, RolloutResult, wait
from tests.support.clusters.objects import BIDDER

DONE = RolloutProgress(desired=9, ready=9, updated=9, done=True)
HALFWAY = RolloutProgress(desired=9, ready=7, updated=9, done=False)
STUCK = RolloutProgress(
    desired=9, ready=7, updated=9, done=False, problem=Problem(PoolState.UNSCHEDULABLE, "2 pods unschedulable")
)
TAKEN = RolloutProgress(desired=5, ready=5, updated=5, done=False, changed_by_other=Change(9, 5, ("kubectl",)))
DOWN = ClusterDownError("cluster", "https://cluster", "connection refused", sent=False)


class Film(KubernetesWorkers):
    """Shows one picture after another, a second apart."""

    def __init__(self, pictures: Iterable[RolloutProgress | WorkersError]) -> None:
        self.pictures = iter(pictures)
        self.time = 0.0

    def progress(self, pool: Workload, target: int | None) -> RolloutProgress:
        assert (pool, target) == (BIDDER, 9)
        picture = next(self.pictures)
        if isinstance(picture, WorkersError):
            raise picture
        return picture

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def watch(*pictures: RolloutProgress | WorkersError, then: RolloutProgress | WorkersError = HALFWAY) -> RolloutResult:
    film = Film(chain(pictures, repeat(then)))
    return wait(
        film,
        BIDDER,
        9,
        timeout=timedelta(seconds=60),
        patience=timedelta(seconds=10),
        clock=lambda: film.time,
        sleep=film.sleep,
    )


def test_it_ends_when_all_are_ready_and_tells_how_long_that_took() -> None:
    assert watch(HALFWAY, HALFWAY, DONE) == RolloutResult(ready=9, seconds=2)


def test_a_problem_that_lasts_ends_it() -> None:
    with pytest.raises(RolloutFailedError, match=r"^7 of 9 ready; 2 pods unschedulable$") as failure:
        watch(HALFWAY, then=STUCK)

    assert (failure.value.kind, failure.value.ready) == (PoolState.UNSCHEDULABLE, 7)


def test_a_problem_that_passes_does_not_end_it() -> None:
    nearly = [STUCK] * 10

    assert watch(*nearly, HALFWAY, *nearly, HALFWAY, DONE).seconds == 22


def test_a_problem_is_watched_from_when_it_was_first_seen() -> None:
    assert watch(*[STUCK] * 10, DONE).seconds == 10
    with pytest.raises(RolloutFailedError):
        watch(*[STUCK] * 11, DONE)


def test_the_time_is_over_at_the_deadline() -> None:
    with pytest.raises(RolloutFailedError, match=r"^not done within 60 s; 7 of 9 ready$") as failure:
        watch(then=HALFWAY)

    assert (failure.value.kind, failure.value.ready) == (Ending.TIMED_OUT, 7)


def test_a_cluster_that_does_not_answer_for_a_while_does_not_end_it() -> None:
    assert watch(HALFWAY, *[DOWN] * 40, DONE).seconds == 41


def test_a_cluster_that_never_answers_again_is_told_at_the_deadline() -> None:
    with pytest.raises(
        RolloutFailedError, match=r"^not done within 60 s; 7 of 9 ready; the cluster .* connection refused$"
    ) as failure:
        watch(HALFWAY, then=DOWN)

    assert failure.value.ready == 7


def test_it_is_not_known_how_many_are_ready_if_the_cluster_never_answered() -> None:
    with pytest.raises(RolloutFailedError) as failure:
        watch(then=DOWN)

    assert failure.value.ready is None


def test_a_change_by_somebody_else_ends_it_at_once() -> None:
    with pytest.raises(
        RolloutFailedError, match=r"^during the rollout the count was changed from 9 to 5 by kubectl$"
    ) as failure:
        watch(HALFWAY, TAKEN, DONE)

    assert (failure.value.kind, failure.value.ready) == (Ending.CHANGED_BY_OTHER, 5)


def test_an_error_that_time_does_not_heal_ends_it_as_it_is() -> None:
    with pytest.raises(NotPermittedError):
        watch(HALFWAY, NotPermittedError("may not list pods"), DONE)


def test_the_log_tells_what_is_new_and_nothing_twice(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "ops_dashboard.workers.rollout")

    watch(HALFWAY, HALFWAY, STUCK, STUCK, HALFWAY, DONE)

    assert caplog.messages == ["7 of 9 ready", "7 of 9 ready; 2 pods unschedulable", "7 of 9 ready"]

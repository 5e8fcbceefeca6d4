"""Compare-and-set when things go wrong between the product and the cluster, in every order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_dashboard.catalog import Pool, WorkloadKind
from ops_dashboard.workers import (
    ChangedMeanwhileError,
    ChangeUncertainError,
    ClusterDownError,
    Scale,
    WorkersError,
)
from ops_dashboard.workers.api import ClusterApi
from ops_dashboard.workers.change import check_count
from ops_dashboard.workers.errors import ConflictError, RejectedError
from ops_dashboard.workers.kubernetes import KubernetesWorkers
from ops_dashboard.workers.observed import Observed
from ops_dashboard.workers.selector import Selector
from tests.support.clusters.objects import BIDDER

SEEN = Scale("uid", 6, 1)


class Workload:
    """A workload that several clients change; `events` happen one before each look or patch."""

    def __init__(self, *events: Callable[[Workload], None]) -> None:
        self.state = Observed(
            kind=WorkloadKind.DEPLOYMENT,
            uid="uid",
            generation=1,
            desired=6,
            present=6,
            ready=6,
            updated=6,
            settled=True,
            blocked=None,
            managers=("helm",),
            selector=Selector(()),
            being_deleted=False,
        )
        self.patched = 0
        self.lose: Callable[[], WorkersError] | None = None
        self._events = list(events)

    def observe(self, _pool: Pool) -> Observed:
        self._next()
        return self.state

    def patch_scale(self, _pool: Pool, operations: list[dict[str, object]]) -> Scale:
        self._next()
        uid, count, target = (operation["value"] for operation in operations)
        if (uid, count) != (self.state.uid, self.state.desired or None):
            raise RejectedError("422")
        self.set(cast("int", target), "ops-dashboard")
        self.patched += 1
        if self.lose:
            error, self.lose = self.lose(), None
            raise error
        return Scale(self.state.uid, self.state.desired)

    def set(self, count: int, manager: str) -> None:
        self.state = replace(self.state, desired=count, generation=self.state.generation + 1, managers=(manager,))

    def _next(self) -> None:
        if self._events:
            self._events.pop(0)(self)


def down(*, sent: bool) -> ClusterDownError:
    return ClusterDownError("cluster", "https://cluster", "the connection broke", sent=sent, retry_after=0)


def lose_answer(workload: Workload) -> None:
    workload.lose = lambda: down(sent=True)


def lose_request(_workload: Workload) -> None:
    raise down(sent=True)


def busy(_workload: Workload) -> None:
    raise down(sent=False)


def collide(_workload: Workload) -> None:
    raise ConflictError("409")


def nothing(_workload: Workload) -> None:
    pass


def set_to(count: int) -> Callable[[Workload], None]:
    return lambda workload: workload.set(count, "kubectl")


def new_template(workload: Workload) -> None:
    workload.state = replace(workload.state, generation=workload.state.generation + 1)


def change(workload: Workload, replicas: int = 9) -> Scale:
    api = cast("ClusterApi", workload)
    return KubernetesWorkers(api, give_up_after=timedelta(seconds=1)).change(BIDDER, SEEN, replicas)


@pytest.mark.parametrize(
    "events",
    [
        [],
        [busy],
        [busy, nothing, busy],
        [collide],
        [lose_request],
        [lose_request, nothing, lose_request],
        [lose_answer],
        [lose_answer, lose_request],
        [lose_request, lose_request, lose_request],
        [new_template],
    ],
    ids=lambda events: ",".join(event.__name__ for event in events) or "no trouble",
)
def test_a_change_takes_effect_exactly_once_whatever_gets_lost(events: list[Callable[[Workload], None]]) -> None:
    workload = Workload(*events)

    assert change(workload).replicas == 9
    assert (workload.patched, workload.state.desired) == (1, 9)


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([set_to(7)], "from 6 to 7 by kubectl"),
        ([set_to(9)], "from 6 to 9 by kubectl"),
        ([busy, set_to(7)], "from 6 to 7 by kubectl"),
        ([busy, set_to(9)], "from 6 to 9 by kubectl"),
        ([collide, set_to(7)], "from 6 to 7 by kubectl"),
        ([busy, new_template], "is again, 6"),
    ],
    ids=["7", "the target", "busy, 7", "busy, the target", "collide, 7", "busy, new template"],
)
def test_a_change_by_somebody_else_is_never_overwritten(events: list[Callable[[Workload], None]], told: str) -> None:
    workload = Workload(*events)

    with pytest.raises(ChangedMeanwhileError, match=told):
        change(workload)

    assert workload.patched == 0


def test_a_change_that_landed_and_was_set_back_is_not_repeated() -> None:
    workload = Workload(lose_answer, set_to(6))

    with pytest.raises(ChangeUncertainError, match=r"may or may not have been set to 9: .* is again, 6"):
        change(workload)

    assert (workload.patched, workload.state.desired) == (1, 6)


def test_a_cluster_that_goes_away_for_good_after_the_request_leaves_it_uncertain() -> None:
    workload = Workload(lose_answer, *[busy] * 10_000)

    with pytest.raises(
        ChangeUncertainError, match=r"set to 9: the cluster of connection cluster .* the connection broke"
    ):
        change(workload)


def test_a_cluster_that_was_never_reached_leaves_nothing_uncertain() -> None:
    workload = Workload(*[busy] * 10_000)

    with pytest.raises(
        ClusterDownError, match=r"^the cluster of connection cluster at https://cluster does not answer"
    ):
        change(workload)

    assert workload.patched == 0


def test_a_rule_of_the_cluster_is_no_reason_to_try_again() -> None:
    refusals = []

    def refuse(_workload: Workload) -> None:
        refusals.append("refused")
        raise RejectedError("denied by a webhook")

    with pytest.raises(RejectedError, match="denied by a webhook"):
        change(Workload(refuse, nothing, refuse, nothing, refuse))

    assert len(refusals) == 1


@pytest.mark.parametrize("value", [None, True, False, 3.0, 3.5, float("nan"), 1e2, "3", b"3", [3]], ids=repr)
def test_what_is_no_whole_number_is_refused_before_any_call(value: object) -> None:
    with pytest.raises(TypeError, match=r"^replicas: .* is not a whole number from 0 to 2147483647$"):
        KubernetesWorkers(cast("ClusterApi", None)).change(BIDDER, SEEN, cast("int", value))


@pytest.mark.parametrize("value", [-1, 2**31, 10**200])
def test_what_is_out_of_range_is_refused_before_any_call(value: int) -> None:
    with pytest.raises(ValueError, match=r"is not a whole number from 0 to 2147483647$") as error:
        KubernetesWorkers(cast("ClusterApi", None)).change(BIDDER, SEEN, value)

    assert len(str(error.value)) < 150


@given(st.integers(0, 2**31 - 1))
def test_every_count_that_kubernetes_can_hold_is_accepted(count: int) -> None:
    assert check_count(count) == count

"""Worker pools on Kubernetes: Deployments and StatefulSets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from ops_dashboard.catalog import WorkloadKind
from ops_dashboard.workers.api import ClusterApi
from ops_dashboard.workers.change import CountChange, check_count
from ops_dashboard.workers.diagnosis import Evidence, find_delay, find_problem
from ops_dashboard.workers.errors import (
    ChangeUncertainError,
    RejectedError,
    RestartUncertainError,
    WorkersError,
)
from ops_dashboard.workers.models import Change, PoolState, PoolStatus, RolloutProgress, Scale, Workload
from ops_dashboard.workers.observed import Observed
from ops_dashboard.workers.restart import Restart
from ops_dashboard.workers.retries import retrying

if TYPE_CHECKING:
    from ops_dashboard.catalog import Pool

_GIVE_UP_AFTER = timedelta(seconds=20)
_Answer = TypeVar("_Answer")


@cache
def for_connection(connection_id: str) -> KubernetesWorkers:
    """Return the pools of the cluster behind an Airflow connection; its client is made once per process."""
    return KubernetesWorkers(ClusterApi(connection_id))


class KubernetesWorkers:
    """The pools of one cluster; see `Workers` for what the methods promise.

    A cluster that does not answer is asked again for `give_up_after`, but by `list_status` only once: a page can be
    loaded again.
    """

    def __init__(self, api: ClusterApi, *, give_up_after: timedelta = _GIVE_UP_AFTER) -> None:
        self._api = api
        self._give_up_after = give_up_after

    def read(self, pool: Pool) -> Scale:
        """Return the pool's count now, in one call.

        Raises:
            WorkersError: The workload is missing, or the cluster cannot be read.
        """
        now = self._again(lambda: self._api.observe(pool))
        return Scale(now.uid, now.desired, now.generation)

    def change(self, pool: Pool, seen: Scale, replicas: int) -> Scale:
        """Set the count, provided that the workload is the one that was seen and still has the count it had then.

        Takes one call, unless the cluster does not answer clearly: then it is asked what became of the change before
        anything is sent again, so that it never takes effect twice.

        Raises:
            TypeError, ValueError: The count is no whole number, or out of range.
            ChangedMeanwhileError: Somebody else changed the workload; it was left alone.
            ChangeUncertainError: The change was sent, and what became of it could not be found out.
            WorkersError: Any other, and the workload was left alone.
        """
        change = CountChange(self._api, pool, seen, check_count(replicas))
        try:
            return self._again(change.attempt)
        except WorkersError as error:
            if change.uncertain:
                raise ChangeUncertainError(pool.name, replicas, error) from error
            raise

    def check_restartable(self, workload: Workload) -> None:
        """Make sure that a restart would replace all pods.

        Raises:
            RejectedError: It would not.
            WorkersError: The workload is missing, or the cluster cannot be read.
        """
        now = self._again(lambda: self._api.observe(workload))
        if now.held_back:
            raise RejectedError(f"{workload.kind} {workload.workload} cannot be restarted: {now.held_back}")

    def restart(self, workload: Workload) -> None:
        """Have all pods of a workload replaced, once even if an answer gets lost.

        Raises:
            RestartUncertainError: It was sent, and no answer came.
            WorkersError: Any other, and it was not restarted.
        """
        restart = Restart(self._api, workload)
        try:
            self._again(restart.attempt)
        except WorkersError as error:
            if restart.uncertain:
                raise RestartUncertainError(f"{workload.kind} {workload.workload}", error) from error
            raise

    def progress(self, pool: Workload, target: int | None) -> RolloutProgress:
        """Tell how far the pool is from having `target` ready workers, and what is in the way.

        With None it is about a restart: as many as are asked for now, all of the newest template.

        Raises:
            WorkersError: The workload is missing, or the cluster cannot be read.
        """
        now = self._again(lambda: self._api.observe(pool))
        changed = None if target is None or now.desired == target else Change(target, now.desired, now.managers)
        arrived = now.renewed if target is None else now.settled
        problem = None
        if not arrived and changed is None:
            evidence = self._again(lambda: self._evidence(pool.namespace, [now], str(now.selector)))
            if target is None:
                evidence = evidence.of_newest_pods(now)
            problem = find_problem(now, evidence, datetime.now(UTC))
        return RolloutProgress(
            desired=now.desired,
            ready=now.ready,
            updated=now.updated,
            done=arrived and changed is None,
            problem=problem,
            changed_by_other=changed,
        )

    def list_status(self, namespace: str, pools: Sequence[Pool]) -> list[PoolStatus]:
        """Return the status of each pool, in the order given, by one list call for each kind of object.

        Pods and events are listed only if there is something to explain.

        Raises:
            WorkersError: The cluster cannot be read.
        """
        seen_at = datetime.now(UTC)
        found = {
            (kind, name): observed
            for kind in sorted({pool.kind for pool in pools})
            for name, observed in self._api.observe_all(kind, namespace).items()
        }
        mine = [found.get((pool.kind, pool.workload)) for pool in pools]
        unsettled = [observed for observed in mine if observed and not observed.settled]
        evidence = self._evidence(namespace, unsettled) if unsettled else Evidence()
        return [_status(pool, observed, evidence, seen_at) for pool, observed in zip(pools, mine, strict=True)]

    def _again(self, call: Callable[[], _Answer]) -> _Answer:
        return retrying(self._give_up_after)(call)

    def _evidence(self, namespace: str, workloads: Iterable[Observed], selector: str = "") -> Evidence:
        pods = self._api.pods(namespace, selector)
        # A Deployment tells itself why it cannot create pods; of a StatefulSet only events do.
        lacks_pods = any(each.kind is WorkloadKind.STATEFUL_SET and each.present < each.desired for each in workloads)
        return Evidence(pods, self._api.failed_creations(namespace) if lacks_pods else ())


def _status(pool: Pool, observed: Observed | None, evidence: Evidence, seen_at: datetime) -> PoolStatus:
    if observed is None:
        missing = f"{pool.kind} {pool.workload} does not exist in namespace {pool.namespace}"
        return PoolStatus(pool.name, None, None, PoolState.MISSING, missing, seen_at)
    state, problem = _state(observed, evidence, seen_at)
    return PoolStatus(pool.name, observed.desired, observed.ready, state, problem, seen_at)


def _state(observed: Observed, evidence: Evidence, now: datetime) -> tuple[PoolState, str | None]:
    if observed.settled:
        return (PoolState.HEALTHY if observed.desired else PoolState.SCALED_TO_ZERO), None
    if problem := find_problem(observed, evidence, now) or find_delay(observed, evidence, now):
        return problem.kind, problem.message
    return PoolState.ROLLING_OUT, None

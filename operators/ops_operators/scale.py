"""Change the worker count of a pool."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ops_dashboard import workers
from ops_dashboard.acts import ScaleRequest, check_within_limits
from ops_dashboard.catalog import Pool, UnknownPoolError
from ops_dashboard.workers import kubernetes, rollout
from ops_operators.catalog import catalog
from ops_operators.guarded import GuardedOperator
from ops_operators.steps import Attempt, Effect, Observation
from ops_operators.verdicts import FailedError, RefusedError, UncertainError

if TYPE_CHECKING:
    from ops_dashboard.workers import Scale

# Reading and patching are quick; the record may say `running` a little longer than the rollout may take.
_MARGIN = timedelta(minutes=2)


class ScaleWorkersOperator(GuardedOperator[ScaleRequest, "Scale"]):
    """Set a pool's worker count and wait until the workers are ready.

    Args:
        rollout_timeout: How long the workers may take to become ready.
        patience: How long a cause that will not go away by waiting (quota, image, no node) is watched before giving
            up; long enough for a cluster autoscaler's or a registry's hiccup.
    """

    request_model = ScaleRequest

    def __init__(
        self,
        *,
        rollout_timeout: timedelta = timedelta(minutes=10),
        patience: timedelta = timedelta(seconds=20),
        **kwargs: Any,
    ) -> None:
        super().__init__(time_limit=rollout_timeout + _MARGIN, **kwargs)
        self.rollout_timeout = rollout_timeout
        self.patience = patience

    def check(self, request: ScaleRequest) -> None:
        """The pool is in the catalog and the count within its limits."""
        check_within_limits(_pool(request.pool), request.replicas)

    def observe(self, request: ScaleRequest) -> Observation[Scale]:
        """Read the count from the cluster."""
        pool = _pool(request.pool)
        try:
            scale = kubernetes.for_connection(pool.connection).read(pool)
        except workers.WorkersError as error:
            raise FailedError(f"{error}; nothing was changed") from error
        return Observation(scale.replicas, scale)

    def act(self, request: ScaleRequest, seen: Scale, attempt: Attempt) -> Effect:
        """Compare and set, then wait for the rollout."""
        pool = _pool(request.pool)
        cluster = kubernetes.for_connection(pool.connection)
        try:
            cluster.change(pool, seen, request.replicas)
        except workers.ChangedMeanwhileError as error:
            raise RefusedError(f"{error}; nothing was changed") from error
        except workers.ChangeUncertainError as error:
            raise UncertainError(str(error)) from error
        except workers.WorkersError as error:
            raise FailedError(f"{error}; nothing was changed") from error
        attempt.changed(request.replicas)
        self.log.info("Set %s from %s to %s", pool.name, seen.replicas, request.replicas)
        try:
            result = rollout.wait(cluster, pool, request.replicas, timeout=self.rollout_timeout, patience=self.patience)
        except rollout.RolloutFailedError as error:
            raise FailedError(str(error), ready=error.ready) from error
        except workers.WorkersError as error:
            raise FailedError(f"the count was set to {request.replicas}, but then: {error}") from error
        return Effect(after=request.replicas, ready=result.ready)


def _pool(name: str) -> Pool:
    try:
        return catalog().pool(name)
    except UnknownPoolError as error:
        raise RefusedError(f"pool: {error}") from error

"""Worker pools: what is seen of them, and how their count is changed.

`kubernetes.for_connection` reaches a cluster, `rollout.wait` follows a change; the names here are what both speak in.
"""

from __future__ import annotations

from ops_dashboard.workers.errors import (
    ChangedMeanwhileError,
    ChangeUncertainError,
    ClusterDownError,
    NotConfiguredError,
    NotPermittedError,
    RestartUncertainError,
    WorkersError,
    WorkloadMissingError,
)
from ops_dashboard.workers.models import (
    Change,
    PoolState,
    PoolStatus,
    Problem,
    RolloutProgress,
    Scale,
    Workers,
)

__all__ = [
    "Change",
    "ChangeUncertainError",
    "ChangedMeanwhileError",
    "ClusterDownError",
    "NotConfiguredError",
    "NotPermittedError",
    "PoolState",
    "PoolStatus",
    "Problem",
    "RestartUncertainError",
    "RolloutProgress",
    "Scale",
    "Workers",
    "WorkersError",
    "WorkloadMissingError",
]

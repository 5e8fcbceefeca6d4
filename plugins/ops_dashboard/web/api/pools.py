"""`GET /api/v1/pools`: the worker pools, as the Workers page shows them."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ops_dashboard import access, ledger
from ops_dashboard.catalog import Pool
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.web.app import ApiRequest
from ops_dashboard.web.pool_status import last_touched, status_reader
from ops_dashboard.workers import PoolState, PoolStatus

router = APIRouter(tags=["workers"])


class PoolOut(BaseModel):
    """One pool and what the caller may do with it."""

    pool: str = Field(description="team/role")
    team: str
    role: str
    owner: str
    namespace: str
    kind: str
    workload: str
    desired: int | None = Field(description="Worker count asked of the cluster; null if it could not be read.")
    ready: int | None = Field(description="Workers that are ready; null if it could not be read.")
    min: int
    max: int
    state: PoolState
    problem: str | None = Field(description="Why not all workers are ready, if a cause is known.")
    may_scale: bool
    why: str = Field(description="The group that may, or why not.")


class PoolsOut(BaseModel):
    """All pools of the catalog."""

    pools: list[PoolOut]
    problems: list[str] = Field(description="Why some pools could not be read.")
    seen_at: datetime = Field(description="When the cluster was asked.")


@router.get("/pools")
def list_pools(request: ApiRequest) -> PoolsOut:
    """List the worker pools: state, limits, and whether the caller may scale them."""
    request.require("view:workers")
    pools = list(current_catalog().pools.values())
    changes = ledger.last_changes(request.database, [pool.name for pool in pools])
    statuses = status_reader().read(pools, since=last_touched(changes))
    decisions = access.decide_all(request.database, request.user.name, [pool.action for pool in pools])
    return PoolsOut(
        pools=[_out(pool, statuses.by_pool.get(pool.name), decisions[pool.action]) for pool in pools],
        problems=list(statuses.problems),
        seen_at=statuses.seen_at,
    )


def _out(pool: Pool, status: PoolStatus | None, decision: access.Decision) -> PoolOut:
    return PoolOut(
        pool=pool.name,
        team=pool.team,
        role=pool.role,
        owner=pool.owner,
        namespace=pool.namespace,
        kind=pool.kind,
        workload=pool.workload,
        desired=status.desired if status else None,
        ready=status.ready if status else None,
        min=pool.min,
        max=pool.max,
        state=status.state if status else PoolState.UNKNOWN,
        problem=status.problem if status else None,
        may_scale=decision.allowed,
        why=decision.reason,
    )

"""`GET /api/v1/pools`: the worker pools, as the Workers page shows them."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ops_dashboard.overview.pools import PoolView, read_pools
from ops_dashboard.web.app import ApiRequest, JsonRoute
from ops_dashboard.workers import PoolState

router = APIRouter(tags=["workers"], route_class=JsonRoute)


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
    seen = read_pools(request.host.database, request.user.name)
    return PoolsOut(pools=[_out(view) for view in seen.pools], problems=list(seen.problems), seen_at=seen.seen_at)


def _out(view: PoolView) -> PoolOut:
    pool, status = view.pool, view.status
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
        may_scale=view.decision.allowed,
        why=view.decision.reason,
    )

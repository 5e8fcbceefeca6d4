"""Set the worker count of a pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ops_dashboard.acts.requests import ActRequest, RequestError

if TYPE_CHECKING:
    from ops_dashboard.catalog import Pool

SCALE_DAG_ID = "ops_scale_workers"
_LARGEST_COUNT = 2**31 - 1  # Kubernetes keeps counts as int32


class ScaleRequest(ActRequest):
    """Set the worker count of a pool."""

    verb: ClassVar[str] = "scale"

    pool: str = Field(max_length=127, description="the name of a pool, as in ads/bidder")
    replicas: int = Field(ge=0, le=_LARGEST_COUNT, description="a whole number of workers, 0 or more")
    expected: int | None = Field(
        default=None,
        ge=0,
        le=_LARGEST_COUNT,
        description="the whole number that was seen before asking, 0 or more, or nothing",
    )

    @classmethod
    def resource_of(cls, values: Mapping[str, Any]) -> str:
        """The pool."""
        return str(values.get("pool", ""))

    @property
    def requested(self) -> int:
        """The worker count asked for."""
        return self.replicas

    @property
    def expects(self) -> int | None:
        """The worker count that was seen."""
        return self.expected


def check_within_limits(pool: Pool, replicas: int) -> None:
    """Check a worker count against the limits that the catalog sets for everybody.

    Raises:
        RequestError: The pool may not have that many, or that few.
    """
    if not pool.min <= replicas <= pool.max:
        raise RequestError(
            {"replicas": f"{replicas} is not accepted; {pool.name} may have {pool.min} to {pool.max} workers"}
        )

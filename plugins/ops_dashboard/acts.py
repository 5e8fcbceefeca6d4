"""What a person may ask for: the values of one request, checked the same way by the page and by the task."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ops_dashboard.text import shorten, shown

if TYPE_CHECKING:
    from ops_dashboard.catalog import Pool

SCALE_DAG_ID = "ops_scale_workers"
MAX_REASON = 500
_LARGEST_COUNT = 2**31 - 1  # Kubernetes keeps counts as int32


class RequestError(ValueError):
    """Values that are never accepted.

    Attributes:
        problems: By field, what was given and what would be accepted.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems.items()))
        self.problems = problems


def _with_content(text: str) -> str:
    if not text.strip():
        raise ValueError("a few words that say why")
    return text


class ActRequest(BaseModel):
    """Checked strictly: no coercion, no unknown keys. Each field's description says what it accepts."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    action: ClassVar[str]
    resource_key: ClassVar[str]

    reason: Annotated[str, AfterValidator(_with_content)] = Field(
        max_length=MAX_REASON, description=f"a few words that say why, at most {MAX_REASON} characters"
    )
    expected: int | None = Field(default=None, description="the whole number that was seen before asking, or nothing")

    @property
    @abstractmethod
    def requested(self) -> int | None:
        """The value asked for."""

    @property
    def resource(self) -> str:
        """What is acted on, for example `ads/bidder`."""
        return str(getattr(self, self.resource_key))

    @property
    def target(self) -> str:
        """What is authorised, for example `scale:ads/bidder`."""
        return f"{self.action}:{self.resource}"


class ScaleRequest(ActRequest):
    """Set the worker count of a pool."""

    action: ClassVar[str] = "scale"
    resource_key: ClassVar[str] = "pool"

    pool: str = Field(max_length=127, description="the name of a pool, as in ads/bidder")
    replicas: int = Field(ge=0, le=_LARGEST_COUNT, description="a whole number of workers, 0 or more")

    @property
    def requested(self) -> int:
        """The worker count asked for."""
        return self.replicas


RequestT = TypeVar("RequestT", bound=ActRequest)


def parse(model: type[RequestT], values: Mapping[str, Any]) -> RequestT:
    """Check the values of a request.

    Raises:
        RequestError: Tells of each bad field its value and what is accepted.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        problems = {shorten(str(found["loc"][0])): _explain(model, dict(found)) for found in error.errors()}
        raise RequestError(problems) from error


def check_within_limits(pool: Pool, replicas: int) -> None:
    """Check a worker count against the limits that the catalog sets for everybody.

    Raises:
        RequestError: The pool may not have that many, or that few.
    """
    if not pool.min <= replicas <= pool.max:
        raise RequestError(
            {"replicas": f"{replicas} is not accepted; {pool.name} may have {pool.min} to {pool.max} workers"}
        )


def _explain(model: type[ActRequest], found: Mapping[str, Any]) -> str:
    field = model.model_fields.get(str(found["loc"][0]))
    if field is None:
        return f"unknown; accepted are {', '.join(model.model_fields)}"
    if found["type"] == "missing":
        return f"missing; accepted is {field.description}"
    return f"{shown(found['input'])} is not accepted; accepted is {field.description}"

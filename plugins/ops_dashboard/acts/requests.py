"""What every request has, and how its values are checked."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ops_dashboard.strict_yaml import RELATION
from ops_dashboard.text import shorten, shown

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from ops_dashboard.ledger import Value

MAX_REASON = 500
EXECUTED_BEFORE = "was executed before"
"""How a refusal says that nobody asked anew: by it pages tell a replay from a request."""


class RequestError(ValueError):
    """Values that are not accepted.

    Attributes:
        problems: By field (`limits.max` for what is inside another), what was given and what would be accepted.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems.items()))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Lock:
    """What must not be acted on by more than `holders` at once."""

    name: str
    holders: int = 1


def in_turn(lock: Lock) -> str:
    """What to do while a lock is held."""
    many = "one at a time" if lock.holders == 1 else f"{lock.holders} at a time"
    return f"{many}: wait until {'that run' if lock.holders == 1 else 'one of the runs'} has ended"


def _with_content(text: str) -> str:
    if not shorten(text, MAX_REASON).strip():  # as the record will have it: without what nobody can see
        raise ValueError("a few words that say why")
    return text


class ActRequest(BaseModel):
    """Checked strictly: no coercion, no unknown keys. Each field's description says what it accepts."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    verb: ClassVar[str]

    reason: Annotated[str, AfterValidator(_with_content)] = Field(
        max_length=MAX_REASON, description=f"a few words that say why, at most {MAX_REASON} characters"
    )

    @classmethod
    @abstractmethod
    def resource_of(cls, values: Mapping[str, Any]) -> str:
        """What values ask to act on, for example `ads/bidder`, whether they are accepted or not."""

    @property
    @abstractmethod
    def requested(self) -> Value:
        """What is asked for, as the record tells it; a number is what a grant's limits judge."""

    @property
    def expects(self) -> Value:
        """What the person saw when asking: if it is something else by now, nothing is done. None if they don't mind."""
        return None

    @property
    def resource(self) -> str:
        """What is acted on."""
        return self.resource_of(dict(self))

    @property
    def target(self) -> str:
        """What is authorised, for example `scale:ads/bidder`."""
        return f"{self.verb}:{self.resource}"

    @property
    def lock(self) -> Lock:
        """What nobody else may act on meanwhile."""
        return Lock(self.target)

    def is_held_by(self, recorded: Value) -> bool:  # noqa: ARG002 - most hold their whole resource
        """Whether a request on the same resource, of which this was recorded as asked for, holds the same lock."""
        return True

    @property
    def conf(self) -> dict[str, Any]:
        """The values that a run of the DAG is given to ask for this."""
        return self.model_dump(mode="json", by_alias=True)


RequestT = TypeVar("RequestT", bound=ActRequest)


def parse(model: type[RequestT], values: Mapping[str, Any]) -> RequestT:
    """Check the values of a request.

    Raises:
        RequestError: Tells of each bad field its value and what is accepted.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        problems = {_path(found["loc"]) or "values": _explain(model, dict(found)) for found in error.errors()}
        raise RequestError(problems) from error


def _path(steps: tuple[int | str, ...]) -> str:
    return shorten(".".join(map(str, steps)))


def _explain(model: type[BaseModel], found: Mapping[str, Any]) -> str:
    if not found["loc"]:
        return str(found["msg"])  # about all of them together
    name, *inside = map(str, found["loc"])
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    field = fields.get(name)
    if field is None:
        return f"unknown; accepted are {', '.join(fields)}"
    part = _model_in(field) if inside else None
    if part is not None:
        return _explain(part, {**found, "loc": inside})
    if found["type"] == "missing":
        return f"missing; accepted is {field.description}"
    accepted = found["msg"] if found["type"] == RELATION else field.description
    return f"{shown(found['input'])} is not accepted; accepted is {accepted}"


def _model_in(field: FieldInfo) -> type[BaseModel] | None:
    kinds = (field.annotation, *get_args(field.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)

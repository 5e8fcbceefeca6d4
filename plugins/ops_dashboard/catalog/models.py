"""The catalog's models: what a pool, a grant and its limits are, and what each of their fields accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from ops_dashboard.strict_yaml import RELATION, one_line
from ops_dashboard.text import shown

_MAX_REPLICAS = 100_000
_LONGEST_NAME = 127
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1123, which Kubernetes asks of names
_LABEL_IN_WORDS = "1 to 63 lower-case letters, digits and inner dashes"
_COUNT_IN_WORDS = f"a whole number from 0 to {_MAX_REPLICAS}"
TIME_IN_WORDS = "a date and time with its offset from UTC, such as 2026-12-31T18:00:00+01:00"
_LINE_IN_WORDS = "1 to 100 printable characters on one line"


class WorkloadKind(StrEnum):
    """The Kubernetes kinds (apps/v1) whose `scale` a pool can stand for."""

    DEPLOYMENT = "Deployment"
    STATEFUL_SET = "StatefulSet"


def _time(value: object) -> object:
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(time, datetime):
        return time
    # Beyond the calendar's first and last years, time zones lead to times that can't be read back from the database.
    if time.utcoffset() is None or not MINYEAR < time.year < MAXYEAR:
        raise ValueError(TIME_IN_WORDS)
    return time.astimezone(UTC)


def _at_least_min(maximum: int | None, info: ValidationInfo) -> int | None:
    minimum = info.data.get("min")
    if maximum is not None and minimum is not None and maximum < minimum:
        raise PydanticCustomError(RELATION, "at least min, which is {min}", {"min": minimum})
    return maximum


def _after_valid_from(expires_at: datetime | None, info: ValidationInfo) -> datetime | None:
    valid_from = info.data.get("valid_from")
    if expires_at is not None and valid_from is not None and expires_at <= valid_from:
        raise PydanticCustomError(
            RELATION, "a time after valid_from, which is {time}", {"time": valid_from.isoformat(" ")}
        )
    return expires_at


_Count = Annotated[int, Field(ge=0, le=_MAX_REPLICAS)]
_Label = Annotated[str, Field(pattern=f"^{_LABEL}$")]
_Line = Annotated[str, one_line(100)]
Time = Annotated[datetime, BeforeValidator(_time)]
GroupName = Annotated[_Line, Field(description=f"the name of a group in the directory: {_LINE_IN_WORDS}")]
ActionPattern = Annotated[
    str,
    Field(
        pattern=r"^(\*|(scale|run|set|view|manage):[a-z0-9*][a-z0-9*/._-]{0,199})$",
        description="scale, run, set, view or manage with a resource, as in scale:ads/* (* is any text), or just *",
    ),
]


class _Entry(BaseModel):
    """Every field's description says what the field accepts, and is shown when a value is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Pool(_Entry):
    """A workload whose worker count may be changed.

    `min` and `max` are numbers of replicas, both included. In YAML the key of `workload` is `name`, as in Kubernetes;
    the pool's own name is the key of the whole entry.
    """

    name: str = Field(pattern=f"^{_LABEL}/{_LABEL}$", description=f"team/role as in ads/bidder, each {_LABEL_IN_WORDS}")
    connection: str = Field(
        pattern="^[A-Za-z0-9_.-]{1,200}$", description="the id of an Airflow connection: letters, digits, _ . -"
    )
    namespace: _Label = Field(description=f"a Kubernetes namespace: {_LABEL_IN_WORDS}")
    kind: WorkloadKind = Field(strict=False, description=" or ".join(WorkloadKind))
    workload: _Label = Field(description=f"the workload's name: {_LABEL_IN_WORDS}")
    min: _Count = Field(description=_COUNT_IN_WORDS)
    max: Annotated[_Count, AfterValidator(_at_least_min)] = Field(description=_COUNT_IN_WORDS)
    owner: _Line = Field(description=f"who answers for the pool: {_LINE_IN_WORDS}")

    @property
    def team(self) -> str:
        """The part of the name before the slash."""
        return self.name.partition("/")[0]

    @property
    def role(self) -> str:
        """The part of the name after the slash."""
        return self.name.partition("/")[2]

    @property
    def action(self) -> str:
        """The action that a grant must cover to change the worker count: `scale:ads/bidder`."""
        return f"scale:{self.name}"


class Limits(_Entry):
    """What a grant bounds, in replicas: the least, the most, and the largest change at once. None is open."""

    min: _Count | None = Field(default=None, description=_COUNT_IN_WORDS)
    max: Annotated[_Count | None, AfterValidator(_at_least_min)] = Field(default=None, description=_COUNT_IN_WORDS)
    max_change: Annotated[int, Field(ge=1, le=_MAX_REPLICAS)] | None = Field(
        default=None, description=f"a whole number from 1 to {_MAX_REPLICAS}"
    )


class CatalogGrant(_Entry):
    """A group's right to do what an action pattern covers; `*` in the pattern stands for any text.

    The grant holds from `valid_from` until `expires_at`, the latter excluded; None is open.
    """

    group: GroupName
    action: ActionPattern
    limits: Limits = Field(default=Limits(), description="a mapping")
    valid_from: Time | None = Field(default=None, description=TIME_IN_WORDS)
    expires_at: Annotated[Time | None, AfterValidator(_after_valid_from)] = Field(
        default=None, description=TIME_IN_WORDS
    )


class UnknownPoolError(LookupError):
    """The catalog has no pool of that name."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that the files of one folder declare.

    Attributes:
        pools: By name, in the order of the names; cannot be changed.
        grants: In the order of the files and of their lines.
    """

    pools: Mapping[str, Pool]
    grants: tuple[CatalogGrant, ...]

    def pool(self, name: str) -> Pool:
        """Return the pool of that name.

        Raises:
            UnknownPoolError: There is none; the message tells which there are.
        """
        if name in self.pools:
            return self.pools[name]
        guesses = get_close_matches(name[:_LONGEST_NAME], self.pools)
        hint = f"did you mean {' or '.join(guesses)}?" if guesses else f"it has {', '.join([*self.pools][:10])}"
        raise UnknownPoolError(f"no pool {shown(name)} in the catalog; {hint}")

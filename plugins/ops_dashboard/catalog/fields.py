"""What the fields of several kinds of entries accept."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from ops_dashboard.strict_yaml import RELATION, one_line

MAX_REPLICAS = 100_000
LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1123, which Kubernetes asks of names
LABEL_IN_WORDS = "1 to 63 lower-case letters, digits and inner dashes"
LINE_IN_WORDS = "1 to 100 printable characters on one line"
GROUP_IN_WORDS = f"the name of a group in the directory: {LINE_IN_WORDS}"
CONNECTION_IN_WORDS = "the id of an Airflow connection: letters, digits, _ . -"
COUNT_IN_WORDS = f"a whole number from 0 to {MAX_REPLICAS}"
TIME_IN_WORDS = "a date and time with its offset from UTC, such as 2026-12-31T18:00:00+01:00"

Scalar: TypeAlias = StrictBool | StrictInt | StrictFloat | StrictStr
"""A value that a person can give and a record can hold."""


class WorkloadKind(StrEnum):
    """The Kubernetes kinds (apps/v1) that the product changes."""

    DEPLOYMENT = "Deployment"
    STATEFUL_SET = "StatefulSet"


class Entry(BaseModel):
    """Every field's description says what the field accepts, and is shown when a value is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


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


Label = Annotated[str, Field(pattern=f"^{LABEL}$")]
Line = Annotated[str, one_line(100)]
ConnectionId = Annotated[str, Field(pattern="^[A-Za-z0-9_.-]{1,200}$", description=CONNECTION_IN_WORDS)]
Kind = Annotated[WorkloadKind, Field(strict=False, description=" or ".join(WorkloadKind))]
Time = Annotated[datetime, BeforeValidator(_time)]
GroupName = Annotated[Line, Field(description=GROUP_IN_WORDS)]
Count = Annotated[int, Field(ge=0, le=MAX_REPLICAS)]
AtLeastMin = AfterValidator(_at_least_min)
"""Annotates a field `max` beside a field `min`."""

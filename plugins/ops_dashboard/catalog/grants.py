"""A grant that the catalog declares."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from ops_dashboard.catalog.fields import (
    COUNT_IN_WORDS,
    GROUP_IN_WORDS,
    MAX_REPLICAS,
    TIME_IN_WORDS,
    AtLeastMin,
    Count,
    Entry,
    GroupName,
    Time,
)
from ops_dashboard.strict_yaml import RELATION

ActionPattern = Annotated[
    str,
    Field(
        pattern=r"^(\*|(scale|run|set|view|manage):[a-z0-9*][a-z0-9*/._-]{0,199})$",
        description="scale, run, set, view or manage with a resource, as in scale:ads/* (* is any text), or just *",
    ),
]


def _after_valid_from(expires_at: datetime | None, info: ValidationInfo) -> datetime | None:
    valid_from = info.data.get("valid_from")
    if expires_at is not None and valid_from is not None and expires_at <= valid_from:
        raise PydanticCustomError(
            RELATION, "a time after valid_from, which is {time}", {"time": valid_from.isoformat(" ")}
        )
    return expires_at


class Limits(Entry):
    """What a grant bounds, in replicas: the least, the most, and the largest change at once. None is open."""

    min: Count | None = Field(default=None, description=COUNT_IN_WORDS)
    max: Annotated[Count | None, AtLeastMin] = Field(default=None, description=COUNT_IN_WORDS)
    max_change: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] | None = Field(
        default=None, description=f"a whole number from 1 to {MAX_REPLICAS}"
    )


def limits_in_words(limits: Limits) -> str:
    """What a grant bounds: "1 to 20, changes of at most 10"; empty if nothing."""
    parts = []
    if limits.min is not None and limits.max is not None:
        parts.append(f"{limits.min} to {limits.max}")
    elif limits.min is not None:
        parts.append(f"at least {limits.min}")
    elif limits.max is not None:
        parts.append(f"at most {limits.max}")
    if limits.max_change is not None:
        parts.append(f"changes of at most {limits.max_change}")
    return ", ".join(parts)


LIMITED_VERBS = ("scale", "set")


def _only_of_numbers(limits: Limits | None, info: ValidationInfo) -> Limits | None:
    """Limits judge numbers: elsewhere they would be taken for a restriction, and be none.

    Nor does a bare `*` take them: whoever has it can give themselves the same without.
    """
    action = info.data.get("action")
    if limits is not None and limits != Limits() and action is not None and action.split(":")[0] not in LIMITED_VERBS:
        raise PydanticCustomError(
            RELATION,
            "nothing for {action}: limits are for actions that begin with {verbs}",
            {"action": action, "verbs": " or ".join(f"{verb}:" for verb in LIMITED_VERBS)},
        )
    return limits


OnlyOfNumbers = AfterValidator(_only_of_numbers)
"""Annotates a field `limits` behind a field `action`."""


class CatalogGrant(Entry):
    """A group's right to do what an action pattern covers; `*` in the pattern stands for any text.

    The grant holds from `valid_from` until `expires_at`, the latter excluded; None is open. What is beyond the limits
    may be done if somebody in the group `approver` agrees to it.
    """

    group: GroupName
    action: ActionPattern
    limits: Annotated[Limits, OnlyOfNumbers] = Field(default=Limits(), description="a mapping")
    valid_from: Time | None = Field(default=None, description=TIME_IN_WORDS)
    expires_at: Annotated[Time | None, AfterValidator(_after_valid_from)] = Field(
        default=None, description=TIME_IN_WORDS
    )
    approver: GroupName | None = Field(default=None, description=GROUP_IN_WORDS)

"""`GET /api/v1/access/…`: what somebody may do, who may do something, and how old the groups behind it are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ops_dashboard import access
from ops_dashboard.web.app import ApiRequest, JsonRoute
from ops_dashboard.web.freshness import Age, Freshness
from ops_dashboard.web.questions import ACTION_IN_WORDS, SEES_OTHERS, check_action

router = APIRouter(tags=["access"], route_class=JsonRoute)

_Action = Annotated[
    str, AfterValidator(check_action), Query(description=f"What somebody may do or not: {ACTION_IN_WORDS}.")
]

_HIDDEN = f"null without {SEES_OTHERS}"


class LimitsOut(BaseModel):
    """What a grant leaves open; null is no limit."""

    model_config = ConfigDict(from_attributes=True)

    min: int | None
    max: int | None
    max_change: int | None


class GrantOut(BaseModel):
    """A group's right."""

    model_config = ConfigDict(from_attributes=True)

    grant_id: int
    group: str
    action: str = Field(description="Action pattern; `*` stands for any text.")
    limits: LimitsOut
    valid_from: datetime | None
    expires_at: datetime | None
    origin: str = Field(description="`catalog` or `page`.")
    approver: str | None = Field(description="The group that may approve what is beyond the limits; null if none may.")


class AccessOut(BaseModel):
    """What a person may do."""

    user: str
    groups: list[str] = Field(description="Groups, also those through nesting.")
    grants: list[GrantOut] = Field(description="The grants in force that the groups give.")
    synced_at: datetime | None = Field(description="When the directory was last applied; null if it never was.")
    max_age_seconds: float | None = Field(
        description="Nothing is decided from older data; null if no directory knows the person."
    )
    stale: bool = Field(description="Whether it is older, so that everything is refused.")


class HolderOut(BaseModel):
    """Somebody who may."""

    model_config = ConfigDict(from_attributes=True)

    email: str
    name: str
    path: list[str] = Field(
        description="From the group that the grant names to the one that the person is in directly."
    )
    grant: GrantOut


class ExplanationOut(BaseModel):
    """A decision and what it rests on."""

    user: str
    action: str
    allowed: bool = Field(description="Limits are not judged.")
    reason: str = Field(description="Which group may, or why not; written to the person whom it is about.")
    grant: GrantOut | None = Field(description="What allows it, or what comes closest to allowing it.")
    path: list[str] = Field(
        description="How the person is in the grant's group: from it to the one they are in directly."
    )
    synced_at: datetime | None = Field(description="When the directory was last applied; null if it never was.")
    max_age_seconds: float | None = Field(
        description="Nothing is decided from older data; null if no directory knows the person."
    )
    people: list[HolderOut] | None = Field(
        description=f"Who may, those with the narrowest grant first; the first {access.MOST_PEOPLE}; {_HIDDEN}."
    )
    people_count: int | None = Field(description=f"How many people may; {_HIDDEN}.")


@router.get("/access/me")
def describe_me(request: ApiRequest) -> AccessOut:
    """Tell the caller's groups and grants. Everybody who can sign in may ask this about themselves."""
    found = access.describe(request.database, request.user.name)
    return AccessOut(
        user=found.user,
        groups=list(found.groups),
        grants=[GrantOut.model_validate(grant) for grant in found.grants],
        synced_at=found.synced_at,
        max_age_seconds=_seconds(found.max_age),
        stale=Freshness(found.synced_at, found.max_age).age(request.now) is Age.STALE,
    )


@router.get("/access/explain")
def explain_action(
    request: ApiRequest,
    action: _Action,
    user: Annotated[str, Query(description="Whom it is about, by Airflow's username; the caller if left out.")] = "",
) -> ExplanationOut:
    """Tell whether somebody may do something now, why, and who may. About others it takes view:access."""
    who = user.strip() or request.user.name
    is_caller = access.is_same_person(who, request.user.name)
    sees_others = request.may(SEES_OTHERS) if is_caller else request.require(SEES_OTHERS).allowed
    found = access.explain(request.database, who, action)
    decision = found.decision
    return ExplanationOut(
        user=decision.user,
        action=decision.action,
        allowed=decision.allowed,
        reason=decision.reason,
        grant=GrantOut.model_validate(decision.grant) if decision.grant else None,
        path=list(found.path),
        synced_at=decision.synced_at,
        max_age_seconds=_seconds(decision.max_age),
        people=[HolderOut.model_validate(holder) for holder in found.holders.people] if sees_others else None,
        people_count=found.holders.count if sees_others else None,
    )


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()

"""`GET /api/v1/access/me`: what the caller may do, and by which groups and grants."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from ops_dashboard import access
from ops_dashboard.web.app import ApiRequest

router = APIRouter(tags=["access"])


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


class AccessOut(BaseModel):
    """What a person may do."""

    model_config = ConfigDict(from_attributes=True)

    user: str
    groups: list[str] = Field(description="Groups, also those through nesting.")
    grants: list[GrantOut] = Field(description="The grants in force that the groups give.")
    synced_at: datetime | None = Field(description="When the directory was last applied; null if it never was.")


@router.get("/access/me")
def describe_me(request: ApiRequest) -> AccessOut:
    """Tell the caller's groups and grants. Everybody who can sign in may ask this about themselves."""
    return AccessOut.model_validate(access.describe(request.database, request.user.name))

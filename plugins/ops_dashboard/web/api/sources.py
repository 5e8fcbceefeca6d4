"""`GET /api/v1/access/sources`: the directories behind the groups, how old they are, and what their last syncs did."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from ops_dashboard.directory import SourceStatus, SyncRun, SyncState, read_statuses
from ops_dashboard.web.app import ApiRequest, JsonRoute
from ops_dashboard.web.freshness import Age, Freshness
from ops_dashboard.web.questions import MANAGES

router = APIRouter(tags=["access"], route_class=JsonRoute)

_HIDDEN = f"null without {MANAGES}"


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class UnreadGroupOut(_Read):
    """A group that could not be read, and keeps the people it had."""

    name: str
    problem: str
    unread_since: datetime


class ChangeOut(_Read):
    """Users or groups to which the same happens."""

    kind: str = Field(description="`user_` or `group_` with added, returned, changed, removed, reinstated, renamed.")
    count: int
    examples: list[str] | None = Field(description=f"The first of them by name; of users {_HIDDEN}.")


class GrantedGroupOut(_Read):
    """A group that a grant names, with the people in it directly or through other groups."""

    name: str
    opened: bool = Field(description="Whether everybody in the directory becomes a member, also through another group.")
    passes: bool = Field(description="Whether another group had the name before.")
    had: int
    loses: int
    gains: int
    lost_before: int = Field(description="How many more left within a day, or since somebody released a sync.")
    gained_before: int = Field(description="How many came in that time.")
    losers: list[str] | None = Field(description=f"The first of them by e-mail; {_HIDDEN}.")
    gainers: list[str] | None = Field(description=f"The first of them by e-mail; {_HIDDEN}.")


class EmptiedGroupOut(_Read):
    """A group that is left without anybody."""

    name: str
    had: int


class DifferencesOut(_Read):
    """What a sync changes or would change."""

    users: int = Field(description="How many the directory has.")
    groups: int
    users_before: int = Field(description="Active ones.")
    memberships_before: int = Field(description="Direct ones of active users.")
    active_users_gone: int
    active_memberships_gone: int
    emails_changed: int = Field(description="Of active users, those included who are back.")
    emails_passed: int = Field(
        description="Of these, those that were somebody else's, if either is in a granted group."
    )
    users_gone_before: int = Field(description="Within a day, or since somebody released a sync; so are the next two.")
    emails_changed_before: int
    memberships_gone_before: int
    users_then: int | None = Field(description="Active ones at the first sync in that time; null if this is it.")
    memberships_then: int | None = Field(description="The same of memberships.")
    memberships_added: int
    memberships_removed: int
    nestings_added: int
    nestings_removed: int
    changes: list[ChangeOut]
    emptied: list[EmptiedGroupOut]
    granted: list[GrantedGroupOut]


class SyncRunOut(_Read):
    """One sync."""

    sync_id: int
    at: datetime
    read_at: datetime = Field(description="When the same was found last; released, the groups are as old as that.")
    state: SyncState
    dag_run_id: str
    asked_by: str
    reasons: list[str] = Field(description="Why it was held, failed or is partial.")
    evidence: list[str] | None = Field(description=f"How it is known to be complete, what was left out; {_HIDDEN}.")
    differences: DifferencesOut | None = Field(description="null if it was not compared.")
    digest: str | None = Field(description="Of the differences: what is released is exactly this.")
    decided_by: str | None
    decided_at: datetime | None
    decided_why: str | None


class SourceOut(BaseModel):
    """A directory that was asked at least once."""

    source: str
    origin: str = Field(description="What is read: a file, a customer, a server.")
    applied_at: datetime | None = Field(description="When it was last known completely; null if it never was.")
    age_seconds: float | None
    max_age_seconds: float = Field(description="Nothing is decided from older data.")
    stale: bool
    users: int
    groups: int
    memberships: int = Field(description="Direct ones.")
    unread_groups: list[UnreadGroupOut]
    held: SyncRunOut | None = Field(description="The sync that waits until somebody releases or discards it.")
    runs: list[SyncRunOut] = Field(description="The last ones, the newest first.")


class SourcesOut(BaseModel):
    """All directories."""

    sources: list[SourceOut]


@router.get("/access/sources")
def list_sources(request: ApiRequest) -> SourcesOut:
    """Tell how the directories are. Everybody who can sign in may ask; people's names take manage:access."""
    names = request.may(MANAGES)
    statuses = read_statuses(request.database)
    return SourcesOut(sources=[_source(status, request.now, names=names) for status in statuses])


def _source(status: SourceStatus, now: datetime, *, names: bool) -> SourceOut:
    source = status.source
    return SourceOut(
        source=source.source,
        origin=source.origin,
        applied_at=source.applied_at,
        age_seconds=max((now - source.applied_at).total_seconds(), 0) if source.applied_at else None,
        max_age_seconds=source.max_age.total_seconds(),
        stale=Freshness(source.applied_at, source.max_age).age(now) is Age.STALE,
        users=source.users,
        groups=source.groups,
        memberships=source.memberships,
        unread_groups=[UnreadGroupOut.model_validate(group) for group in status.unread],
        held=_run(status.held, names=names) if status.held else None,
        runs=[_run(run, names=names) for run in status.runs],
    )


def _run(run: SyncRun, *, names: bool) -> SyncRunOut:
    found = SyncRunOut.model_validate(run)
    return found if names else found.model_copy(update={"evidence": None, "differences": _nameless(found.differences)})


def _nameless(found: DifferencesOut | None) -> DifferencesOut | None:
    if found is None:
        return None
    return found.model_copy(
        update={
            "changes": [
                each.model_copy(update={"examples": None}) if each.kind.startswith("user_") else each
                for each in found.changes
            ],
            "granted": [each.model_copy(update={"losers": None, "gainers": None}) for each in found.granted],
        }
    )

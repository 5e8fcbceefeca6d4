"""`GET /api/v1/ledger`: what happened, one item for each request, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ops_dashboard import ledger
from ops_dashboard.ledger import Filter, Outcome, Value
from ops_dashboard.web.app import ApiRequest, JsonRoute
from ops_dashboard.web.errors import Problem

router = APIRouter(tags=["ledger"], route_class=JsonRoute)

_MAX_LIMIT = 500
_TIME = "a time with its offset from UTC, such as 2026-12-31T18:00:00Z"


def _written_out(value: object) -> object:
    # By itself pydantic would take a bare number for seconds since 1970.
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError(_TIME)
    return moment


_Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class EntryOut(BaseModel):
    """One request and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    request_id: UUID
    seq: int = Field(description="Position of the request's first row in the hash chain.")
    dag_id: str
    run_id: str
    actor: str
    action: str
    resource: str
    outcome: Outcome
    before: Value
    requested: Value
    after: Value
    ready: int | None
    seconds: float | None
    reason: str
    message: str | None = Field(description="Why it was denied or refused, or how it failed.")
    grant: str | None = Field(description="The grant that decided.")
    approver: str | None = Field(description="The group of whom somebody has to approve it, or had to.")
    is_waiting: bool = Field(description="Whether it waits for their approval; its outcome is `running` meanwhile.")
    answer_by: datetime | None = Field(description="Until when it has to be approved, if it takes that.")
    answered_by: str | None = Field(description="The second person, whatever they answered.")
    answered_at: datetime | None
    note: str | None = Field(description="What they wrote with it.")
    approved_by: str | None = Field(description="The second person, if their yes counted.")
    cancelled_by: str | None = Field(description="Who had it ended; its outcome is `failed`, or `unknown`.")
    script: str | None = Field(description="The sha256 of what was run.")
    bundle: str | None = Field(description="The version of the DAG bundle that it came with, if it has versions.")
    at: datetime
    started_at: datetime | None
    changed_at: datetime | None
    finished_at: datetime | None


class LedgerOut(BaseModel):
    """A page of the ledger."""

    entries: list[EntryOut]
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class LedgerQuery(BaseModel):
    """Which requests; each parameter narrows the list."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _leave_out_empty(cls, values: Mapping[str, object]) -> dict[str, object]:
        return {name: value for name, value in values.items() if value != ""}

    actor: str | None = None
    action: str | None = None
    resource: str | None = None
    outcome: Outcome | None = None
    run_id: str | None = None
    since: _Moment | None = Field(default=None, description=f"Only requests made from then on: {_TIME}.")
    until: _Moment | None = Field(default=None, description=f"Only requests made before then: {_TIME}.")
    q: str | None = Field(
        default=None,
        description="Words of the person, who answered, action, resource, reason, message or values; how each begins is"
        " enough.",
    )
    limit: int = Field(default=50, ge=1, le=_MAX_LIMIT)
    cursor: str | None = Field(default=None, description="`next` of the page before.")


@router.get("/ledger")
def list_entries(request: ApiRequest, query: Annotated[LedgerQuery, Query()]) -> LedgerOut:
    """List requests, newest first; denied and refused ones too."""
    request.require("view:audit")
    chosen = Filter(
        actor=query.actor,
        action=query.action,
        resource=query.resource,
        outcome=query.outcome,
        run_id=query.run_id,
        since=query.since,
        until=query.until,
        text=query.q,
    )
    try:
        page = ledger.entries(request.database, chosen, limit=query.limit, cursor=query.cursor)
    except ValueError as error:
        raise Problem(422, "Some values are not accepted", str(error)) from error
    return LedgerOut(entries=[EntryOut.model_validate(entry) for entry in page.entries], next=page.next)

"""`GET /api/v1/settings`: the settings, as the Settings page shows them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ops_dashboard.catalog import Scalar, Setting
from ops_dashboard.configuration.models import Current
from ops_dashboard.ledger import Entry, Outcome, Value
from ops_dashboard.overview.settings import SettingView, read_settings
from ops_dashboard.parameters import json_schema
from ops_dashboard.web.app import ApiRequest, JsonRoute

router = APIRouter(tags=["settings"], route_class=JsonRoute)


class SettingState(StrEnum):
    """What is known of a setting's value."""

    SET = "set"
    NOT_SET = "not_set"
    NOT_ACCEPTED = "not_accepted"
    """What is there is nothing that the schema accepts."""
    UNKNOWN = "unknown"


class ConfigMapOut(BaseModel):
    """A key of a ConfigMap."""

    namespace: str
    name: str
    key: str
    restarts: str | None = Field(description="The workload that a change restarts, as in Deployment bidder.")


class HomeOut(BaseModel):
    """Where a value lives; one of both."""

    config_map: ConfigMapOut | None
    variable: str | None = Field(description="The key of an Airflow variable.")


class ChangeOut(BaseModel):
    """The last request that changed it, or is changing it."""

    dag_id: str
    run_id: str
    actor: str
    before: Value
    requested: Value
    outcome: Outcome
    reason: str
    at: datetime


class SettingOut(BaseModel):
    """One setting and what the caller may do with it."""

    setting: str = Field(description="team/name")
    team: str
    title: str
    description: str
    owner: str
    value: Scalar | None = Field(description="null if it is not set, or could not be read.")
    state: SettingState
    problem: str | None = Field(description="Why what is there is not accepted.")
    json_schema: dict[str, Any] = Field(serialization_alias="schema", description="What is accepted.")
    lives_in: HomeOut
    may_set: bool
    why: str = Field(description="The group that may, or why not.")
    last_change: ChangeOut | None


class SettingsOut(BaseModel):
    """All settings of the catalog."""

    settings: list[SettingOut]
    problems: list[str] = Field(description="Why some could not be read.")
    seen_at: datetime = Field(description="When the oldest value was read.")


@router.get("/settings")
def list_settings(request: ApiRequest) -> SettingsOut:
    """List the settings: value, what is accepted, and whether the caller may change them."""
    request.require("view:settings")
    seen = read_settings(request.host.database, request.user.name)
    return SettingsOut(
        settings=[_out(view) for view in seen.settings], problems=list(seen.problems), seen_at=seen.seen_at
    )


def _out(view: SettingView) -> SettingOut:
    setting, current = view.setting, view.current
    return SettingOut(
        setting=setting.name,
        team=setting.team,
        title=setting.title,
        description=setting.description,
        owner=setting.owner,
        value=current.value if current else None,
        state=_state(current),
        problem=current.problem if current else None,
        json_schema=json_schema(setting.value),
        lives_in=_home(setting),
        may_set=view.decision.allowed,
        why=view.decision.reason,
        last_change=_change(view.last) if view.last else None,
    )


def _state(current: Current | None) -> SettingState:
    if current is None:
        return SettingState.UNKNOWN
    if current.problem:
        return SettingState.NOT_ACCEPTED
    return SettingState.NOT_SET if current.value is None else SettingState.SET


def _home(setting: Setting) -> HomeOut:
    place = setting.config_map
    if place is None:
        return HomeOut(config_map=None, variable=setting.variable)
    restarts = f"{place.restart.kind} {place.restart.name}" if place.restart else None
    known = ConfigMapOut(namespace=place.namespace, name=place.name, key=place.key, restarts=restarts)
    return HomeOut(config_map=known, variable=None)


def _change(entry: Entry) -> ChangeOut:
    return ChangeOut(
        dag_id=entry.dag_id,
        run_id=entry.run_id,
        actor=entry.actor,
        before=entry.before,
        requested=entry.requested,
        outcome=entry.outcome,
        reason=entry.reason,
        at=entry.at,
    )

"""Settings: what is set now, who changed it, and may I?"""

from __future__ import annotations

from functools import partial

from ops_dashboard.acts import ChangeSettingRequest
from ops_dashboard.ledger import Entry
from ops_dashboard.overview.settings import SettingsOverview, SettingView, read_settings
from ops_dashboard.web.components import (
    Badge,
    Button,
    Code,
    Column,
    Empty,
    Link,
    Muted,
    Node,
    Note,
    Page,
    Search,
    Select,
    Stacked,
    Text,
    Time,
    Tone,
    Toolbar,
)
from ops_dashboard.web.pages.listings import act, by_right, has_words
from ops_dashboard.web.pages.runs import run_url
from ops_dashboard.web.pages.settings.form import change_form
from ops_dashboard.web.pages.shared import person
from ops_dashboard.web.pages.values import change_in_words, value_in_words
from ops_dashboard.web.pages.waiting import Waiting, read_waiting, waiting_line
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_COLUMNS = (
    Column("Setting", width=25),
    Column("Value", width=20, numeric=True),
    Column("Last change", width=25, numeric=True, broad=True),
    Column("Owner", width=15, optional=True),
    Column("Act", action=True),
)


@router.page("/settings", title="Settings", nav=3)
def settings(request: PageRequest) -> Page:
    """All settings, the person's own first."""
    waiting = read_waiting(request)
    seen = read_settings(request.host.database, request.user.name)
    found = [view for view in seen.settings if _matches(request, view)]
    return Page(
        "Settings",
        _toolbar(seen),
        *(Note(Tone.BAD, problem, title="Not everything can be seen:") for problem in seen.problems),
        *by_right(found, "settings", _COLUMNS, partial(_cells, request, waiting), _no_settings(request)),
        lead="Change a value that your team's programs run with. Every change is on record.",
    )


def _matches(request: PageRequest, view: SettingView) -> bool:
    setting, team = view.setting, request.query.get("team", "")
    texts = (setting.name, setting.title, setting.description, setting.owner)
    return team in ("", setting.team) and has_words(request, *texts)


def _toolbar(seen: SettingsOverview) -> Toolbar:
    teams = sorted({view.setting.team for view in seen.settings})
    return Toolbar(
        Search("q", "Search settings"),
        Select("team", "Team", [("", "All teams"), *((team, team) for team in teams)]),
        aside=Text("Values seen ", Time(seen.seen_at), muted=True),
    )


def _cells(request: PageRequest, waiting: Waiting, view: SettingView) -> tuple[Node, ...]:
    setting = view.setting
    name: Node = Code(setting.name)
    present = view.current.value if view.current is not None else None
    if view.decision.allowed:
        name = Link(name, _form(request, view))
    return (
        Stacked(name, setting.title),
        Stacked(*_value(view), waiting_line(request, waiting.of(ChangeSettingRequest.verb, setting.name), present)),
        _last_change(request, view.last),
        setting.owner,
        act(request, view, Button("Change", _form(request, view), small=True, describes=setting.name)),
    )


def _value(view: SettingView) -> tuple[Node, ...]:
    if view.current is None:
        return (Badge("Not seen", Tone.IDLE),)
    if view.current.value is None:
        return (Badge("Not set", Tone.IDLE),)
    value = Code(value_in_words(view.current.value))
    return (value, Badge("Not accepted", Tone.BAD)) if view.current.problem else (value,)


def _last_change(request: PageRequest, entry: Entry | None) -> Node:
    if entry is None:
        return Muted("no change on record")
    what = f"{change_in_words(entry.before, entry.requested)} by {person(entry.actor, request.user.name)}"
    return Stacked(Link(what, run_url(request, entry)), Time(entry.at))


def _form(request: PageRequest, view: SettingView) -> str:
    team, _, name = view.setting.name.partition("/")
    return request.url(change_form, team=team, name=name)


def _no_settings(request: PageRequest) -> Empty:
    if any(request.query.get(name) for name in ("q", "team")):
        return Empty("No setting of yours fits the filter.", Link("Show all", request.url(settings)))
    return Empty("You may not change any setting.", "Ask your Data Platform team for a grant to a group of yours.")

"""The form that changes a setting: what is there, what is accepted and by which grant it may be set, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ops_dashboard import access
from ops_dashboard.access import Decision, Grant
from ops_dashboard.acts import CHANGE_SETTING_DAG_ID, ChangeSettingRequest, RequestError, check_setting, parse
from ops_dashboard.catalog import Setting, UnknownSettingError
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.configuration import Current, restart_target
from ops_dashboard.configuration.reading import Values, value_reader
from ops_dashboard.ledger import Value
from ops_dashboard.parameters import read_text, text_of
from ops_dashboard.web.components import (
    Change,
    Columns,
    Confirm,
    Empty,
    Form,
    Heading,
    Hidden,
    Link,
    Node,
    Note,
    Outside,
    Page,
    Panel,
    Redirect,
    Tone,
)
from ops_dashboard.web.errors import not_found
from ops_dashboard.web.pages.asking import ask, beyond_limits, once, reason_field, switched_off
from ops_dashboard.web.pages.changes import recent_changes
from ops_dashboard.web.pages.settings.beside import facts
from ops_dashboard.web.pages.value_field import value_field
from ops_dashboard.web.pages.values import figure, seen_as_text, seen_from_text, value_in_words
from ops_dashboard.web.pages.waiting import waiting_notes
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_NOW = "Change now"
_SHOWN = {"value", "reason"}  # what is wrong with these is told at their field


@router.page("/settings/{team}/{name}", title="Change", needs="set:{team}/{name}", tab="/settings")
def change_form(request: PageRequest) -> Page:
    """Show the form, filled with the value that is there or that the address asks for.

    The address may also say which value it takes for granted (`expected`): undoing a change does.
    """
    return _form_page(request, errors={})


@router.form("/settings/{team}/{name}", needs="set:{team}/{name}")
def change(request: PageRequest) -> Redirect | Page:
    """Ask for the act, or show what to correct."""
    try:
        asked = _read(request)
    except RequestError as error:
        return _form_page(request, errors=error.problems)
    return ask(request, CHANGE_SETTING_DAG_ID, asked)


def _read(request: PageRequest) -> ChangeSettingRequest:
    """Check what was typed as far as a page can; the task checks and decides again.

    Raises:
        RequestError: Tells what to correct, by field.
    """
    setting, form = _setting(request), request.form
    seen = seen_from_text(form.get("expected", ""))
    asked = parse(
        ChangeSettingRequest,
        {
            "setting": setting.name,
            "value": read_text(setting.value, form.get("value", "")),
            "reason": form.get("reason", ""),
            "expected": seen,
            "expected_unset": seen is None,
        },
    )
    check_setting(setting, asked)
    # What has to be restarted may be restarted with the value that is there: a restart can have failed.
    if asked.value == seen and restart_target(setting) is None:
        raise RequestError({"value": f"it is {value_in_words(seen)} already"})
    decision = access.decide(
        request.database, request.user.name, setting.action, access.amount(asked.value), access.amount(seen)
    )
    request.release_database()  # the page that tells a mistake waits for the cluster
    if not decision.may_ask:
        raise RequestError({"value": decision.reason})
    return asked


@dataclass(frozen=True, slots=True)
class _View:
    """What the parts of the page show."""

    request: PageRequest
    setting: Setting
    values: Values
    decision: Decision
    grants: Sequence[Grant]
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def current(self) -> Current | None:
        """None if it can't be seen."""
        return self.values.by_setting.get(self.setting.name)

    @property
    def value(self) -> Value:
        """What is there, as far as it can be seen."""
        return self.current.value if self.current else None

    @property
    def seen(self) -> Value:
        """What the change takes for granted: what the address says, or what is there."""
        try:
            return seen_from_text(self.request.query["expected"])
        except (KeyError, RequestError):
            return self.value

    @property
    def wanted(self) -> str | None:
        """The value that the form shows at first; None leaves it to the setting's default."""
        return self.request.query.get("value", None if self.value is None else text_of(self.value))


def _form_page(request: PageRequest, errors: Mapping[str, str]) -> Page:
    setting = _setting(request)
    values = value_reader().read([setting], since={setting.name: request.now})
    user = request.user.name
    decision = access.decide(request.database, user, setting.action)
    grants = access.grants_for(request.database, user, setting.action)
    view = _View(request, setting, values, decision, grants, errors)
    return Page(
        "Change",
        *(Note(Tone.BAD, problem, title="It can't be seen:") for problem in values.problems),
        *(Note(Tone.BAD, f"{name}: {errors[name]}", title="Not accepted:") for name in errors.keys() - _SHOWN),
        *switched_off(request, CHANGE_SETTING_DAG_ID),
        *waiting_notes(request, ChangeSettingRequest.verb, setting.name, view.value),
        Columns(
            main=Panel(_form(view) if view.current else _no_form(view)),
            side=(
                Panel(_change(view) if view.current else None, facts(setting, values, decision)),
                Heading("Recent changes"),
                Panel(recent_changes(request, ChangeSettingRequest.verb, setting.name), flush=True),
            ),
        ),
        subject=setting.name,
        lead=" · ".join(filter(None, (setting.title, setting.description))),
    )


def _no_form(view: _View) -> Empty:
    """A change is made from a value that was seen; to guess one would be dangerous."""
    team, _, name = view.setting.name.partition("/")
    again = Link("Look again", view.request.url(change_form, team=team, name=name))
    return Empty("Which value is set now can't be seen, so nothing can be set from here.", again)


def _form(view: _View) -> Form:
    setting = view.setting
    return Form(
        *_warnings(view),
        value_field("value", setting.value, value=view.wanted, error=view.errors.get("value")),
        reason_field(view.errors),
        Hidden("expected", seen_as_text(view.seen)),
        once(),
        submit="Change",
        cancel=view.request.url("/settings"),
        confirm=Confirm(f"Change {setting.name}?", _change(view), *_restart(view), button=_NOW, outside=_outside(view)),
    )


def _outside(view: _View) -> Outside | None:
    seen = view.seen
    number = seen if isinstance(seen, int | float) and not isinstance(seen, bool) else None
    return beyond_limits("value", view.grants, number)


def _change(view: _View) -> Change:
    wanted = figure(read_text(view.setting.value, view.wanted)) if view.wanted else "–"
    return Change(figure(view.seen), wanted, field="value")


def _warnings(view: _View) -> tuple[Node, ...]:
    current, found = view.current, []
    if current is not None and current.problem:
        text = f"{current.problem}. Whatever you set replaces it."
        found.append(Note(Tone.WARN, text, title="Set now, but not accepted:"))
    if view.seen != view.value:
        text = f"it is {value_in_words(view.value)} now, not {value_in_words(view.seen)} any more."
        again = Link("Begin with what is there", view.request.here(expected=""))
        found.append(
            Note(
                Tone.WARN,
                text,
                " A change that takes the old one for granted is refused. ",
                again,
                title="Changed meanwhile:",
            )
        )
    return (*found, *_restart(view))


def _restart(view: _View) -> tuple[Node, ...]:
    target = restart_target(view.setting)
    if target is None:
        return ()
    text = f"{target} in namespace {target.namespace} is restarted, pod by pod, to see the new value."
    return (Note(Tone.WARN, text, title="Restart:"),)


def _setting(request: PageRequest) -> Setting:
    try:
        return current_catalog().setting(f"{request.path['team']}/{request.path['name']}")
    except UnknownSettingError as error:
        raise not_found(f"{error}.") from error

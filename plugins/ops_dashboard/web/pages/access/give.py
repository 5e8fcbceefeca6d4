"""Give a grant: to which group, for what, within which limits, until when, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ops_dashboard import access
from ops_dashboard.access import Access
from ops_dashboard.acts import CHANGE_GRANT_DAG_ID, ChangeGrantRequest, RequestError, check_grant, parse
from ops_dashboard.web.components import (
    Code,
    Columns,
    Confirm,
    Facts,
    Fieldset,
    Form,
    NumberField,
    Page,
    Panel,
    Redirect,
    Text,
    TextField,
    TimeField,
    Typed,
)
from ops_dashboard.web.pages.access.words import known_actions
from ops_dashboard.web.pages.asking import ask, once, reason_field, switched_off, typed_number
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_MOST_SUGGESTIONS = 1000
_ANY_GRANT = "manage:grants"
_LIMITS = ("min", "max", "max_change")


@router.page("/access/grants/give", title="Give a grant", needs=None)
def give_form(request: PageRequest) -> Page:
    """Show the form to who may give any grant at all; the address may fill in `group` and `action`."""
    if not may_give_any(access.describe(request.database, request.user.name)):
        request.require(_ANY_GRANT)
    return _form_page(request, {})


@router.form("/access/grants/give", needs=None)
def give(request: PageRequest) -> Redirect | Page:
    """Ask for the act, or show what to correct."""
    try:
        asked = _read(request)
    except RequestError as error:
        return _form_page(request, error.problems)
    return ask(request, CHANGE_GRANT_DAG_ID, asked)


def may_give_any(found: Access) -> bool:
    """Whether somebody may give any grant at all: whether a grant of theirs reaches into `manage:grants`."""
    return any(_reaches(grant.action) for grant in found.grants)


def _reaches(pattern: str) -> bool:
    beginning, star, _ = pattern.partition("*")
    return beginning.startswith(_ANY_GRANT) or (star != "" and _ANY_GRANT.startswith(beginning))


def _read(request: PageRequest) -> ChangeGrantRequest:
    """Check what was typed as far as a page can; the task checks and decides again.

    Raises:
        RequestError: Tells what to correct, by field.
    """
    typed = {name: request.form.get(name, "").strip() for name in ("group", "action", "expires_at", *_LIMITS)}
    limits = {name: typed_number(typed[name]) for name in _LIMITS if typed[name]}
    asked = parse(
        ChangeGrantRequest,
        {
            "change": "grant",
            "group": typed["group"],
            "action": typed["action"],
            "limits": limits or None,
            "expires_at": _in_utc(typed["expires_at"]),
            "reason": request.form.get("reason", ""),
        },
    )
    check_grant(request.database, asked)
    decision = access.decide(request.database, request.user.name, asked.target)
    if not decision.allowed:
        raise RequestError({"action": decision.reason})
    return asked


def _in_utc(text: str) -> str | None:
    """A time as browsers send it, without an offset, is one in UTC; anything else is judged as it is."""
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", text, re.ASCII):
        return f"{text}+00:00"
    return text or None


def _form_page(request: PageRequest, errors: Mapping[str, str]) -> Page:
    found = access.describe(request.database, request.user.name)
    by = [(grant.group, Code(grant.action)) for grant in found.grants if _reaches(grant.action)]
    return Page(
        "Give a grant",
        *switched_off(request, CHANGE_GRANT_DAG_ID),
        Columns(
            main=Panel(_form(request, errors)),
            side=Panel(Text("You may give what these grants of yours cover:"), Facts(*by)),
        ),
        lead="To a group, never to a person: who belongs to it is the company directory's to say.",
    )


def _form(request: PageRequest, errors: Mapping[str, str]) -> Form:
    return Form(
        TextField(
            "group",
            "Group",
            request.query.get("group", ""),
            hint="As the company directory names it.",
            error=errors.get("group"),
            required=True,
            suggestions=access.group_names(request.database)[:_MOST_SUGGESTIONS],
        ),
        TextField(
            "action",
            "Action",
            request.query.get("action", ""),
            hint="As in scale:ads/bidder, or scale:ads/* for all of a team's; * is any text.",
            error=errors.get("action"),
            required=True,
            suggestions=known_actions(access.granted_actions(request.database))[:_MOST_SUGGESTIONS],
        ),
        Fieldset(
            "Limits",
            _limit("min", "Least", errors),
            _limit("max", "Most", errors),
            _limit("max_change", "Change at once", errors),
            hint="Numbers of workers; what is left empty is open, within the pool's own limits.",
            error=errors.get("limits"),
        ),
        TimeField(
            "expires_at",
            "Expires at (UTC)",
            hint="Left empty, it holds until somebody revokes it.",
            error=errors.get("expires_at"),
        ),
        reason_field(errors),
        once(),
        submit="Give the grant",
        cancel=request.url("/access/grants"),
        confirm=_confirm(),
    )


def _limit(name: str, label: str, errors: Mapping[str, str]) -> NumberField:
    return NumberField(name, label, error=errors.get(f"limits.{name}"), required=False)


def _confirm() -> Confirm:
    return Confirm(
        "Give this grant?",
        Facts(
            ("Group", Typed("group")),
            ("Action", Typed("action")),
            ("Least", Typed("min")),
            ("Most", Typed("max")),
            ("Change at once", Typed("max_change")),
            ("Expires (UTC)", Typed("expires_at")),
        ),
        button="Give it now",
        review="Review the grant",
    )

"""Give a grant: to which group, for what, within which limits, until when, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ops_dashboard import access
from ops_dashboard.access import Access
from ops_dashboard.acts import (
    CHANGE_GRANT_DAG_ID,
    ChangeGrantRequest,
    RequestError,
    check_grant,
    parse,
    unknown_group,
)
from ops_dashboard.web.components import Code, Columns, Facts, Node, Note, Page, Panel, Redirect, Text, Tone
from ops_dashboard.web.errors import Problem
from ops_dashboard.web.pages.access import give_parts as parts
from ops_dashboard.web.pages.access.words import managing
from ops_dashboard.web.pages.asking import ask, switched_off, typed_number
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_ANY_GRANT = "manage:grants"


@router.page("/access/grants/give", title="Give a grant", needs=None)
def give_form(request: PageRequest) -> Page:
    """Show the form to who may give any grant at all; the address may fill in `group` and `action`."""
    _require_any(request)
    return _form_page(request, {}, status=200)


@router.form("/access/grants/give", needs=None)
def give(request: PageRequest) -> Redirect | Page:
    """Take the next step: back to the form, on to a look at the grant, or to the run that gives it."""
    _require_any(request)
    step = request.form.get(parts.STEP, parts.GIVE)
    if step == parts.CHANGE:
        return _form_page(request, {}, status=200)
    try:
        asked = _read(request)
    except RequestError as error:
        return _form_page(request, error.problems)
    return _review_page(request, asked) if step == parts.REVIEW else _ask(request, asked)


def _ask(request: PageRequest, asked: ChangeGrantRequest) -> Redirect | Page:
    """Ask for the act; where that fails, show again what is asked for, as the same request."""
    try:
        return ask(request, CHANGE_GRANT_DAG_ID, asked)
    except Problem as problem:
        return _review_page(request, asked, problem)


def _require_any(request: PageRequest) -> None:
    if not may_give_any(access.describe(request.database, request.user.name)):
        request.require(_ANY_GRANT)


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
    typed = {name: request.form.get(name, "").strip() for name in parts.FIELDS}
    limits = {name: typed_number(typed[name]) for name in parts.LIMITS if typed[name]}
    values = {
        "change": "grant",
        "group": typed["group"],
        "action": typed["action"],
        "limits": limits or None,
        "expires_at": _in_utc(typed["expires_at"]),
        "reason": request.form.get("reason", ""),
    }
    problems = _not_to_give(request, typed["group"], typed["action"])
    try:
        asked = parse(ChangeGrantRequest, values)
        if "action" not in problems:  # which grants there are is not for who may not give them
            check_grant(request.database, asked)
    except RequestError as error:
        raise RequestError({**problems, **error.problems}) from error
    if problems:
        raise RequestError(problems)
    return asked


def _not_to_give(request: PageRequest, group: str, action: str) -> dict[str, str]:
    """What is wrong with these two whatever stands in the other fields, so that all mistakes are told at once."""
    decision = access.decide(request.database, request.user.name, managing(action))
    problems = {
        "group": unknown_group(request.database, group),
        "action": None if decision.allowed else decision.reason,
    }
    return {field: problem for field, problem in problems.items() if problem}


def _in_utc(text: str) -> str | None:
    """A time as browsers send it, without an offset, is one in UTC; anything else is judged as it is."""
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", text, re.ASCII):
        return f"{text}+00:00"
    return text or None


def _form_page(request: PageRequest, errors: Mapping[str, str], status: int | None = None) -> Page:
    return _page(
        request, *switched_off(request, CHANGE_GRANT_DAG_ID), main=Panel(parts.form(request, errors)), status=status
    )


def _review_page(request: PageRequest, asked: ChangeGrantRequest, problem: Problem | None = None) -> Page:
    if problem is None:
        note, status = switched_off(request, CHANGE_GRANT_DAG_ID), 200
    else:
        text = f"{problem.text} {problem.hint}".strip()
        note, status = (Note(Tone.BAD, text, title=f"{problem.title}:"),), problem.status
    return _page(request, *note, main=parts.review(request, asked, again=problem is not None), status=status)


def _page(request: PageRequest, *notes: Node, main: Node, status: int | None) -> Page:
    found = access.describe(request.database, request.user.name)
    by = [(grant.group, Code(grant.action)) for grant in found.grants if _reaches(grant.action)]
    return Page(
        "Give a grant",
        *notes,
        Columns(main=main, side=Panel(Text("You may give what these grants of yours cover:"), Facts(*by))),
        lead="To a group, never to a person: who belongs to it is the company directory's to say.",
        status=status,
    )

"""Revoke a grant that was given here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ops_dashboard import access
from ops_dashboard.access import Grant
from ops_dashboard.acts import CHANGE_GRANT_DAG_ID, ChangeGrantRequest, RequestError, parse
from ops_dashboard.text import shorten
from ops_dashboard.web.components import (
    Code,
    Columns,
    Confirm,
    Facts,
    Form,
    Page,
    Panel,
    Redirect,
    Text,
)
from ops_dashboard.web.errors import Problem, not_found
from ops_dashboard.web.pages.access.words import managing, origin, validity
from ops_dashboard.web.pages.asking import ask, once, reason_field, switched_off
from ops_dashboard.web.questions import SEES_OTHERS
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")


@router.page("/access/grants/{grant_id}/revoke", title="Revoke a grant", needs=None)
def revoke_form(request: PageRequest) -> Page:
    """Show the grant, and ask why it goes."""
    return _form_page(request, _grant(request), {})


@router.form("/access/grants/{grant_id}/revoke", needs=None)
def revoke(request: PageRequest) -> Redirect | Page:
    """Ask for the act, or show what to correct."""
    grant = _grant(request)
    values = {"change": "revoke", "group": grant.group, "action": grant.action, "grant_id": grant.grant_id}
    try:
        asked = parse(ChangeGrantRequest, {**values, "reason": request.form.get("reason", "")})
    except RequestError as error:
        return _form_page(request, grant, error.problems)
    return ask(request, CHANGE_GRANT_DAG_ID, asked)


def _grant(request: PageRequest) -> Grant:
    """The grant that the address names, if this person may revoke it.

    Raises:
        Problem: There is none, it is the catalog's, or they may not.
    """
    number = request.path["grant_id"]
    grant_id = int(number) if re.fullmatch(r"[0-9]{1,18}", number, re.ASCII) else 0
    found = access.find_grant(request.database, grant_id)
    if found is None or not (request.may(SEES_OTHERS) or request.may(managing(found.action))):
        raise not_found(f"There is no grant {shorten(number)} in force: it was revoked, has expired, or never was.")
    request.require(managing(found.action))
    if found.origin != "page":
        raise Problem(
            409,
            "This grant is changed in Git",
            f"The catalog declares {found}, so it can't be revoked here.",
            hint="Change it in the catalog, by a pull request.",
        )
    return found


def _form_page(request: PageRequest, grant: Grant, errors: Mapping[str, str]) -> Page:
    return Page(
        "Revoke",
        *switched_off(request, CHANGE_GRANT_DAG_ID),
        Columns(
            main=Panel(
                Form(
                    reason_field(errors),
                    once(),
                    submit="Revoke",
                    cancel=request.url("/access/grants"),
                    confirm=Confirm(
                        "Revoke this grant?",
                        Text(Code(str(grant))),
                        Text("It ends at once, for everybody in the group. It can be given anew.", muted=True),
                        button="Revoke now",
                        review="Revoke …",
                    ),
                )
            ),
            side=Panel(
                Facts(
                    ("Group", Code(grant.group)),
                    ("Action", Code(grant.action)),
                    ("Limits", grant.bounds),
                    ("Until", validity(grant, request.now)),
                    ("Origin", origin(grant, request.user.name)),
                )
            ),
        ),
        subject=str(grant),
        lead="A revoked grant ends at once, for everybody in the group.",
    )

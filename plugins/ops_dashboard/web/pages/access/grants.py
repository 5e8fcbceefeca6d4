"""Grants: which group may do what, since when, by whom and why."""

from __future__ import annotations

from collections.abc import Sequence

from ops_dashboard import access
from ops_dashboard.access import Grant
from ops_dashboard.web.components import (
    Button,
    Code,
    Column,
    Empty,
    Link,
    Node,
    Page,
    Panel,
    Search,
    Select,
    Table,
    Text,
    Toolbar,
)
from ops_dashboard.web.pages.access.give import give_form, may_give_any
from ops_dashboard.web.pages.access.revoke import revoke_form
from ops_dashboard.web.pages.access.rights import rights
from ops_dashboard.web.pages.access.sync_words import held_notice
from ops_dashboard.web.pages.access.words import bounds_cell, managing, origin, sections, validity
from ops_dashboard.web.pages.shared import unknown_filter
from ops_dashboard.web.questions import SEES_OTHERS
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_MOST_SHOWN = 200
_ORIGINS = {"catalog": "From the catalog", "page": "Given here"}
_COLUMNS = (
    Column("Group", width=20),
    Column("Action", width=20),
    Column("Limits", width=20),
    Column("Until", width=10),
    Column("Origin", broad=True),
    Column("Act", width=10, action=True),
)


@router.page("/access/grants", title="Grants", needs=None)
def grants(request: PageRequest) -> Page:
    """All grants that are in force or will be, to who sees others or may give any."""
    if not may_give_any(access.describe(request.database, request.user.name)):
        request.require(SEES_OTHERS)
    origin_wanted = _origin_wanted(request)
    live = access.live_grants(request.database)
    found = [grant for grant in live if origin_wanted in ("", grant.origin) and _matches(request, grant)]
    shown = found[:_MOST_SHOWN]
    revocable = _revocable(request, shown)
    rows = [_cells(request, grant, revocable=grant.grant_id in revocable) for grant in shown]
    return Page(
        "Grants",
        held_notice(request),
        _toolbar(request),
        Panel(Table(_COLUMNS, rows, "Grants", _nothing(request)), flush=True),
        _cut_off(len(found)),
        lead=("Which group may do what. A grant is revoked, never changed. ", sections(request, "/access/grants")),
    )


def _origin_wanted(request: PageRequest) -> str:
    wanted = request.query.get("origin", "")
    if wanted and wanted not in _ORIGINS:
        raise unknown_filter("origin", wanted, _ORIGINS)
    return wanted


def _matches(request: PageRequest, grant: Grant) -> bool:
    return (
        request.query.get("group", "").strip().lower() in grant.group.lower()
        and request.query.get("action", "").strip().lower() in grant.action.lower()
    )


def _toolbar(request: PageRequest) -> Toolbar:
    gives = may_give_any(access.describe(request.database, request.user.name))
    return Toolbar(
        Search("group", "Search groups"),
        Search("action", "Search actions"),
        Select("origin", "Origin", [("", "Any origin"), *_ORIGINS.items()]),
        aside=Button("Give a grant", request.url(give_form), primary=True) if gives else None,
    )


def _revocable(request: PageRequest, shown: Sequence[Grant]) -> set[int]:
    """Those that the reader may revoke; the catalog's are changed in Git."""
    given = [grant for grant in shown if grant.origin == "page"]
    if not given:
        return set()
    decisions = access.decide_all(request.database, request.user.name, [managing(grant.action) for grant in given])
    return {grant.grant_id for grant in given if decisions[managing(grant.action)].allowed}


def _cells(request: PageRequest, grant: Grant, *, revocable: bool) -> tuple[Node, ...]:
    revoke = request.url(revoke_form, grant_id=grant.grant_id)
    return (
        Code(grant.group),
        Link(Code(grant.action), request.url(rights, action=grant.action)),
        bounds_cell(grant),
        validity(grant, request.now),
        origin(grant, request.user.name),
        Button("Revoke", revoke, small=True, describes=str(grant)) if revocable else "",
    )


def _nothing(request: PageRequest) -> Empty:
    if any(request.query.get(name) for name in ("group", "action", "origin")):
        return Empty("No grant fits the filter.", Link("Show all", request.url(grants)))
    return Empty("There is no grant, so nobody may do anything.", "The catalog declares the first ones.")


def _cut_off(found: int) -> Text | None:
    if found <= _MOST_SHOWN:
        return None
    return Text(f"The first {_MOST_SHOWN} of {found}; the filters above find the others.", muted=True)

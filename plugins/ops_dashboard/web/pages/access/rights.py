"""Access: what may I do, who may do something, and why was I refused?"""

from __future__ import annotations

from collections.abc import Sequence

from ops_dashboard import access
from ops_dashboard.access import Access, Grant
from ops_dashboard.text import shown
from ops_dashboard.web.components import (
    Code,
    Column,
    Empty,
    Heading,
    Link,
    Node,
    Note,
    Page,
    Panel,
    Search,
    Stacked,
    Table,
    Text,
    Tone,
    Toolbar,
)
from ops_dashboard.web.pages.access.answer import answer_page
from ops_dashboard.web.pages.access.sync_words import held_notice
from ops_dashboard.web.pages.access.words import bounds_cell, known_actions, origin, sections, validity, way
from ops_dashboard.web.pages.reader import is_reader
from ops_dashboard.web.pages.shared import person
from ops_dashboard.web.questions import SEES_OTHERS, check_action
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_MOST_GROUPS = 50
_COLUMNS = (
    Column("Action", width=25),
    Column("By group", width=20),
    Column("Limits", width=20),
    Column("Until", width=10),
    Column("Origin", broad=True),
)


@router.page("/access", title="Access", needs=None, nav=6)
def rights(request: PageRequest) -> Page:
    """What a person may do; with an action in the address, whether they may do that, and who may.

    Everybody sees what they may themselves.
    """
    user = request.query.get("user", "").strip() or request.user.name
    if not is_reader(request, user):
        request.require(SEES_OTHERS)
    action = request.query.get("action", "").strip()
    if not action:
        return _rights_page(request, user)
    try:
        return answer_page(request, user, check_action(action), _toolbar(request))
    except ValueError as error:
        mistake = Note(Tone.BAD, f"{shown(action)} is not accepted; accepted is {error}.", title="Action:")
        return _rights_page(request, user, mistake)


def _toolbar(request: PageRequest) -> Toolbar:
    if request.may(SEES_OTHERS):
        actions = known_actions(access.granted_actions(request.database))
    else:
        actions = sorted({grant.action for grant in access.describe(request.database, request.user.name).grants})
    return Toolbar(
        Search("action", "Who may … scale:ads/bidder?", actions),
        Search("user", "Person, or you"),
        aside=sections(request, "/access"),
    )


def _rights_page(request: PageRequest, user: str, mistake: Note | None = None) -> Page:
    found = access.describe(request.database, user)
    own = is_reader(request, user)
    by = ", ".join(dict.fromkeys(grant.group for grant in found.grants))
    paths = access.paths_into(request.database, user, [grant.group for grant in found.grants])
    rows = [_cells(request, grant, paths.get(grant.group, ())) for grant in found.grants]
    return Page(
        "Access",
        held_notice(request),
        _toolbar(request),
        mistake,
        Heading("You may" if own else (Code(user), " may"), note=f"by {by}" if by else None),
        Panel(Table(_COLUMNS, rows, "Grants", _nothing(request, found)), flush=True),
        _other_groups(found),
        subject="" if own else user,
        lead=f"What {person(user, request.user.name)} may do, and by which group and grant. Changes are on record.",
        status=422 if mistake else None,
    )


def _cells(request: PageRequest, grant: Grant, through: Sequence[str]) -> tuple[Node, ...]:
    return (
        Link(Code(grant.action), request.url(rights, action=grant.action)),
        Stacked(Code(grant.group), ("through ", way(through[1:]))) if through[1:] else Code(grant.group),
        bounds_cell(grant),
        validity(grant, request.now),
        origin(grant, request.user.name),
    )


def _nothing(request: PageRequest, found: Access) -> Empty:
    """Why there is nothing; the decision about whatever says it best."""
    if found.groups and not found.is_too_old:
        return Empty("No grant in force names any of these groups.", "Ask your Data Platform team for one.")
    reason = access.decide(request.database, found.user, "view:access").reason
    hint = None
    if not found.groups:
        hint = "A person's Airflow username has to be the e-mail address that the directory has."
    if not is_reader(request, found.user):
        return Empty(f"They are told: “{reason}”.", hint)
    return Empty(f"{reason[:1].upper()}{reason[1:]}.", hint)


def _other_groups(found: Access) -> Text | None:
    """The groups that give nothing, since a person expects to see all of theirs."""
    others = sorted(set(found.groups) - {grant.group for grant in found.grants})
    if not others or found.is_too_old:
        return None
    more = f" and {len(others) - _MOST_GROUPS} more" if len(others) > _MOST_GROUPS else ""
    return Text(f"Also in {', '.join(others[:_MOST_GROUPS])}{more}, without a grant.", muted=True)

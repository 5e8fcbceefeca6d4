"""What several pages about access say in the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime

from ops_dashboard.access import Grant
from ops_dashboard.acts import ChangeGrantRequest, ChangeSettingRequest, RunRequest, ScaleRequest
from ops_dashboard.catalog import Catalog, CatalogError, UnknownEntryError
from ops_dashboard.catalog.current import current_catalog, find_operation
from ops_dashboard.web.components import Code, Link, Muted, Node, Note, Stacked, Time, Tone
from ops_dashboard.web.pages.shared import person
from ops_dashboard.web.questions import SEES_OTHERS
from ops_dashboard.web.request import PageRequest

_FINDS: Mapping[str, Callable[[Catalog, str], object]] = {
    ScaleRequest.verb: Catalog.pool,
    RunRequest.verb: Catalog.operation,
    ChangeSettingRequest.verb: Catalog.setting,
}
_GRANTS = "/access/grants"
_SECTIONS = {"/access": "Who may what", _GRANTS: "Grants", "/access/sources": "Sources"}


def sections(request: PageRequest, current: str) -> Node:
    """The ways to the other pages about access."""
    links: list[Node] = []
    for path, title in _SECTIONS.items():
        if path != current and (path != _GRANTS or request.may(SEES_OTHERS)):
            links += [" · ", Link(title, request.url(path))]
    return tuple(links[1:])


def bounds_cell(grant: Grant) -> Node:
    """What a grant bounds, for a list."""
    approver = _approver(grant.action)
    return grant.bounds or (f"each run with the approval of {approver}" if approver else Muted("no limits"))


def validity(grant: Grant, now: datetime) -> Node:
    """When a grant ends, or begins if it has not begun."""
    if grant.valid_from is not None and grant.valid_from > now:
        return "begins ", Time(grant.valid_from)
    return Time(grant.expires_at) if grant.expires_at is not None else "no end"


def origin(grant: Grant, reader: str) -> Node:
    """Where a grant comes from, which is where it can be changed."""
    if grant.origin == "catalog":
        return Stacked("Catalog", "changed only in Git")
    return Stacked((f"Given by {person(grant.created_by, reader)} ", Time(grant.created_at)), grant.reason)


def way(groups: Sequence[str]) -> Node:
    """The groups through which somebody is in the first of them."""
    nodes: list[Node] = []
    for group in groups:
        nodes += [" → ", Code(group)]
    return tuple(nodes[1:]) or None


def managing(action: str) -> str:
    """The action that somebody must be allowed who gives or revokes grants of an action pattern."""
    return f"{ChangeGrantRequest.verb}:{ChangeGrantRequest.resource_of({'action': action})}"


def known_actions(granted: Set[str]) -> list[str]:
    """The actions that can be asked for: those of the catalog, also of all that a team has, and what grants name."""
    try:
        catalog = current_catalog()
    except CatalogError:
        return sorted(granted)  # who may what can be told all the same
    actions = {pool.action for pool in catalog.pools.values()}
    actions |= {setting.action for setting in catalog.settings.values()}
    actions |= {operation.action for operation in catalog.operations.values()}
    return sorted(actions | {f"{action.partition('/')[0]}/*" for action in actions if "/" in action} | granted)


def approval_needed(action: str) -> Note | None:
    """The remark that the right alone is not enough: each run of the operation takes a second person, too."""
    approver = _approver(action)
    if approver is None:
        return None
    text = f"somebody in {approver}, and not who asks, has to approve each run."
    return Note(Tone.BUSY, text, title="Takes a second person:")


def _approver(action: str) -> str | None:
    verb, _, name = action.partition(":")
    operation = find_operation(name) if verb == RunRequest.verb else None
    return operation.approval.group if operation is not None and operation.approval is not None else None


def unknown_resource(action: str) -> Note | None:
    """The warning that there is no such pool, operation or setting: a right to it is a right to nothing."""
    verb, _, name = action.partition(":")
    find = _FINDS.get(verb)
    if find is None or "*" in name:
        return None
    try:
        find(current_catalog(), name)
    except UnknownEntryError as error:
        return Note(Tone.WARN, f"there is {error}", title="Unknown:")
    except CatalogError:
        pass  # who may what can be told all the same
    return None

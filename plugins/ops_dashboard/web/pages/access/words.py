"""What several pages about access say in the same words."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime

from ops_dashboard.access import Grant
from ops_dashboard.acts import ChangeGrantRequest
from ops_dashboard.catalog import CatalogError
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.web.components import Code, Link, Muted, Node, Stacked, Time
from ops_dashboard.web.pages.shared import person
from ops_dashboard.web.questions import SEES_OTHERS
from ops_dashboard.web.request import PageRequest

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
    return grant.bounds or Muted("no limits")


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
    """The actions that can be asked for: those of the pools, and what grants name."""
    try:
        of_pools = {pool.action for pool in current_catalog().pools.values()}
    except CatalogError:
        of_pools = set()  # who may what can be told all the same
    return sorted(of_pools | granted)

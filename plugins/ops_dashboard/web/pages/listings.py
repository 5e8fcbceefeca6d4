"""What the lists of pools, settings and operations have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ops_dashboard.overview.views import View
from ops_dashboard.web.components import Button, Column, Empty, Heading, Muted, Node, Panel, Table
from ops_dashboard.web.pages.runs import run_url
from ops_dashboard.web.request import PageRequest

_V = TypeVar("_V", bound=View)


def has_words(request: PageRequest, *texts: str) -> bool:
    """Whether some texts together have every word of the search, `q` in the address, in whatever letters."""
    text = " ".join(texts).lower()
    return all(word in text for word in request.query.get("q", "").lower().split())


def by_right(
    views: Sequence[_V], kind: str, columns: Sequence[Column], cells: Callable[[_V], tuple[Node, ...]], nothing: Empty
) -> tuple[Node, ...]:
    """Lay out what the person may act on, and below it what they may only look at.

    Args:
        views: What to list.
        kind: What it is, in the plural: `pools`.
        columns: What is told of each.
        cells: Gives that.
        nothing: Stands in place of the person's own if there are none.
    """
    mine = [view for view in views if view.decision.allowed]
    others = [view for view in views if not view.decision.allowed]
    own = Table(columns, [cells(view) for view in mine], f"Your {kind}", nothing)
    found = (Heading(f"Your {kind}", note=_by_groups(mine)), Panel(own, flush=True))
    if not others:
        return found
    who_may = (*columns[:-1], Column("Who may"))
    table = Table(who_may, [cells(view) for view in others], f"{kind.capitalize()} of others")
    return (*found, Heading("Other teams", note="view only"), Panel(table, flush=True))


def act(request: PageRequest, view: View, button: Button) -> Node:
    """What the person can do about it now: act, watch what keeps them from it, or know whom to ask."""
    if not view.decision.allowed:
        return Muted(view.may[0] if view.may else "nobody may")
    if view.under_way is not None:
        return Button("Watch", run_url(request, view.under_way), small=True, describes=button.describes)
    return button


def _by_groups(views: Sequence[View]) -> str:
    groups = sorted({view.decision.grant.group for view in views if view.decision.grant})
    return f"by {', '.join(groups)}" if groups else ""

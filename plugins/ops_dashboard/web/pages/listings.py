"""What the lists of pools, settings and operations have in common."""

from __future__ import annotations

from collections.abc import Sequence

from ops_dashboard.overview.views import View
from ops_dashboard.web.components import Button, Muted, Node
from ops_dashboard.web.pages.runs import run_url
from ops_dashboard.web.request import PageRequest


def by_groups(views: Sequence[View]) -> str:
    """By which groups' grants the person may act on them."""
    groups = sorted({view.decision.grant.group for view in views if view.decision.grant})
    return f"by {', '.join(groups)}" if groups else ""


def act(request: PageRequest, view: View, button: Button) -> Node:
    """What the person can do about it now: act, watch what keeps them from it, or know whom to ask."""
    if not view.decision.allowed:
        return Muted(view.may[0] if view.may else "nobody may")
    if view.under_way is not None:
        return Button("Watch", run_url(request, view.under_way), small=True, describes=button.describes)
    return button

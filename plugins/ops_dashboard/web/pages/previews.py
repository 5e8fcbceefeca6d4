"""What exactly will be done, as a person sees it before it is."""

from __future__ import annotations

from collections.abc import Iterable

from ops_dashboard.web.components import Heading, Node, Output


def preview(parts: Iterable[tuple[str, str]]) -> tuple[Node, ...]:
    """Show the parts of a preview, each under its title."""
    return tuple(node for title, text in parts for node in (Heading(title), Output(text.split("\n"), title)))

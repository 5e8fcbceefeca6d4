"""How a grant that is given or revoked reads."""

from __future__ import annotations

from ops_dashboard.ledger import Entry
from ops_dashboard.text import shorten
from ops_dashboard.web.components import Button, Code, Node, Text
from ops_dashboard.web.pages.story import Story
from ops_dashboard.web.pages.tellings.base import Telling
from ops_dashboard.web.request import PageRequest

_TITLES = {"grant": "Give", "revoke": "Revoke"}


class GrantTelling(Telling):
    """The record has the grant in words; what kind of change it is, only the run's own values say."""

    tab = "/access"

    def title(self, story: Story) -> str:
        """What was asked for."""
        return _TITLES.get(str(story.conf.get("change")), "Manage")

    def subject(self, story: Story) -> str:
        """The grant, or what had to be allowed once the run is forgotten."""
        group, action = story.conf.get("group"), story.conf.get("action")
        return shorten(f"{group} → {action}") if group and action else story.resource

    def change(self, story: Story) -> Node:
        """The grant with its number, limits and end, as far as they are known, and whether it is revoked."""
        after = story.entry.after if story.entry else None
        if story.before is not None:
            return Text(Code(str(story.before)), f": {after}" if after is not None else "")
        known = story.requested if after is None else after
        return Text(Code(str(known))) if known is not None else None

    def ways_on(self, request: PageRequest, story: Story) -> tuple[Node, ...]:  # noqa: ARG002
        """To all grants."""
        return (Button("Grants", request.url("/access/grants")),)

    def effect(self, entry: Entry) -> str | None:
        """The grant that was given, or the one that was revoked."""
        if entry.after is not None and entry.before is not None:
            return f"{entry.after}: {entry.before}"
        return super().effect(entry)

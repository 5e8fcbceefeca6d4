"""How the decision about a held sync reads."""

from __future__ import annotations

from ops_dashboard.text import shorten
from ops_dashboard.web.components import Button, Change, Node, Text
from ops_dashboard.web.pages.story import Story
from ops_dashboard.web.pages.tellings.base import Telling
from ops_dashboard.web.request import PageRequest

_TITLES = {"release": "Release the sync of", "discard": "Discard the sync of"}


class SyncTelling(Telling):
    """From held to applied or discarded."""

    tab = "/access"

    def title(self, story: Story) -> str:
        """What was asked for."""
        return _TITLES.get(str(story.conf.get("decision")), "Manage")

    def subject(self, story: Story) -> str:
        """The source, or what had to be allowed once the run is forgotten."""
        source = story.conf.get("source")
        return shorten(source) if source else story.resource

    def change(self, story: Story) -> Node:
        """From state to state once it is done; until then, what is asked for."""
        entry = story.entry
        if entry is not None and isinstance(entry.after, str):
            return Change(entry.before, entry.after)
        return Text(str(story.requested)) if story.requested is not None else None

    def ways_on(self, request: PageRequest, story: Story) -> tuple[Node, ...]:  # noqa: ARG002
        """To the sources."""
        return (Button("Sources", request.url("/access/sources")),)

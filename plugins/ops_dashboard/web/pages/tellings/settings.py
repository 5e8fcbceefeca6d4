"""How the change of a setting reads."""

from __future__ import annotations

from ops_dashboard.catalog import CatalogError
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.configuration import restart_target
from ops_dashboard.ledger import Entry, Outcome, Value
from ops_dashboard.web.components import Button, Change, Node, Step, StepState
from ops_dashboard.web.pages.story import Story
from ops_dashboard.web.pages.tellings.base import Telling
from ops_dashboard.web.pages.values import change_in_words, figure, seen_as_text, value_in_words
from ops_dashboard.web.request import PageRequest


class SettingTelling(Telling):
    """Set, and maybe followed until what has to see the value has restarted."""

    tab = "/settings"
    steps = ("Set",)

    def title(self, story: Story) -> str:  # noqa: ARG002
        """Whatever became of it."""
        return "Change of"

    def change(self, story: Story) -> Node:
        """Before → after, a text in quotes' stead as words."""
        if story.requested is None:
            return None
        before = None if story.entry is None and story.before is None else figure(story.before)
        return Change(before, figure(story.requested))

    def progress(self, story: Story, entry: Entry) -> tuple[Node, ...]:  # noqa: ARG002
        """The value is no count of anything that gets ready."""
        return ()

    def taken(self, story: Story, entry: Entry) -> tuple[Step, ...]:
        """The change, and the restart if there is one."""
        made = Step(f"Set {change_in_words(entry.before, entry.requested)}", StepState.DONE, at=entry.changed_at)
        restart = _restart_step(entry, _restarts(story.resource))
        return (made, restart) if restart else (made,)

    def ways_on(self, request: PageRequest, story: Story) -> tuple[Node, ...]:
        """Back to the value before, or the same again if nothing was changed, for who may; and to all settings."""
        entry = story.entry
        settings = Button("Settings", request.url("/settings"))
        if entry is None or not story.has_ended or not request.may(f"{entry.action}:{entry.resource}"):
            return (settings,)
        if story.came_to_nothing and entry.requested is not None:
            again = request.filled_url(f"/settings/{entry.resource}", {"value": _typed(entry.requested)})
            return Button("Ask again", again), settings
        if not story.has_changed_something or entry.before is None or entry.before == entry.after:
            return (settings,)
        texts = {"value": _typed(entry.before), "expected": seen_as_text(entry.after)}
        back = request.filled_url(f"/settings/{entry.resource}", texts)
        return Button(f"Set back to {value_in_words(entry.before)}", back), settings

    def wanted(self, entry: Entry) -> str:
        """Before → after in a line."""
        return change_in_words(entry.before, entry.requested)

    def effect(self, entry: Entry) -> str | None:
        """Before → after in a line, or what was only asked for."""
        if entry.after is not None:
            return change_in_words(entry.before, entry.after)
        return None if entry.requested is None else f"asked for {value_in_words(entry.requested)}"


def _typed(value: Value) -> str:
    return value if isinstance(value, str) else value_in_words(value)


def _restarts(name: str) -> str | None:
    try:
        setting = current_catalog().settings.get(name)
    except CatalogError:
        return None  # what happened can be told all the same
    target = restart_target(setting) if setting else None
    return target.workload if target else None


def _restart_step(entry: Entry, workload: str | None) -> Step | None:
    if entry.is_running:
        return Step(f"Restarting {workload}", StepState.NOW) if workload else None
    if entry.outcome is Outcome.SUCCEEDED:
        if entry.ready is None:
            return None
        return Step("Restarted", StepState.DONE, f"{entry.ready} pods ready", at=entry.finished_at)
    return Step("Not restarted as asked", StepState.FAILED, at=entry.finished_at) if workload else None

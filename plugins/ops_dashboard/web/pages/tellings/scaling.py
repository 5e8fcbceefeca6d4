"""How the change of a pool's worker count reads."""

from __future__ import annotations

from ops_dashboard.ledger import Entry, Outcome
from ops_dashboard.web.components import Button, Node, Step, StepState, Text
from ops_dashboard.web.pages.story import Story
from ops_dashboard.web.pages.tellings.base import Telling, reached
from ops_dashboard.web.request import PageRequest


class ScalingTelling(Telling):
    """It is followed beyond the change, until the workers are ready."""

    tab = "/workers"
    steps = ("Patched", "Rolled out")

    def title(self, story: Story) -> str:  # noqa: ARG002
        """Whatever became of it."""
        return "Scaling"

    def progress(self, story: Story, entry: Entry) -> tuple[Node, ...]:
        """How many workers are ready: now, or when the run ended."""
        ready = entry.ready if story.has_ended else story.status.ready if story.status else None
        if ready is None:
            return (Text("How many are ready is not known.", muted=True),)
        return reached(story, entry, ready)

    def taken(self, story: Story, entry: Entry) -> tuple[Step, ...]:
        """The patch, and how far the rollout is."""
        patched = Step(f"Patched {entry.before} → {entry.requested}", StepState.DONE, at=entry.changed_at)
        return patched, _rollout_step(story, entry)

    def trouble(self, story: Story) -> str | None:
        """Why not all workers can start."""
        return story.status.problem if story.status else None

    def announcement(self, story: Story, entry: Entry) -> str:
        """The count while it grows, then the end."""
        if entry.is_running and story.status is not None:
            return f"{story.status.ready} of {entry.requested} ready"
        return super().announcement(story, entry)

    def ways_on(self, request: PageRequest, story: Story) -> tuple[Node, ...]:
        """Back to the count before, or the same again if nothing was changed, for who may set it; and to all pools."""
        entry = story.entry
        workers = Button("Workers", request.url("/workers"))
        if entry is None or not story.has_ended or not request.may(f"{entry.action}:{entry.resource}"):
            return (workers,)
        if story.has_changed_something and isinstance(entry.before, int):
            return _asking(request, entry, entry.before, f"Set back to {entry.before}"), workers
        if story.came_to_nothing and isinstance(entry.requested, int):
            return _asking(request, entry, entry.requested, "Ask again"), workers
        return (workers,)


def _asking(request: PageRequest, entry: Entry, replicas: int, label: str) -> Button:
    return Button(label, request.url(f"/workers/{entry.resource}/scale", replicas=replicas))


def _rollout_step(story: Story, entry: Entry) -> Step:
    if entry.is_running:
        note = f"{story.status.ready} / {entry.requested}" if story.status else None
        return Step("Rolling out", StepState.NOW, note=note)
    if entry.outcome is Outcome.SUCCEEDED:
        return Step("All ready", StepState.DONE, at=entry.finished_at)
    not_known = entry.outcome is Outcome.UNKNOWN or entry.ready is None
    label = "Readiness not known" if not_known else "Not all ready"
    return Step(label, StepState.FAILED, at=entry.finished_at)

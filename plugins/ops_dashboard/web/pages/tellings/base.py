"""What every run tells, whatever it did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ops_dashboard.ledger import Entry, Outcome, Value
from ops_dashboard.web.components import Change, Node, Progress, Step, StepState, Tone
from ops_dashboard.web.pages.story import Story
from ops_dashboard.web.request import PageRequest


class Telling:
    """An act that is done in one step and changes a value. Other kinds say what is different with them.

    Attributes:
        tab: Path of the page in the navigation that the runs belong to.
        steps: What follows once it is allowed, step by step.
    """

    tab: ClassVar[str] = "/audit"
    steps: ClassVar[Sequence[str]] = ("Carried out",)

    def title(self, story: Story) -> str:  # noqa: ARG002 - other kinds look at it
        """The headline's words, before what the run is about."""
        return "Request"

    def subject(self, story: Story) -> str:
        """What the run is about."""
        return story.resource

    def change(self, story: Story) -> Node:
        """The largest thing on the page: what changes."""
        return None if story.requested is None else Change(story.before, story.requested)

    def progress(self, story: Story, entry: Entry) -> tuple[Node, ...]:
        """How far it is, once it has changed something."""
        return reached(story, entry, entry.ready) if entry.ready is not None else ()

    def taken(self, story: Story, entry: Entry) -> tuple[Step, ...]:  # noqa: ARG002 - other kinds look at it
        """The steps after it changed something."""
        return (Step(self.steps[0], StepState.DONE, at=entry.changed_at),)

    def trouble(self, story: Story) -> str | None:  # noqa: ARG002 - other kinds look at it
        """What holds a running act up."""
        return None

    def announcement(self, story: Story, entry: Entry) -> str:  # noqa: ARG002 - other kinds look at it
        """What a screen reader is told."""
        return f"{entry.outcome.capitalize()}. {entry.message or ''}".strip()

    def ways_on(self, request: PageRequest, story: Story) -> tuple[Node, ...]:  # noqa: ARG002 - other kinds have some
        """Buttons to what can be done next."""
        return ()

    def wanted(self, entry: Entry) -> str:
        """What is asked for, in a line."""
        return f"{entry.before} → {entry.requested}" if entry.before is not None else f"{entry.requested}"

    def effect(self, entry: Entry) -> str | None:
        """Before → after in a line, or what was only asked for."""
        if entry.after is not None:
            return str(entry.after) if entry.before is None else f"{entry.before} → {entry.after}"
        return None if entry.requested is None else f"asked for {entry.requested}"


def reached(story: Story, entry: Entry, ready: int) -> tuple[Node, ...]:
    """How many of what was asked for are ready."""
    wanted: Value = entry.requested
    if not isinstance(wanted, int):
        return ()
    seconds = f" · {entry.seconds:.0f} s" if story.has_ended and entry.seconds is not None else ""
    tone = Tone.BUSY if not story.has_ended else Tone.OK if entry.outcome is Outcome.SUCCEEDED else Tone.BAD
    return (Progress(min(ready, wanted), wanted, "Ready", f"{ready} of {wanted} ready{seconds}", tone),)

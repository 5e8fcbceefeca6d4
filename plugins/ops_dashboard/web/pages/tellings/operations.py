"""How the run of an operation reads, and its cancellation."""

from __future__ import annotations

from datetime import UTC, datetime

from ops_dashboard.acts import DAG_PREFIX
from ops_dashboard.ledger import Entry, Outcome
from ops_dashboard.parameters import text_of
from ops_dashboard.web.components import Button, Code, Facts, Node, Progress, Step, StepState, Text, Tone
from ops_dashboard.web.pages.story import Story
from ops_dashboard.web.pages.tellings.base import Telling
from ops_dashboard.web.pages.values import given, recorded_in_short, recorded_values
from ops_dashboard.web.request import PageRequest

_TONES = {Outcome.RUNNING: Tone.BUSY, Outcome.SUCCEEDED: Tone.OK}


class OperationTelling(Telling):
    """It changes what its script changes; what is known is what it was given, what it said and what it answered."""

    tab = "/operations"
    steps = ("Running",)

    def title(self, story: Story) -> str:  # noqa: ARG002 - whatever became of it
        """What is done."""
        return "Run"

    def subject(self, story: Story) -> str:
        """The operation, also when it is not in the catalog any more."""
        return story.resource or story.dag_id.removeprefix(DAG_PREFIX)

    def change(self, story: Story) -> Node:
        """The values, by name."""
        values = given(self.subject(story), story.requested)
        return Facts(*values) if values else None

    def progress(self, story: Story, entry: Entry) -> tuple[Node, ...]:
        """How far it says it is, and its result."""
        told = story.output.progress if story.output is not None else None
        bar = Progress(round(told.percent), 100, "Progress", told.words, _tone(entry)) if told is not None else None
        result = Text("Result ", Code(str(entry.after))) if entry.after is not None else None
        return (bar, result, Text(_duration(story, entry), muted=True))

    def taken(self, story: Story, entry: Entry) -> tuple[Step, ...]:  # noqa: ARG002 - it is one step
        """It ran, or is running."""
        if entry.is_running:
            return (Step(self.steps[0], StepState.NOW),)
        state = StepState.DONE if entry.outcome is Outcome.SUCCEEDED else StepState.FAILED
        return (Step("Ended", state, at=entry.finished_at),)

    def announcement(self, story: Story, entry: Entry) -> str:
        """The progress while it runs, then the end."""
        told = story.output.progress if story.output is not None else None
        if entry.is_running and told is not None:
            return f"{told.percent:.0f} percent {told.words}".strip()
        return super().announcement(story, entry)

    def ways_on(self, request: PageRequest, story: Story) -> tuple[Node, ...]:
        """Cancel it while it runs; afterwards ask for the same again, as a new request."""
        name, may = self.subject(story), request.may(f"run:{self.subject(story)}")
        operations = Button("Operations", request.url("/operations"))
        if not may:
            return (operations,)
        if story.entry is not None and story.entry.is_running:
            cancel = request.url("/runs/{dag_id}/{run_id}/cancel", dag_id=story.dag_id, run_id=request.path["run_id"])
            return Button("Cancel…", cancel), operations
        if story.has_ended:
            again = {key: text_of(value) for key, value in (recorded_values(story.requested) or {}).items()}
            return Button("Run again", request.filled_url(f"/operations/{name}", again)), operations
        return (operations,)

    def wanted(self, entry: Entry) -> str:
        """What it is given."""
        return recorded_in_short(entry.requested, also_missing=True) or "no values"

    def effect(self, entry: Entry) -> str | None:
        """What it answered, or what it was given."""
        asked = recorded_in_short(entry.requested)
        if entry.after is None:
            return asked or None
        return ", ".join(filter(None, (asked, f"result {recorded_in_short(entry.after)}")))


class CancelTelling(Telling):
    """What is cancelled is a run, which the request names."""

    tab = "/operations"
    steps = ("Asked to end",)

    def title(self, story: Story) -> str:  # noqa: ARG002 - whatever became of it
        """What is done."""
        return "Cancel"

    def change(self, story: Story) -> Node:
        """The run that shall end."""
        return Text(Code(str(story.requested))) if story.requested is not None else None

    def ways_on(self, request: PageRequest, story: Story) -> tuple[Node, ...]:
        """To the run that shall end, which tells whether it has."""
        operations = Button("Operations", request.url("/operations"))
        if story.requested is None:
            return (operations,)
        path = {"dag_id": f"{DAG_PREFIX}{story.resource}", "run_id": str(story.requested)}
        return Button("The cancelled run", request.url("/runs/{dag_id}/{run_id}", **path)), operations


def _duration(story: Story, entry: Entry) -> str:
    if not entry.is_running:
        return f"It took {entry.seconds:.0f} s." if entry.seconds is not None else ""
    gone = (datetime.now(UTC) - (entry.started_at or entry.at)).total_seconds()
    usual = f"; it usually takes {story.typical_seconds:.0f} s" if story.typical_seconds is not None else ""
    return f"Running for {max(gone, 0):.0f} s{usual}."


def _tone(entry: Entry) -> Tone:
    if entry.cancelled_by is not None:
        return Tone.IDLE
    return _TONES.get(entry.outcome, Tone.BAD)

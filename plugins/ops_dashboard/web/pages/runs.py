"""The page of one run: did it work?"""

from __future__ import annotations

from urllib.parse import quote

from ops_dashboard.acts import MAX_REASON
from ops_dashboard.ledger import Entry, Outcome
from ops_dashboard.text import shorten
from ops_dashboard.web.components import (
    Actions,
    Badge,
    Button,
    Change,
    Columns,
    Live,
    Node,
    Note,
    Page,
    Panel,
    Progress,
    Spread,
    Step,
    Steps,
    StepState,
    Text,
    Time,
    Tone,
)
from ops_dashboard.web.pages.shared import outcome_badge, person
from ops_dashboard.web.pages.story import Story, read_story
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_NOTHING_DONE = {Outcome.DENIED, Outcome.REFUSED}


@router.page("/runs/{dag_id}/{run_id}", title="Run", needs=None, tab="/workers")
def run(request: PageRequest) -> Page:
    """Follow a run while it goes on; afterwards tell how it ended. Everybody may see what they asked for."""
    story = read_story(request, request.path["dag_id"], request.path["run_id"])
    if story.asked_by != request.user.name:
        request.require("view:audit")
    return Page(
        "Scaling",
        Live(
            Columns(main=Panel(*_headline(story), *_why(story)), side=Panel(_steps(story))),
            *(_replay_note(replay) for replay in story.replays),
            Actions(*_buttons(request, story)),
            every=1.0,
            done=story.has_ended,
            announce=_announcement(story),
        ),
        subject=story.resource,
        lead=_lead(request, story),
    )


def _replay_note(replay: Entry) -> Note:
    return Note(Tone.WARN, f"{replay.message} ", Time(replay.at), title="Executed again:")


def _headline(story: Story) -> tuple[Node, ...]:
    entry = story.entry
    if entry is None:
        wanted = story.airflow.conf.get("replicas") if story.airflow else None
        seen = story.airflow.conf.get("expected") if story.airflow else None
        change: Node = Change(seen if isinstance(seen, int) else None, wanted) if isinstance(wanted, int) else None
        return (Spread(change, _waiting_badge(story)), Text(_waiting(story), muted=True))
    change = Change(entry.before, entry.requested) if entry.requested is not None else None
    return (Spread(change, outcome_badge(entry.outcome)), *_progress(story, entry))


def _waiting_badge(story: Story) -> Badge:
    return Badge("No record", Tone.BAD) if story.has_ended else Badge("Waiting", Tone.BUSY)


def _waiting(story: Story) -> str:
    if story.has_ended:
        return "The run ended before it could write a record, so nothing was changed. Airflow's log says why."
    if story.is_held:
        return "The DAG is paused in Airflow, so nothing happens; a request that has waited too long is refused."
    if story.airflow is not None and story.airflow.state == "running":
        return "The task has begun: it checks the request and reads the cluster."
    return "Waiting for Airflow to start the task; that takes about a second."


def _progress(story: Story, entry: Entry) -> tuple[Node, ...]:
    if not story.has_changed_something or entry.requested is None:
        return ()
    ready = entry.ready if story.has_ended else story.status.ready if story.status else None
    if ready is None:
        return (Text("How many are ready is not known.", muted=True),)
    seconds = f" · {entry.seconds:.0f} s" if story.has_ended and entry.seconds is not None else ""
    tone = Tone.BUSY if not story.has_ended else Tone.OK if entry.outcome is Outcome.SUCCEEDED else Tone.BAD
    caption = f"{ready} of {entry.requested} ready{seconds}"
    return (Progress(min(ready, entry.requested), entry.requested, "Ready workers", caption, tone),)


def _why(story: Story) -> tuple[Node, ...]:
    entry = story.entry
    if entry is None:
        return ()
    if entry.outcome is Outcome.RUNNING and story.status is not None and story.status.problem:
        return (Note(Tone.BAD, story.status.problem, title="Not all can start:"),)
    if entry.outcome is Outcome.UNKNOWN and not entry.message:
        return (Note(Tone.WARN, "The task ended without saying how. Look at the pool before asking again."),)
    if entry.message:
        tone = Tone.WARN if entry.outcome in {Outcome.REFUSED, Outcome.UNKNOWN} else Tone.BAD
        return (Note(tone, entry.message, title=_verdict_title(entry.outcome)),)
    return ()


def _verdict_title(outcome: Outcome) -> str:
    return "Nothing was changed:" if outcome in _NOTHING_DONE else ""


def _steps(story: Story) -> Steps:
    entry = story.entry
    asked_at = story.airflow.asked_at if story.airflow else entry.at if entry else None
    requested = Step("Requested", StepState.DONE, at=asked_at)
    if entry is None:
        state = StepState.FAILED if story.has_ended else StepState.NOW
        return Steps(requested, Step("Authorised", state), Step("Patched", StepState.NEXT))
    if entry.started_at is None:
        verdict = "Failed" if entry.outcome is Outcome.FAILED else entry.outcome.capitalize()
        return Steps(requested, Step(verdict, StepState.FAILED, at=entry.finished_at))
    allowed = Step("Allowed", StepState.DONE, f"by {entry.grant}", at=entry.started_at)
    if entry.changed_at is None:
        state = StepState.NOW if entry.outcome is Outcome.RUNNING else StepState.FAILED
        return Steps(requested, allowed, Step("Patched", state), Step("Rolled out", StepState.NEXT))
    patched = Step(f"Patched {entry.before} → {entry.requested}", StepState.DONE, at=entry.changed_at)
    return Steps(requested, allowed, patched, _rollout_step(story, entry))


def _rollout_step(story: Story, entry: Entry) -> Step:
    if entry.outcome is Outcome.RUNNING:
        note = f"{story.status.ready} / {entry.requested}" if story.status else None
        return Step("Rolling out", StepState.NOW, note=note)
    if entry.outcome is Outcome.SUCCEEDED:
        return Step("All ready", StepState.DONE, at=entry.finished_at)
    return Step("Not all ready", StepState.FAILED, at=entry.finished_at)


def _announcement(story: Story) -> str:
    entry = story.entry
    if entry is None:
        return _waiting(story)
    if entry.outcome is Outcome.RUNNING and story.status is not None:
        return f"{story.status.ready} of {entry.requested} ready"
    return f"{entry.outcome.capitalize()}. {entry.message or ''}".strip()


def _lead(request: PageRequest, story: Story) -> Node:
    entry, airflow = story.entry, story.airflow
    who = person(story.asked_by or "nobody", request.user.name)
    at = airflow.asked_at if airflow else entry.at if entry else request.now
    reason = entry.reason if entry else shorten(airflow.conf.get("reason", ""), MAX_REASON) if airflow else ""
    return (f"Asked by {who} ", Time(at), f" · “{reason}”" if reason else "")


def _buttons(request: PageRequest, story: Story) -> tuple[Node, ...]:
    dag_id, run_id = request.path["dag_id"], request.path["run_id"]
    entry = story.entry
    buttons: list[Node] = []
    if entry is not None and story.has_ended and story.has_changed_something and entry.before is not None:
        buttons.append(
            Button(
                f"Set back to {entry.before}", request.url(f"/workers/{entry.resource}/scale", replicas=entry.before)
            )
        )
    buttons.append(Button("Workers", request.url("/workers")))
    if story.airflow is not None:
        path = f"/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"
        buttons.append(Button("Open in Airflow", request.airflow_url(path), outer=True))
    buttons.append(Button("In the audit", request.url("/audit", run_id=run_id)))
    return tuple(buttons)

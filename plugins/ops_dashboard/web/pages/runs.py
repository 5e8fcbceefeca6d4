"""The page of one run: did it work?"""

from __future__ import annotations

from urllib.parse import quote

from ops_dashboard import access
from ops_dashboard.acts import MAX_REASON, CancelRequest, RunRequest
from ops_dashboard.ledger import Entry, Outcome
from ops_dashboard.text import shorten
from ops_dashboard.web.approvals import Approval
from ops_dashboard.web.components import (
    Actions,
    Badge,
    Button,
    Columns,
    Heading,
    Live,
    Node,
    Note,
    Output,
    Page,
    Panel,
    Spread,
    Step,
    Steps,
    StepState,
    Text,
    Time,
    Tone,
)
from ops_dashboard.web.dag_runs import DagRun
from ops_dashboard.web.pages.previews import preview
from ops_dashboard.web.pages.reader import is_reader
from ops_dashboard.web.pages.shared import outcome_badge, person, told
from ops_dashboard.web.pages.story import Story, read_story
from ops_dashboard.web.pages.tellings import telling_of
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_SECONDS_WITH_MUCH_OUTPUT = 5.0  # each look reads all of it
_NOTHING_DONE = {Outcome.DENIED, Outcome.REFUSED}


def tab_of(request: PageRequest) -> str:
    """The page in the navigation that a run belongs to."""
    return telling_of(request.path["dag_id"]).tab


@router.page("/runs/{dag_id}/{run_id}", title="Run", needs=None, tab=tab_of)
def run(request: PageRequest) -> Page:
    """Follow a run while it goes on; afterwards tell how it ended.

    Everybody may see what they asked for, and what it took them to approve.
    """
    story = read_story(request, request.path["dag_id"], request.path["run_id"])
    if not is_reader(request, story.asked_by) and not _is_approver(request, story):
        request.require("view:audit")
    telling = telling_of(story.dag_id)
    return Page(
        telling.title(story),
        Live(
            Columns(
                main=(Panel(*_headline(story), *_why(story, request.user.name)), *_said(story)),
                side=Panel(_steps(story, request.user.name)),
            ),
            *_approval(request, story),
            *(_note_of(other, request.user.name) for other in story.others),
            Actions(*telling.ways_on(request, story), *_buttons(request, story)),
            every=1.0 if story.output is None or not story.output.earlier else _SECONDS_WITH_MUCH_OUTPUT,
            done=story.has_ended,
            announce=telling.announcement(story, story.decided) if story.decided else _waiting(story),
        ),
        subject=telling.subject(story),
        lead=_lead(request, story),
    )


def run_url(request: PageRequest, asked: Entry | DagRun) -> str:
    """The address of a run's page."""
    return request.url(run, dag_id=asked.dag_id, run_id=asked.run_id)


def _is_approver(request: PageRequest, story: Story) -> bool:
    entry = story.entry
    if entry is None or entry.approver is None:
        return False
    is_one = access.why_not_member(request.database, request.user.name, entry.approver) is None
    return is_one or is_reader(request, entry.answered_by)


def _said(story: Story) -> tuple[Node, ...]:
    """What a program says as it runs."""
    output = story.output
    if output is None or not (output.lines or output.earlier):
        return ()
    earlier = Text(f"{output.earlier} lines before these are in Airflow's log.", muted=True) if output.earlier else None
    return (Heading("Output"), earlier, Output(output.lines, "Output"))


def _approval(request: PageRequest, story: Story) -> tuple[Node, ...]:
    """What a second person has to look at, and who that may be."""
    approval = story.approval
    if approval is None or not approval.is_open:
        return ()
    why_not = why_not_answer(request, story.asked_by, approval)
    path = {"dag_id": request.path["dag_id"], "run_id": request.path["run_id"]}
    href = request.url("/runs/{dag_id}/{run_id}/answer", **path)
    if why_not is None:
        return (Actions(Button("Approve or reject", href, primary=True)), *preview(approval.parts))
    withdraw = Actions(Button("Withdraw…", href)) if is_reader(request, story.asked_by) else None
    return (Text(why_not), withdraw, *preview(approval.parts))


def why_not_answer(request: PageRequest, asked_by: str | None, approval: Approval) -> str | None:
    """Say why this person's answer would not count; None if it would."""
    if is_reader(request, asked_by):
        return f"You asked for it, so somebody else has to answer: somebody in {approval.group}."
    why_not = access.why_not_member(request.database, request.user.name, approval.group)
    if why_not is None:
        return None
    reason = "" if why_not == f"who is not in {approval.group}" else f" You are somebody {why_not}."
    return f"Somebody in {approval.group} has to answer it.{reason}"


def _note_of(other: Entry, reader: str) -> Note:
    """What else became of the run's id: nearly always that somebody had it executed again."""
    told = f"{other.outcome}, asked by {person(other.actor, reader)}" + (
        f": {other.message} " if other.message else " "
    )
    return Note(Tone.WARN, told, Time(other.at), title="Also on record:")


def _headline(story: Story) -> tuple[Node, ...]:
    entry, telling = story.decided, telling_of(story.dag_id)
    change = telling.change(story)
    if entry is None:
        return (Spread(change, _waiting_badge(story)), Text(_waiting(story), muted=True))
    progress = telling.progress(story, entry) if story.has_changed_something or story.output is not None else ()
    return (Spread(change, outcome_badge(entry)), *progress)


def _waiting_badge(story: Story) -> Badge:
    if story.approver is not None:
        return Badge("Waiting for approval", Tone.BUSY)
    return Badge("No record", Tone.BAD) if story.has_ended else Badge("Waiting", Tone.BUSY)


def _waiting(story: Story) -> str:
    if story.has_ended:
        return "The run ended before it could write a record, so nothing was changed. Airflow's log says why."
    if story.is_held:
        return "The DAG is paused in Airflow, so nothing happens; a request that has waited too long is refused."
    if story.approver is not None:
        return f"Somebody in {story.approver} has to approve it. Nothing is done until then."
    if story.airflow is not None and story.airflow.state == "running":
        return "The task has begun: it checks the request and looks at what is there."
    return "Waiting for Airflow to start the task; that takes about a second."


def _why(story: Story, reader: str) -> tuple[Node, ...]:
    entry, telling = story.decided, telling_of(story.dag_id)
    if entry is None:
        return ()
    trouble = telling.trouble(story)
    if entry.is_running and trouble:
        return (Note(Tone.BAD, trouble, title="Not all can start:"),)
    if entry.message:
        is_mild = entry.outcome in {Outcome.REFUSED, Outcome.UNKNOWN} or entry.cancelled_by is not None
        tone = Tone.WARN if is_mild else Tone.BAD
        return (Note(tone, told(entry, reader), title=_verdict_title(entry.outcome)),)
    return ()


def _verdict_title(outcome: Outcome) -> str:
    return "Nothing was changed:" if outcome in _NOTHING_DONE else ""


def _steps(story: Story, reader: str) -> Steps:
    entry, telling = story.decided, telling_of(story.dag_id)
    effect, *rest = telling.steps
    asked_at = story.airflow.asked_at if story.airflow else story.entry.at if story.entry else None
    requested = Step("Requested", StepState.DONE, at=asked_at)
    if entry is None:
        state = StepState.FAILED if story.has_ended else StepState.NOW
        ahead = "Waiting for approval" if story.approver is not None else "Authorised"
        return Steps(requested, Step(ahead, state), Step(effect, StepState.NEXT))
    if entry.started_at is None:
        verdict = "Failed" if entry.outcome is Outcome.FAILED else entry.outcome.capitalize()
        return Steps(requested, *_answered(entry, reader), Step(verdict, StepState.FAILED, at=entry.finished_at))
    answered = _answered(entry, reader)
    allowed = Step("Allowed", StepState.DONE, f"by {entry.grant}", at=entry.started_at)
    if entry.cancelled_by is not None:
        by = f"by {person(entry.cancelled_by, reader)}"
        return Steps(requested, *answered, allowed, Step("Cancelled", StepState.FAILED, by, at=entry.finished_at))
    if entry.changed_at is None and entry.outcome is not Outcome.SUCCEEDED:
        now = Step(effect, StepState.NOW if entry.is_running else StepState.FAILED, at=entry.finished_at)
        return Steps(requested, *answered, allowed, now, *(Step(each, StepState.NEXT) for each in rest))
    return Steps(requested, *answered, allowed, *telling.taken(story, entry))


def _answered(entry: Entry, reader: str) -> tuple[Step, ...]:
    if entry.answered_by is None:
        return ()
    by = f"by {person(entry.answered_by, reader)}" + (f": “{entry.note}”" if entry.note else "")
    return (Step("Approved" if entry.approved_by else "Answered", StepState.DONE, by, at=entry.answered_at),)


def _lead(request: PageRequest, story: Story) -> Node:
    entry, airflow = story.entry, story.airflow
    who = person(story.asked_by or "nobody", request.user.name)
    at = airflow.asked_at if airflow else entry.at if entry else request.now
    reason = entry.reason if entry else shorten(story.conf.get("reason", ""), MAX_REASON)
    return (f"Asked by {who} ", Time(at), f" · “{reason}”" if reason else "")


def _buttons(request: PageRequest, story: Story) -> tuple[Node, ...]:
    """The ways to what else is known of a run, whatever it did."""
    dag_id, run_id = request.path["dag_id"], request.path["run_id"]
    entry = story.entry
    buttons: list[Node] = []
    if entry is not None and entry.outcome is Outcome.DENIED:
        verb = RunRequest.verb if entry.action == CancelRequest.verb else entry.action
        why = request.url("/access", action=f"{verb}:{entry.resource}", user=entry.actor, run_id=run_id)
        buttons.append(Button("Why?", why, describes="was this denied"))
    if story.airflow is not None:
        path = f"/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"
        buttons.append(Button("Open in Airflow", request.airflow_url(path), outer=True))
    if entry is not None and entry.approver is not None:
        buttons.append(Button("Approvals", request.url("/approvals")))
    buttons.append(Button("In the audit", request.url("/audit", run_id=run_id)))
    return tuple(buttons)

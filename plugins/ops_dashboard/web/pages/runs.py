"""The page of one run: did it work?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote

from ops_dashboard import ledger
from ops_dashboard.acts import MAX_REASON
from ops_dashboard.airflow_role import OPERABLE_DAGS
from ops_dashboard.catalog import CatalogError
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.ledger import Entry, Filter, Outcome
from ops_dashboard.overview import last_touched
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
from ops_dashboard.web.dag_runs import DagRun, is_paused, read_run
from ops_dashboard.web.errors import Problem, not_found
from ops_dashboard.web.pages.shared import outcome_badge, person
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router
from ops_dashboard.workers import PoolStatus
from ops_dashboard.workers.statuses import status_reader

router = Router(prefix="/ops")

_MANY = ledger.MOST_ENTRIES
_NOTHING_DONE = {Outcome.DENIED, Outcome.REFUSED}


@dataclass(frozen=True, slots=True)
class _Story:
    """What is known of a run, from the ledger, from Airflow and from the cluster.

    Attributes:
        entry: The request's record; None until the task has begun.
        replays: Records of the run being executed again.
        airflow: The run in Airflow; None if it is gone or the reader may not see it.
        status: The pool as it is now.
        is_held: Whether Airflow will not begin it, since its DAG is paused.
    """

    entry: Entry | None
    replays: Sequence[Entry]
    airflow: DagRun | None
    status: PoolStatus | None = None
    is_held: bool = False

    @property
    def has_ended(self) -> bool:
        if self.entry is not None:
            return self.entry.outcome is not Outcome.RUNNING
        return self.airflow is not None and self.airflow.has_ended

    @property
    def resource(self) -> str:
        if self.entry is not None:
            return self.entry.resource
        return shorten(self.airflow.conf.get("pool", "")) if self.airflow else ""

    @property
    def asked_by(self) -> str | None:
        if self.entry is not None:
            return self.entry.actor
        return self.airflow.asked_by if self.airflow else None

    @property
    def last_heard(self) -> datetime:
        """When anything was heard of the run; what was seen of the pool before is out of date."""
        if self.entry is not None:
            return last_touched(self.entry)
        return self.airflow.asked_at if self.airflow else datetime.now(UTC)

    @property
    def has_changed_something(self) -> bool:
        return self.entry is not None and self.entry.changed_at is not None


@router.page("/runs/{dag_id}/{run_id}", title="Run", needs=None, tab="/workers")
def run(request: PageRequest) -> Page:
    """Follow a run while it goes on; afterwards tell how it ended. Everybody may see what they asked for."""
    story = _read(request)
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


def _read(request: PageRequest) -> _Story:
    dag_id, run_id = request.path["dag_id"], request.path["run_id"]
    entries = ledger.entries(request.database, Filter(run_id=run_id), limit=_MANY).entries
    found = [entry for entry in entries if entry.dag_id == dag_id]
    airflow: DagRun | None = None
    try:
        airflow = read_run(request.airflow, dag_id, run_id)
    except Problem:
        # Airflow may have forgotten the run, or not show it to this person; the ledger has not forgotten.
        if not found:
            raise
    first, replays = (found[-1], found[-2::-1]) if found else (None, ())
    if first is None and dag_id not in OPERABLE_DAGS:
        raise not_found(f"DAG {shorten(dag_id)} carries out no requests.")
    story = _Story(first, replays, airflow)
    held = first is None and airflow is not None and airflow.state == "queued" and is_paused(request.airflow, dag_id)
    return replace(story, status=_status(story), is_held=held)


def _status(story: _Story) -> PoolStatus | None:
    try:
        pools = current_catalog().pools
    except CatalogError:
        return None  # what happened can be told all the same
    pool = pools.get(story.resource)
    if pool is None:
        return None
    return status_reader().read_beside(pool, pools.values(), story.last_heard).by_pool.get(pool.name)


def _replay_note(replay: Entry) -> Note:
    return Note(Tone.WARN, f"{replay.message} ", Time(replay.at), title="Executed again:")


def _headline(story: _Story) -> tuple[Node, ...]:
    entry = story.entry
    if entry is None:
        wanted = story.airflow.conf.get("replicas") if story.airflow else None
        seen = story.airflow.conf.get("expected") if story.airflow else None
        change: Node = Change(seen if isinstance(seen, int) else None, wanted) if isinstance(wanted, int) else None
        return (Spread(change, _waiting_badge(story)), Text(_waiting(story), muted=True))
    change = Change(entry.before, entry.requested) if entry.requested is not None else None
    return (Spread(change, outcome_badge(entry.outcome)), *_progress(story, entry))


def _waiting_badge(story: _Story) -> Badge:
    return Badge("No record", Tone.BAD) if story.has_ended else Badge("Waiting", Tone.BUSY)


def _waiting(story: _Story) -> str:
    if story.has_ended:
        return "The run ended before it could write a record, so nothing was changed. Airflow's log says why."
    if story.is_held:
        return "The DAG is paused in Airflow, so nothing happens; a request that has waited too long is refused."
    if story.airflow is not None and story.airflow.state == "running":
        return "The task has begun: it checks the request and reads the cluster."
    return "Waiting for Airflow to start the task; that takes about a second."


def _progress(story: _Story, entry: Entry) -> tuple[Node, ...]:
    if not story.has_changed_something or entry.requested is None:
        return ()
    ready = entry.ready if story.has_ended else story.status.ready if story.status else None
    if ready is None:
        return (Text("How many are ready is not known.", muted=True),)
    seconds = f" · {entry.seconds:.0f} s" if story.has_ended and entry.seconds is not None else ""
    tone = Tone.BUSY if not story.has_ended else Tone.OK if entry.outcome is Outcome.SUCCEEDED else Tone.BAD
    caption = f"{ready} of {entry.requested} ready{seconds}"
    return (Progress(min(ready, entry.requested), entry.requested, "Ready workers", caption, tone),)


def _why(story: _Story) -> tuple[Node, ...]:
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


def _steps(story: _Story) -> Steps:
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


def _rollout_step(story: _Story, entry: Entry) -> Step:
    if entry.outcome is Outcome.RUNNING:
        note = f"{story.status.ready} / {entry.requested}" if story.status else None
        return Step("Rolling out", StepState.NOW, note=note)
    if entry.outcome is Outcome.SUCCEEDED:
        return Step("All ready", StepState.DONE, at=entry.finished_at)
    return Step("Not all ready", StepState.FAILED, at=entry.finished_at)


def _announcement(story: _Story) -> str:
    entry = story.entry
    if entry is None:
        return _waiting(story)
    if entry.outcome is Outcome.RUNNING and story.status is not None:
        return f"{story.status.ready} of {entry.requested} ready"
    return f"{entry.outcome.capitalize()}. {entry.message or ''}".strip()


def _lead(request: PageRequest, story: _Story) -> Node:
    entry, airflow = story.entry, story.airflow
    who = person(story.asked_by or "nobody", request.user.name)
    at = airflow.asked_at if airflow else entry.at if entry else request.now
    reason = entry.reason if entry else shorten(airflow.conf.get("reason", ""), MAX_REASON) if airflow else ""
    return (f"Asked by {who} ", Time(at), f" · “{reason}”" if reason else "")


def _buttons(request: PageRequest, story: _Story) -> tuple[Node, ...]:
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

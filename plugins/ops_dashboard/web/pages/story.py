"""What is known of one run, put together for its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ops_dashboard import ledger
from ops_dashboard.acts import (
    OPERATION_TASK_ID,
    ActRequest,
    RequestError,
    RunRequest,
    ScaleRequest,
    parse,
    request_model,
)
from ops_dashboard.catalog import CatalogError
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.ledger import Entry, Value
from ops_dashboard.text import shorten
from ops_dashboard.web.approvals import Approval, read_approval
from ops_dashboard.web.dag_runs import DagRun, is_paused, read_run
from ops_dashboard.web.errors import Problem, not_found
from ops_dashboard.web.pages.reader import is_reader
from ops_dashboard.web.pages.run_records import as_airflow_knows, read_records, told_apart
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.run_output import Output, read_output
from ops_dashboard.workers import PoolStatus
from ops_dashboard.workers.statuses import status_reader

_GONE = 404


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of a run, from the ledger, from Airflow and from the cluster.

    Attributes:
        dag_id: The DAG that carries it out.
        entry: The request's record; None until the task has begun.
        others: What else is on record under the run's id: it was executed again, or the id was used again.
        airflow: The run in Airflow; None if it is gone or the reader may not see it.
        status: The pool as it is now.
        is_held: Whether Airflow will not begin it, since its DAG is paused.
        model: The model of its values; None if the DAG carries out no requests any more.
        approval: What it has put before a second person, as long as it waits.
        output: What a run of an operation has said, if the reader may know.
        typical_seconds: How long such a run usually takes.
    """

    dag_id: str
    entry: Entry | None
    others: Sequence[Entry]
    airflow: DagRun | None
    status: PoolStatus | None = None
    is_held: bool = False
    model: type[ActRequest] | None = None
    approval: Approval | None = None
    output: Output | None = None
    typical_seconds: float | None = None

    @property
    def decided(self) -> Entry | None:
        """The record, once it tells more than that it waits for a second person."""
        return self.entry if self.entry is not None and not self.entry.is_waiting else None

    @property
    def approver(self) -> str | None:
        """The group that it waits for, as long as it does."""
        if self.approval is not None:
            return self.approval.group if self.approval.is_open else None
        if self.entry is None or self.airflow is not None:
            return None
        return self.entry.approver if self.entry.is_waiting else None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen."""
        if self.entry is not None:
            return self.entry.has_ended
        return self.airflow is not None and self.airflow.has_ended

    @property
    def resource(self) -> str:
        """What it is about, such as `ads/bidder`."""
        if self.entry is not None:
            return self.entry.resource
        return shorten(self.model.resource_of(self.conf)) if self.model is not None else ""

    @property
    def verb(self) -> str:
        """What is done to it, such as `scale`."""
        if self.entry is not None:
            return self.entry.action
        return self.model.verb if self.model is not None else ""

    @property
    def conf(self) -> Mapping[str, Any]:
        """The values that the run was given; none once Airflow has forgotten it."""
        return self.airflow.conf if self.airflow else {}

    @property
    def requested(self) -> Value:
        """What is asked for; None if it is nothing acceptable."""
        return self.entry.requested if self.entry is not None else self._asked(lambda asked: asked.requested)

    @property
    def before(self) -> Value:
        """What was there, or what the person saw if nobody has looked, or not yet."""
        if self.entry is not None and (self.entry.before is not None or self.entry.started_at is not None):
            return self.entry.before
        return self._asked(lambda asked: asked.expects)

    def _asked(self, of: Callable[[ActRequest], Value]) -> Value:
        try:
            return of(parse(self.model, self.conf)) if self.model is not None else None
        except RequestError:
            return None  # the task will say what is wrong with it

    @property
    def asked_by(self) -> str | None:
        """The person who asked, by username."""
        if self.entry is not None:
            return self.entry.actor
        return self.airflow.asked_by if self.airflow else None

    @property
    def last_heard(self) -> datetime:
        """When anything was heard of the run; what was seen of the pool before is out of date."""
        if self.entry is not None:
            return self.entry.last_heard
        return self.airflow.asked_at if self.airflow else datetime.now(UTC)

    @property
    def came_to_nothing(self) -> bool:
        """Whether it ended without an effect, though the person had a right to something like it."""
        entry = self.entry
        return entry is not None and entry.has_ended and entry.grant is not None and not self.has_changed_something

    @property
    def has_changed_something(self) -> bool:
        """Whether it had its effect, whatever became of it afterwards."""
        return self.entry is not None and self.entry.changed_at is not None


def read_story(request: PageRequest, dag_id: str, run_id: str) -> Story:
    """Put together what is known of a run.

    Raises:
        Problem: 404 or 403, nothing is known of it, or nothing that this person may know.
    """
    found = read_records(request, dag_id, run_id)
    airflow: DagRun | None = None
    is_gone = False
    try:
        airflow = read_run(request.airflow, dag_id, run_id)
    except Problem as problem:
        # Airflow may have forgotten the run, or not show it to this person; the ledger has not forgotten.
        if not found:
            raise
        is_gone = problem.status == _GONE
    ended = airflow is not None and airflow.has_ended
    if ended and not all(entry.has_ended for entry in found):
        found = read_records(request, dag_id, run_id)  # it may have ended after its records were read
    first, others = told_apart([as_airflow_knows(entry, ended=ended, gone=is_gone) for entry in found])
    model = _model(dag_id)
    if first is None and model is None:
        raise not_found(f"DAG {shorten(dag_id)} carries out no requests.")
    story = Story(dag_id, first, others, airflow, model=model)
    state = airflow.state if airflow is not None and (first is None or first.is_waiting) else ""
    return replace(
        story,
        status=_status(story),
        is_held=state == "queued" and is_paused(request.airflow, dag_id),
        approval=read_approval(request.airflow, dag_id, run_id) if state == "running" else None,
        output=_output(request, story, run_id),
        typical_seconds=_typical_seconds(request, story),
    )


def _typical_seconds(request: PageRequest, story: Story) -> float | None:
    if story.verb != RunRequest.verb or story.has_ended:
        return None
    return ledger.typical_seconds(request.database, story.verb, story.resource)


def _model(dag_id: str) -> type[ActRequest] | None:
    try:
        return request_model(dag_id)
    except CatalogError:
        return None  # what happened can be told all the same


def _output(request: PageRequest, story: Story, run_id: str) -> Output | None:
    if story.verb != RunRequest.verb or story.airflow is None or story.entry is None or story.entry.started_at is None:
        return None
    # What a script says is for who works with it: more than a record is, and nobody has looked at what is in it.
    if not is_reader(request, story.entry.actor) and not request.may(f"{RunRequest.verb}:{story.resource}"):
        return None
    try:
        return read_output(request.airflow, story.dag_id, run_id, OPERATION_TASK_ID)
    except Problem:
        return None  # its log may be gone, or not be this person's to read


def _status(story: Story) -> PoolStatus | None:
    if story.verb != ScaleRequest.verb:
        return None
    try:
        pools = current_catalog().pools
    except CatalogError:
        return None  # what happened can be told all the same
    pool = pools.get(story.resource)
    if pool is None:
        return None
    return status_reader().read_beside(pool, pools.values(), story.last_heard).by_pool.get(pool.name)

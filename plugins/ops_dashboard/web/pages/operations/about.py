"""What stands beside the form of an operation: what it is, who answers for it, how it last went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops_dashboard import ledger
from ops_dashboard.acts import RunRequest, operation_dag_id
from ops_dashboard.catalog import Operation, UnknownOperationError
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.ledger import Entry
from ops_dashboard.overview.operations import OperationView, view_operations
from ops_dashboard.parameters import text_of
from ops_dashboard.text import shorten
from ops_dashboard.web.components import (
    Column,
    Empty,
    Facts,
    Heading,
    Link,
    Node,
    Note,
    Panel,
    Stacked,
    Table,
    Text,
    Time,
    Tone,
)
from ops_dashboard.web.errors import Problem, not_found
from ops_dashboard.web.pages.asking import switched_off
from ops_dashboard.web.pages.operations import words
from ops_dashboard.web.pages.runs import run_url
from ops_dashboard.web.pages.shared import outcome_badge, person
from ops_dashboard.web.pages.values import recorded_in_short
from ops_dashboard.web.pages.waiting import waiting_notes
from ops_dashboard.web.request import PageRequest

_RECENT = 5


@dataclass(frozen=True, slots=True)
class About:
    """What is known of an operation and of the reader's right to it.

    Attributes:
        usually: Seconds that it usually takes; None if it never succeeded.
    """

    request: PageRequest
    seen: OperationView
    usually: float | None

    @property
    def operation(self) -> Operation:
        """It itself."""
        return self.seen.operation


def about(request: PageRequest) -> About:
    """Look at the operation of the request's path.

    Raises:
        Problem: There is none of that name.
    """
    operation = operation_of(request)
    (seen,) = view_operations(request.database, request.user.name, [operation], recent=_RECENT)
    usually = ledger.typical_seconds(request.database, RunRequest.verb, operation.name)
    request.release_database()  # what follows waits for others: Airflow, the database that choices come from
    return About(request, seen, usually)


def operation_of(request: PageRequest) -> Operation:
    """Return the operation of the request's path.

    Raises:
        Problem: There is none of that name.
    """
    try:
        return current_catalog().operation(request.path["name"])
    except UnknownOperationError as error:
        raise not_found(f"{error}.") from error


def warnings(known: About, asked: RunRequest | None = None) -> tuple[Note, ...]:
    """Why running it now would come to nothing, and what waits already.

    Args:
        known: The operation.
        asked: What is asked for, once it is known: with other values it may run at the same time.
    """
    waiting = waiting_notes(known.request, RunRequest.verb, known.operation.name)
    return (*_held(known), *_going_on(known, asked), *waiting)


def _held(known: About) -> tuple[Note, ...]:
    dag_id = operation_dag_id(known.operation)
    try:
        return switched_off(known.request, dag_id)
    except Problem as problem:
        text = f"Airflow tells nothing of DAG {dag_id}, which carries it out: {problem.text.rstrip('.')}."
        return (Note(Tone.WARN, text, title="It may not run now:"),)


def _going_on(known: About, asked: RunRequest | None) -> tuple[Note, ...]:
    per, which = known.operation.concurrency.per, ""
    running: Sequence[Entry] = known.seen.running if per is None else ()
    if per is not None and asked is not None:
        running = [entry for entry in known.seen.running if asked.is_held_by(entry.requested)]
        which = f" for {shorten(text_of(asked.parameters[per])) or 'no value'}"
    if len(running) < known.operation.concurrency.limit:
        return ()
    last = running[0]
    link = Link("its run", run_url(known.request, last))
    who = person(last.actor, known.request.user.name)
    text = (f"{words.at_once(known.operation)}, and one{which} asked for by {who} has not ended: see ", link)
    return (Note(Tone.WARN, *text, ". Until then another one is refused.", title="Running now:"),)


def beside(known: About) -> tuple[Node, ...]:
    """The facts and the recent runs."""
    if not known.seen.decision.allowed and not known.request.may("view:audit"):
        return (Panel(_facts(known)),)
    return (Panel(_facts(known)), Heading("Recent runs"), Panel(_recent(known), flush=True), _more(known))


def _facts(known: About) -> Facts:
    operation = known.operation
    grant = known.seen.decision.grant
    right = ("Your right", str(grant)) if known.seen.decision.allowed else ("Who may", _who_may(known))
    return Facts(
        ("Owner", operation.owner),
        words.what_runs(known.request, operation),
        *([("Usually takes", words.duration(known.usually))] if known.usually is not None else []),
        ("Ends after", words.time_limit(operation)),
        ("At once", words.at_once(operation)),
        ("After a failure", words.retries(operation)),
        ("Approval", words.approval(operation)),
        right,
        *([("Tags", ", ".join(operation.tags))] if operation.tags else []),
    )


def _who_may(known: About) -> Node:
    return ", ".join(known.seen.may) or "nobody"


def _recent(known: About) -> Table:
    request = known.request
    rows = [
        (
            Stacked(
                Link(recorded_in_short(entry.requested) or "no values", run_url(request, entry)),
                entry.reason,
            ),
            Stacked(person(entry.actor, request.user.name), Time(entry.at)),
            outcome_badge(entry),
        )
        for entry in known.seen.recent
    ]
    columns = (Column("With"), Column("By", width=30), Column("Outcome", width=25))
    return Table(columns, rows, "Recent runs", Empty("No run is on record yet."))


def _more(known: About) -> Node:
    if not known.seen.recent or not known.request.may("view:audit"):
        return None
    return Text(Link("All requests, also those denied", known.request.url("/audit", resource=known.operation.name)))

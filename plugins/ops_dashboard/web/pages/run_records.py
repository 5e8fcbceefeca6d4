"""What the ledger tells of one run: of several records which is the one that counts, and whose task was lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ops_dashboard import ledger
from ops_dashboard.acts import EXECUTED_BEFORE
from ops_dashboard.ledger import Entry, Filter, Outcome
from ops_dashboard.web.request import PageRequest


def read_records(request: PageRequest, dag_id: str, run_id: str) -> list[Entry]:
    """Read all of a run's id, the newest first."""
    entries = ledger.entries(request.database, Filter(run_id=run_id), limit=ledger.MOST_ENTRIES).entries
    request.release_database()
    return [entry for entry in entries if entry.dag_id == dag_id]


def told_apart(found: Sequence[Entry]) -> tuple[Entry | None, Sequence[Entry]]:
    """Tell the record of what was carried out from the others; or of what was asked last, if nothing was.

    Args:
        found: All records of the run's id, the newest first.

    Returns:
        That record, and the others, the oldest first.
    """
    started = [entry for entry in found if entry.started_at]
    asked = [entry for entry in found if not is_replay(entry.message or "")]
    first = next(iter([*started, *asked, *found]), None)
    return first, [entry for entry in reversed(found) if entry is not first]


def is_replay(message: str) -> bool:
    """Whether a refusal tells that nobody asked: an earlier request was executed again."""
    return EXECUTED_BEFORE in message


def as_airflow_knows(entry: Entry, *, ended: bool, gone: bool) -> Entry:
    """Tell of a task that is gone without having written how it ended: it was killed, or its machine was.

    Args:
        entry: Its record.
        ended: Whether its run has ended in Airflow.
        gone: Whether Airflow has no such run any more.
    """
    is_over = ended or (gone and entry.is_waiting)
    if entry.finished_at is None and (entry.outcome is Outcome.UNKNOWN or (is_over and not entry.has_ended)):
        return _lost(entry)
    return entry


def _lost(entry: Entry) -> Entry:
    if entry.started_at is None:
        how = "ended in Airflow while it waited for approval"
        if entry.answered_at is not None:
            how = "answered, but its task was lost before anything was done"
        message = f"It was {how}; ask anew."
        return replace(entry, outcome=Outcome.REFUSED, message=message)
    if entry.changed_at is None:
        lost = "The task was lost, and whether anything was changed is not known."
    else:
        change = f"the change to {entry.after}" if entry.after is not None else "the change"
        lost = f"The task was lost after {change} had been made, so nobody watched what came of it."
    message = f"{lost} Look at what is there before asking again."
    return replace(entry, outcome=Outcome.UNKNOWN, message=message)

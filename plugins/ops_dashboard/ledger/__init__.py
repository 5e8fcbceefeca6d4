"""What happened: the append-only, hash-chained record of every request, in the table `ops.ledger`."""

from __future__ import annotations

from ops_dashboard.ledger.latest import answered, last_changes, last_started, running, typical_seconds, waiting
from ops_dashboard.ledger.models import Details, Entry, Event, Filter, Outcome, Page, Request, Value
from ops_dashboard.ledger.reading import entries
from ops_dashboard.ledger.rows import MOST_ENTRIES
from ops_dashboard.ledger.verifying import Verification, verify
from ops_dashboard.ledger.writing import AlreadyDoneError, append, waiting_of_run

__all__ = [
    "MOST_ENTRIES",
    "AlreadyDoneError",
    "Details",
    "Entry",
    "Event",
    "Filter",
    "Outcome",
    "Page",
    "Request",
    "Value",
    "Verification",
    "answered",
    "append",
    "entries",
    "last_changes",
    "last_started",
    "running",
    "typical_seconds",
    "verify",
    "waiting",
    "waiting_of_run",
]

"""What happened: the append-only, hash-chained record of every request, in the table `ops.ledger`."""

from __future__ import annotations

from ops_dashboard.ledger.models import Details, Entry, Event, Filter, Outcome, Page, Request, Value
from ops_dashboard.ledger.reading import (
    MOST_ENTRIES,
    entries,
    last_changes,
    last_started,
    typical_seconds,
    waiting,
)
from ops_dashboard.ledger.verifying import Verification, verify
from ops_dashboard.ledger.writing import AlreadyStartedError, append, taken_up

__all__ = [
    "MOST_ENTRIES",
    "AlreadyStartedError",
    "Details",
    "Entry",
    "Event",
    "Filter",
    "Outcome",
    "Page",
    "Request",
    "Value",
    "Verification",
    "append",
    "entries",
    "last_changes",
    "last_started",
    "taken_up",
    "typical_seconds",
    "verify",
    "waiting",
]

"""How a request is read from the database."""

from __future__ import annotations

from typing import Any

from ops_dashboard.ledger.models import Entry, Outcome

MOST_ENTRIES = 1000
"""What one query gives at most."""

ENTRY_COLUMNS = """requests.request_id, requests.seq, requests.dag_id, requests.run_id, requests.actor,
       requests.action, requests.resource, requests.reason, requests.outcome, requests.details, requests.at,
       requests.answered_at, requests.started_at, requests.changed_at, requests.finished_at"""

_VALUE = (int, float, str, bool)
_KINDS: dict[str, tuple[type, ...]] = {
    "before": _VALUE,
    "requested": _VALUE,
    "after": _VALUE,
    "ready": (int,),
    "seconds": (int, float),
    "message": (str,),
    "grant": (str,),
    "approver": (str,),
    "within": (int, float),
    "answered_by": (str,),
    "note": (str,),
    "approved_by": (str,),
    "cancelled_by": (str,),
    "script": (str,),
    "bundle": (str,),
}


def entry_of(row: dict[str, Any]) -> Entry:
    """Return the request in a row that has ENTRY_COLUMNS."""
    details = row.pop("details")
    # What is of no kind it can be, however it came there, must not keep everybody from all the rest.
    usable: dict[str, Any] = {
        name: details.get(name) if isinstance(details.get(name), kinds) else None for name, kinds in _KINDS.items()
    }
    return Entry(**{**row, "outcome": Outcome(row["outcome"])}, **usable)

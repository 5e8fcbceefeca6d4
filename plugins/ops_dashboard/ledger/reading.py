"""Read the ledger, one entry for each request. Every query begins at an index: the ledger only grows."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import dict_row

from ops_dashboard.ledger.models import Entry, Filter, Outcome, Page
from ops_dashboard.text import shown

if TYPE_CHECKING:
    import psycopg

MOST_ENTRIES = 1000
"""What `entries` gives at most in one page."""

_ENTRY_COLUMNS = """requests.request_id, requests.seq, requests.dag_id, requests.run_id, requests.actor,
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
    "script": (str,),
    "bundle": (str,),
}

# Each row carries its whole request, so one condition on any of its rows finds the request.
_SOME = sql.SQL("(SELECT DISTINCT opened FROM ops.ledger WHERE {} ORDER BY opened DESC LIMIT %(limit)s)")
_PAGE = sql.SQL(f"""
WITH page AS MATERIALIZED (
    SELECT opened FROM ({{some}}) AS found ORDER BY opened DESC LIMIT %(limit)s
)
SELECT {_ENTRY_COLUMNS}
  FROM page JOIN ops.requests ON requests.seq = page.opened
 ORDER BY requests.seq DESC
""")  # noqa: S608 - constants

_CONDITIONS = {
    "actor": "actor = %(actor)s",
    "action": "action = %(action)s",
    "resource": "resource = %(resource)s",
    "run_id": "run_id = %(run_id)s",
    "text": "words @@ ops.search_query(%(text)s)",
    # Times sort as numbers do, so a time is a bound of the number, which every index has.
    "since": "opened >= (SELECT seq FROM ops.ledger WHERE at >= %(since)s ORDER BY at, seq LIMIT 1)",
    "until": "opened < coalesce((SELECT seq FROM ops.ledger WHERE at >= %(until)s ORDER BY at, seq LIMIT 1),"
    " 9223372036854775807)",
    "waiting": "opened IN (SELECT opened FROM ops.open_requests"
    " WHERE NOT has_started AND deadline > statement_timestamp())",
    "cursor": "opened < %(cursor)s",
}
# What meets one of an outcome's conditions has it. Each is looked for by itself, in the order of an index.
_OUTCOME_CONDITIONS: Mapping[Outcome, Sequence[str]] = {
    Outcome.RUNNING: ("opened IN (SELECT opened FROM ops.open_requests WHERE deadline > statement_timestamp())",),
    Outcome.UNKNOWN: (
        "event = 'unknown'",
        "opened IN (SELECT opened FROM ops.open_requests WHERE deadline <= statement_timestamp() AND has_started)",
    ),
    Outcome.REFUSED: (
        "event = 'refused'",
        "opened IN (SELECT opened FROM ops.open_requests WHERE deadline <= statement_timestamp() AND NOT has_started)",
    ),
}
_ENDED_CONDITIONS = ("event = %(outcome)s",)

# By when they began, not by when they were asked for: some wait for a second person in between.
_LAST_CHANGES = f"""
SELECT {_ENTRY_COLUMNS}
  FROM unnest(%(resources)s::text[]) AS asked (resource)
 CROSS JOIN LATERAL (
    SELECT requests.*, began.seq AS began FROM ops.ledger AS began JOIN ops.requests ON requests.seq = began.opened
     WHERE began.action = %(action)s AND began.resource = asked.resource AND began.event = 'started'
       AND (requests.changed_at IS NOT NULL OR requests.outcome IN ('running', 'unknown'))
     ORDER BY began.seq DESC LIMIT %(per_resource)s
 ) AS requests
 ORDER BY requests.began DESC
"""  # noqa: S608 - constants

_LAST_STARTED = f"""
SELECT {_ENTRY_COLUMNS}
  FROM unnest(%(resources)s::text[]) AS asked (resource)
 CROSS JOIN LATERAL (
    SELECT seq, opened FROM ops.ledger
     WHERE ledger.action = %(action)s AND ledger.resource = asked.resource AND ledger.event = 'started'
     ORDER BY seq DESC LIMIT %(per_resource)s
 ) AS began
  JOIN ops.requests ON requests.seq = began.opened
 ORDER BY began.seq DESC
"""  # noqa: S608 - constants

_RUNNING = f"""
SELECT {_ENTRY_COLUMNS}
  FROM ops.open_requests JOIN ops.requests ON requests.seq = open_requests.opened
 WHERE open_requests.has_started AND open_requests.deadline > statement_timestamp()
   AND requests.action = %(action)s AND requests.resource = coalesce(%(resource)s, requests.resource)
 ORDER BY requests.seq DESC LIMIT {MOST_ENTRIES}
"""  # noqa: S608 - constants

_ANSWERED = f"""
SELECT {_ENTRY_COLUMNS}
  FROM ((SELECT seq, opened FROM ops.ledger
          WHERE event = 'answered' AND lower(actor) = %(person)s ORDER BY opened DESC LIMIT %(limit)s)
        UNION
        (SELECT seq, opened FROM ops.ledger
          WHERE event = 'answered' AND lower(details ->> 'answered_by') = %(person)s
          ORDER BY opened DESC LIMIT %(limit)s)
        ORDER BY opened DESC LIMIT %(limit)s) AS answer
  JOIN ops.requests ON requests.seq = answer.opened
 ORDER BY answer.seq DESC
"""  # noqa: S608 - constants

_WAITING = f"""
SELECT {_ENTRY_COLUMNS}
  FROM ops.open_requests JOIN ops.requests ON requests.seq = open_requests.opened
 WHERE NOT open_requests.has_started AND open_requests.deadline > statement_timestamp()
 ORDER BY requests.seq LIMIT {MOST_ENTRIES}
"""  # noqa: S608 - constants

# However seldom it succeeds, no more than its last runs are looked at.
_TYPICAL_SECONDS = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM recent.took))
  FROM (
    SELECT ended.at - began.at AS took
      FROM (
        SELECT seq, opened, at FROM ops.ledger
         WHERE action = %(action)s AND resource = %(resource)s AND event = 'started'
         ORDER BY seq DESC LIMIT 200
      ) AS began
     CROSS JOIN LATERAL (
        SELECT at FROM ops.ledger WHERE opened = began.opened AND event = 'succeeded' LIMIT 1
     ) AS ended
     ORDER BY began.seq DESC LIMIT 20
  ) AS recent
"""


def entries(
    connection: psycopg.Connection,
    filter: Filter,  # noqa: A002 - that is what it is
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """List requests, newest first.

    Args:
        connection: Its transaction sees what is committed now.
        filter: Which ones.
        limit: How many at most, from 1 to `MOST_ENTRIES`.
        cursor: `next` of the page before.

    Raises:
        ValueError: The limit or the cursor is none that is accepted.
    """
    if not 1 <= limit <= MOST_ENTRIES:
        raise ValueError(f"limit: {limit} is not from 1 to {MOST_ENTRIES}")
    values = {name: value for name, value in asdict(filter).items() if value not in (None, False)}
    if cursor is not None:
        values["cursor"] = _decoded(cursor)
    conditions = [sql.SQL(_CONDITIONS[name]) for name in values if name != "outcome"]
    alternatives = map(sql.SQL, _alternatives(filter.outcome))
    some = [_SOME.format(sql.SQL(" AND ").join([*conditions, each])) for each in alternatives]
    query = _PAGE.format(some=sql.SQL(" UNION ALL ").join(some))
    # Never prepared: the best plan depends on the values, from a frequent actor to a word that occurs once.
    rows = (
        connection.cursor(row_factory=dict_row).execute(query, values | {"limit": limit + 1}, prepare=False).fetchall()
    )
    found = tuple(map(_entry, rows[:limit]))
    return Page(found, _encoded(found[-1].seq) if len(rows) > limit else None)


def last_changes(
    connection: psycopg.Connection, action: str, resources: Sequence[str], per_resource: int = 1
) -> dict[str, tuple[Entry, ...]]:
    """Return for each resource its last requests that changed something, are running, or may have, newest first.

    Only those of one action count: a pool and a setting may have the same name.
    """
    values = {"action": action, "resources": list(resources), "per_resource": per_resource}
    return _by_resource(connection, _LAST_CHANGES, values)


def last_started(
    connection: psycopg.Connection, action: str, resources: Sequence[str], per_resource: int = 1
) -> dict[str, tuple[Entry, ...]]:
    """Return for each resource the last requests of an action that began, whatever came of them, newest first."""
    values = {"action": action, "resources": list(resources), "per_resource": per_resource}
    return _by_resource(connection, _LAST_STARTED, values)


def running(connection: psycopg.Connection, action: str, resource: str | None = None) -> tuple[Entry, ...]:
    """Return the requests of an action that have started and not ended, the newest first, also those for one resource.

    No more than `MOST_ENTRIES`.
    """
    values = {"action": action, "resource": resource}
    return tuple(map(_entry, connection.cursor(row_factory=dict_row).execute(_RUNNING, values)))


def waiting(connection: psycopg.Connection) -> tuple[Entry, ...]:
    """Return the requests that wait for somebody's approval, the oldest first; no more than `MOST_ENTRIES`."""
    rows = connection.cursor(row_factory=dict_row).execute(_WAITING)
    return tuple(map(_entry, rows))


def answered(connection: psycopg.Connection, person: str, limit: int = 10) -> tuple[Entry, ...]:
    """Return the last requests that a person answered, or that were answered to them, the newest answer first."""
    rows = connection.cursor(row_factory=dict_row).execute(_ANSWERED, {"person": person.lower(), "limit": limit})
    return tuple(map(_entry, rows))


def typical_seconds(connection: psycopg.Connection, action: str, resource: str) -> float | None:
    """Return how long it usually takes: the median of its last up to 20 successes; None if it never succeeded."""
    row = connection.execute(_TYPICAL_SECONDS, {"action": action, "resource": resource}).fetchone()
    return float(row[0]) if row is not None and row[0] is not None else None


def _by_resource(connection: psycopg.Connection, query: str, values: dict[str, Any]) -> dict[str, tuple[Entry, ...]]:
    rows = connection.cursor(row_factory=dict_row).execute(query, values)
    found: dict[str, tuple[Entry, ...]] = dict.fromkeys(values["resources"], ())
    for entry in map(_entry, rows):
        found[entry.resource] += (entry,)
    return found


def _alternatives(outcome: Outcome | None) -> Sequence[str]:
    return ("true",) if outcome is None else _OUTCOME_CONDITIONS.get(outcome, _ENDED_CONDITIONS)


def _entry(row: dict[str, Any]) -> Entry:
    details = row.pop("details")
    # What is of no kind it can be, however it came there, must not keep everybody from all the rest.
    usable: dict[str, Any] = {
        name: details.get(name) if isinstance(details.get(name), kinds) else None for name, kinds in _KINDS.items()
    }
    return Entry(**{**row, "outcome": Outcome(row["outcome"])}, **usable)


def _encoded(seq: int) -> str:
    return urlsafe_b64encode(f"before {seq}".encode()).decode().rstrip("=")


def _decoded(cursor: str) -> int:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    match = re.fullmatch(r"before (\d{1,18})", text, re.ASCII)
    if match is None:
        raise ValueError(
            f"cursor: {shown(cursor)} is not the `next` of a page; leave it out to begin with the newest entry"
        )
    return int(match[1])

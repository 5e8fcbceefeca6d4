"""What goes on, and what came last: short questions to the ledger, which only grows. Each begins at an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from ops_dashboard.ledger.rows import ENTRY_COLUMNS, MOST_ENTRIES, entry_of

if TYPE_CHECKING:
    import psycopg

    from ops_dashboard.ledger.models import Entry

# By when they began, not by when they were asked for: some wait for a second person in between.
_LAST_CHANGES = f"""
SELECT {ENTRY_COLUMNS}
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
SELECT {ENTRY_COLUMNS}
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
SELECT {ENTRY_COLUMNS}
  FROM ops.open_requests JOIN ops.requests ON requests.seq = open_requests.opened
 WHERE open_requests.has_started AND open_requests.deadline > statement_timestamp()
   AND requests.action = %(action)s AND requests.resource = coalesce(%(resource)s, requests.resource)
 ORDER BY requests.seq DESC LIMIT {MOST_ENTRIES}
"""  # noqa: S608 - constants

_ANSWERED = f"""
SELECT {ENTRY_COLUMNS}
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
SELECT {ENTRY_COLUMNS}
  FROM ops.open_requests JOIN ops.requests ON requests.seq = open_requests.opened
 WHERE NOT open_requests.has_started AND open_requests.deadline > statement_timestamp()
   AND requests.answered_at IS NULL
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
    return tuple(map(entry_of, connection.cursor(row_factory=dict_row).execute(_RUNNING, values)))


def waiting(connection: psycopg.Connection) -> tuple[Entry, ...]:
    """Return the requests that wait for somebody's approval, the oldest first; no more than `MOST_ENTRIES`."""
    rows = connection.cursor(row_factory=dict_row).execute(_WAITING)
    return tuple(map(entry_of, rows))


def answered(connection: psycopg.Connection, person: str, limit: int = 10) -> tuple[Entry, ...]:
    """Return the last requests that a person answered, or that were answered to them, the newest answer first."""
    rows = connection.cursor(row_factory=dict_row).execute(_ANSWERED, {"person": person.lower(), "limit": limit})
    return tuple(map(entry_of, rows))


def typical_seconds(connection: psycopg.Connection, action: str, resource: str) -> float | None:
    """Return how long it usually takes: the median of its last up to 20 successes; None if it never succeeded."""
    row = connection.execute(_TYPICAL_SECONDS, {"action": action, "resource": resource}).fetchone()
    return float(row[0]) if row is not None and row[0] is not None else None


def _by_resource(connection: psycopg.Connection, query: str, values: dict[str, Any]) -> dict[str, tuple[Entry, ...]]:
    rows = connection.cursor(row_factory=dict_row).execute(query, values)
    found: dict[str, tuple[Entry, ...]] = dict.fromkeys(values["resources"], ())
    for entry in map(entry_of, rows):
        found[entry.resource] += (entry,)
    return found

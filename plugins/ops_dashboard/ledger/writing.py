"""Append to the ledger. There is no other way to write: the database refuses it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ops_dashboard.ledger.models import Event, Request

if TYPE_CHECKING:
    import psycopg

    from ops_dashboard.ledger.models import Details, Value

_LONGEST_NAME = 250
_LONGEST_TEXT = 2000
_LONGEST_VALUE = 100_000
"""More than all values of a request may be together, and more than a script's result may be."""
_LARGEST_NUMBER = 1e300  # either way; as the table has it

_APPEND = """
SELECT ops.ledger_append(%(request_id)s, %(event)s, %(actor)s, %(action)s, %(resource)s, %(dag_id)s, %(run_id)s,
    %(task_id)s, %(reason)s, clock_timestamp() + %(time_limit)s::interval, %(details)s)
"""


_WAITING_OF_RUN = """
SELECT ledger.request_id, ledger.actor, ledger.action, ledger.resource, ledger.dag_id, ledger.run_id, ledger.task_id,
       ledger.reason
  FROM ops.open_requests JOIN ops.ledger ON ledger.seq = open_requests.opened
 WHERE NOT open_requests.has_started AND (dag_id, run_id, task_id) = (%(dag_id)s, %(run_id)s, %(task_id)s)
 ORDER BY ledger.seq DESC
"""


class AlreadyDoneError(Exception):
    """Another execution has started the DAG run's task, or taken up the answer, before; nothing was written."""


def append(connection: psycopg.Connection, request: Request, event: Event, details: Details) -> int:
    """Append one step of a request; the caller commits, and soon: other writers wait until then.

    Repeating a step that is recorded already, because the answer to its commit was lost, changes nothing. Texts that
    are too long are cut, characters that PostgreSQL can't hold are written as escapes, numbers beyond all measure as
    texts: no record is lost over a value.

    Returns:
        The entry's number; the first is 1, there are no gaps.

    Raises:
        AlreadyDoneError: On `started`, if the run's task has started before; on `waiting` and `answered`, if that was
            written before.
        ValueError: `waiting` or `started` without a time limit.
        psycopg.Error: It was not written: the database is down, another writer hangs, or the step can't follow the
            earlier ones.
    """
    goes_on = event in {Event.WAITING, Event.STARTED}
    if goes_on and details.time_limit is None:
        raise ValueError(f"a request can't be {event} without a time limit")
    content = {name: value for name, value in asdict(details).items() if value is not None and name != "time_limit"}
    row = connection.execute(
        _APPEND,
        _texts(request)
        | {
            "request_id": request.request_id,
            "event": event.value,
            "time_limit": details.time_limit if goes_on else None,
            "details": Jsonb({name: _storable_value(value, _longest(name)) for name, value in content.items()}),
        },
    ).fetchone()
    if row is None or row[0] is None:
        raise AlreadyDoneError(f"{event}: task {request.task_id} of run {request.run_id} has come to that before")
    return int(row[0])


def waiting_of_run(connection: psycopg.Connection, request: Request) -> tuple[Request, ...]:
    """Return what a run's task has put before a second person, the newest first; after the deadline too.

    That there are several, or one of somebody else, comes from a run that was deleted and whose id was used again.
    """
    cursor = connection.cursor(row_factory=class_row(Request))
    return tuple(cursor.execute(_WAITING_OF_RUN, _texts(request)).fetchall())


def _texts(request: Request) -> dict[str, str]:
    texts = {name: _storable(value, _LONGEST_NAME) for name, value in asdict(request).items() if isinstance(value, str)}
    return texts | {"reason": _storable(request.reason, _LONGEST_TEXT)}


def _longest(name: str) -> int:
    return _LONGEST_VALUE if name in {"before", "requested", "expected", "after"} else _LONGEST_TEXT


def _storable_value(value: Value, longest: int) -> Value:
    if isinstance(value, int | float) and not abs(value) <= _LARGEST_NUMBER:  # nor is what is no number
        return _storable(str(value), _LONGEST_NAME)
    return _storable(value, longest) if isinstance(value, str) else value


def _storable(text: str, longest: int) -> str:
    # JSON can carry NUL and lone surrogates, PostgreSQL's text can't.
    clean = text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
    return clean if len(clean) <= longest else f"{clean[: longest - 1]}…"

"""List the ledger, filtered and page by page. Every query begins at an index: the ledger only grows."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.rows import dict_row

from ops_dashboard.ledger.models import Filter, Outcome, Page
from ops_dashboard.ledger.rows import ENTRY_COLUMNS, MOST_ENTRIES, entry_of
from ops_dashboard.text import shown

if TYPE_CHECKING:
    import psycopg

# Each row carries its whole request, so one condition on any of its rows finds the request.
_SOME = sql.SQL("(SELECT DISTINCT opened FROM ops.ledger WHERE {} ORDER BY opened DESC LIMIT %(limit)s)")
_PAGE = sql.SQL(f"""
WITH page AS MATERIALIZED (
    SELECT opened FROM ({{some}}) AS found ORDER BY opened DESC LIMIT %(limit)s
)
SELECT {ENTRY_COLUMNS}
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
    "waiting": "opened IN (SELECT opened FROM ops.open_requests AS open"
    " WHERE NOT has_started AND deadline > statement_timestamp()"
    " AND NOT EXISTS (SELECT FROM ops.ledger AS step WHERE step.opened = open.opened AND step.event = 'answered'))",
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
    found = tuple(map(entry_of, rows[:limit]))
    return Page(found, _encoded(found[-1].seq) if len(rows) > limit else None)


def _alternatives(outcome: Outcome | None) -> Sequence[str]:
    return ("true",) if outcome is None else _OUTCOME_CONDITIONS.get(outcome, _ENDED_CONDITIONS)


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

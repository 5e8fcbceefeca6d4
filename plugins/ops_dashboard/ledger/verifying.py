"""Verify the ledger's chain: whether somebody changed what is in it, past all guards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

# The hash is computed here, not by `ops.ledger_hash`: who could change rows could change that function too.
_WALK = """
WITH walked AS (
    SELECT seq, row_number() OVER chain AS place, hash,
           prev_hash = coalesce(lag(hash) OVER chain, sha256('')) AS follows,
           hash = sha256(prev_hash || convert_to(jsonb_build_array(
               seq, opened, step, to_char(at AT TIME ZONE 'UTC', %(format)s), request_id, event, actor, action,
               resource, dag_id, run_id, task_id, reason, to_char(deadline AT TIME ZONE 'UTC', %(format)s),
               details)::text, 'UTF8')) AS fits
      FROM ops.ledger
    WINDOW chain AS (ORDER BY seq)
)
SELECT (SELECT count(*) FROM ops.ledger),
       encode((SELECT hash FROM ops.ledger ORDER BY seq DESC LIMIT 1), 'hex'),
       EXISTS (SELECT FROM ops.ledger WHERE hash = decode(%(kept)s, 'hex')),
       broken.seq, broken.place, broken.follows
  FROM (VALUES (1)) AS once
  LEFT JOIN LATERAL (
      SELECT * FROM walked WHERE (seq = place AND follows AND fits) IS NOT TRUE ORDER BY seq LIMIT 1
  ) AS broken ON true
"""
_FORMAT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


@dataclass(frozen=True, slots=True)
class Verification:
    """What the chain comes to, at one moment.

    Attributes:
        count: How many rows the ledger has, one for each step of a request.
        head: Hash of the newest row, in hexadecimal digits; None if there is none. Kept elsewhere, it shows later
            whether the chain up to here was rewritten as a whole, or cut off before.
        first_break: What is wrong with the first row that does not follow from those before; None if each does.
        has_kept: Whether a row has the hash that was kept.
    """

    count: int
    head: str | None
    first_break: str | None
    has_kept: bool


def verify(connection: psycopg.Connection, kept: str | None = None) -> Verification:
    """Walk the whole chain, in the database.

    Args:
        connection: Of anybody who may read the ledger.
        kept: A head that was seen before, in hexadecimal digits.
    """
    row = connection.execute(_WALK, {"format": _FORMAT, "kept": kept}).fetchone()
    assert row is not None  # noqa: S101 - the query always returns one
    count, head, has_kept, seq, place, follows = row
    return Verification(count, head, None if seq is None else _told(seq, place, follows=follows), has_kept)


def _told(seq: int, place: int, *, follows: bool) -> str:
    if seq != place:
        return f"row {place} is missing"
    return f"row {seq} was changed" if follows else f"row {seq} does not follow from row {seq - 1}"

"""Runs that somebody has asked to end. The ledger tells of it as of every act; this is where a run looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

_ASK = "INSERT INTO ops.cancellations (dag_id, run_id, asked_by) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_FIND = "SELECT asked_by FROM ops.cancellations WHERE dag_id = %s AND run_id = %s"


def cancel(connection: psycopg.Connection, dag_id: str, run_id: str, by: str) -> None:
    """Ask a run to end; asking again changes nothing. The caller commits."""
    connection.execute(_ASK, (dag_id, run_id, by))


def cancelled_by(connection: psycopg.Connection, dag_id: str, run_id: str) -> str | None:
    """Name who has asked a run to end, if anybody has."""
    row = connection.execute(_FIND, (dag_id, run_id)).fetchone()
    return row[0] if row is not None else None

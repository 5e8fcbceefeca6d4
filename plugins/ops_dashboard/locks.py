"""Not more acts at a time on each resource than it bears, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg


class ResourceLockedError(Exception):
    """Others hold the resource."""


@contextmanager
def resource_lock(connection: psycopg.Connection, resource: str, holders: int = 1) -> Iterator[None]:
    """Hold a resource without waiting for it, as one of at most `holders` sessions.

    The lock belongs to the database session, not to a transaction: it spans the several commits of one act and is
    gone when the process dies, or half a minute after its machine has vanished, so it can't wedge. It does not
    survive a connection pooler in transaction mode.

    Raises:
        ResourceLockedError: As many sessions hold the resource now.
    """
    places = (f"ops:{resource}" + (f"#{place}" if place else "") for place in range(holders))
    key = next((name for name in places if _try(connection, name)), None)
    connection.commit()
    if key is None:
        raise ResourceLockedError(resource)
    try:
        yield
    finally:
        # A session that was lost has lost its lock too.
        with suppress(psycopg.OperationalError):
            connection.rollback()
            connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
            connection.commit()


def _try(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name]).fetchone()
    return bool(row and row[0])

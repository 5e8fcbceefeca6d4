"""One act at a time on each resource, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg


class ResourceLockedError(Exception):
    """Another act holds the resource."""


@contextmanager
def resource_lock(connection: psycopg.Connection, resource: str) -> Iterator[None]:
    """Hold a resource without waiting for it.

    The lock belongs to the database session, not to a transaction: it spans the several commits of one act and is
    gone when the process dies, so it can't wedge. It does not survive a connection pooler in transaction mode.

    Raises:
        ResourceLockedError: Another session holds the resource now.
    """
    key = ("ops:" + resource,)
    row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", key).fetchone()
    connection.commit()
    if row is None or not row[0]:
        raise ResourceLockedError(resource)
    try:
        yield
    finally:
        # A session that was lost has lost its lock too.
        with suppress(psycopg.OperationalError):
            connection.rollback()
            connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", key)
            connection.commit()

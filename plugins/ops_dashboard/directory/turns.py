"""One at a time: whoever writes the copy of the directory waits for its turn, and not for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg

from ops_dashboard.directory.models import DirectoryError

LONGEST_WAIT = timedelta(minutes=5)

# A session that hangs with the lock, as its process does, is ended by the server.
LIMITS: dict[str, timedelta] = {
    "lock_timeout": LONGEST_WAIT,
    "idle_in_transaction_session_timeout": timedelta(minutes=10),
}
_LIMIT = "SELECT set_config(%s, %s, true)"
# Of all sources: the groups of one may bear names that another gives up.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('ops.directory', 0))"


@contextmanager
def turn(connection: psycopg.Connection, source: str) -> Iterator[psycopg.Cursor[Any]]:
    """Have the copy of the directory for oneself, for the length of a transaction.

    Raises:
        DirectoryError: It is somebody else's turn for too long, or what was written contradicts what is there.
    """
    with _plain_errors(source), connection.transaction(), connection.cursor() as cursor:
        for setting, limit in LIMITS.items():
            cursor.execute(_LIMIT, [setting, f"{limit.total_seconds() * 1000:.0f}ms"])
        cursor.execute(_LOCK)
        yield cursor


@contextmanager
def _plain_errors(source: str) -> Iterator[None]:
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise DirectoryError(
            f"another sync or release has been at work for {LONGEST_WAIT.total_seconds() / 60:g} minutes; if it hangs,"
            " end its task or its database session"
        ) from error
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        reason = " ".join(filter(None, (error.diag.message_primary, error.diag.message_detail))) or str(error)
        problem = f"source {source!r} contradicts itself or another source"
        raise DirectoryError(f"{problem}: {reason}", public=problem) from error

"""A database session for an act itself, beside the one that its record and its lock live on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from ops_dashboard import database
from ops_operators.verdicts import FailedError

if TYPE_CHECKING:
    import psycopg


@contextmanager
def session() -> Iterator[psycopg.Connection]:
    """Open a connection that is in no transaction yet, and close it at the end.

    Raises:
        FailedError: There is none to be had.
    """
    try:
        connection = database.connect()
    except database.DatabaseDownError as error:
        raise FailedError(f"{error}; nothing was changed") from error
    with closing(connection):
        yield connection

"""Connections to the product's database: for a task, for the web process, and from a URL; and to others'.

There are no retries here: without the database nothing is decided and nothing is done, and the person is told so
within seconds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from ops_dashboard.settings import settings

_TIMEOUT_SECONDS = 3
_MAX_WEB_CONNECTIONS = 10
# A machine that vanishes says no goodbye. The server finds out within half a minute instead of hours, and gives back
# what the session had locked.
_KEEP_ALIVE = """
SELECT set_config('tcp_keepalives_idle', '15', false), set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '3', false)
"""


class DatabaseDownError(Exception):
    """The database can't be reached; the message says why, without the password."""


def connect(connection_id: str | None = None) -> psycopg.Connection:
    """Open a connection as an Airflow connection says.

    Autocommit is off. Transactions are READ COMMITTED, which the ledger relies on.

    Args:
        connection_id: The Airflow connection of any database; None for the product's own.

    Raises:
        DatabaseDownError: The server can't be reached, or there is no such Airflow connection.
    """
    from airflow.sdk.exceptions import AirflowNotFoundException

    from ops_dashboard.database.hook import ImpatientPostgresHook

    connection_id = connection_id or settings().connection_id
    hook = ImpatientPostgresHook(connection_id, connect_timeout=_TIMEOUT_SECONDS)
    try:
        password = hook.connection.password
    except AirflowNotFoundException as error:
        raise DatabaseDownError(f"Airflow has no connection {connection_id!r}") from error
    with _plain_errors(password):
        return _prepared(cast("psycopg.Connection", hook.get_conn()))


def connect_url(url: str) -> psycopg.Connection:
    """Open a connection to a libpq URL or connection string, with the same properties as `connect`.

    Raises:
        DatabaseDownError: The server can't be reached, or the URL can't be read.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # libpq's message would quote the URL with its password.
        raise DatabaseDownError("the database URL can't be read; expected postgresql://user@host/database") from None
    with _plain_errors(parts.get("password")):
        return _prepared(psycopg.connect(make_conninfo("", **({"connect_timeout": _TIMEOUT_SECONDS} | parts))))


def pool() -> ConnectionPool[psycopg.Connection]:
    """The web process's connections, opened at the first use and once per process, also after a fork.

    `with pool().connection() as connection:` commits at the end, rolls back on an error.

    Raises:
        DatabaseDownError: On taking a connection, when none can be had within seconds.
    """
    return _pool_of(os.getpid())


@cache
def _pool_of(pid: int) -> ConnectionPool[psycopg.Connection]:
    return _Pool(
        connection_class=_PooledConnection,
        min_size=1,
        max_size=_MAX_WEB_CONNECTIONS,
        timeout=_TIMEOUT_SECONDS,
        check=ConnectionPool.check_connection,  # a restarted server costs nobody an error page
        name=f"ops_dashboard-{pid}",
        open=True,
    )


class _PooledConnection(psycopg.Connection):
    """Connects as Airflow says, whatever the pool is told."""

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> psycopg.Connection:  # type: ignore[override]  # noqa: ARG003
        return connect()


class _Pool(ConnectionPool[psycopg.Connection]):
    def getconn(self, timeout: float | None = None) -> psycopg.Connection:
        try:
            return super().getconn(timeout)
        except PoolTimeout as error:
            raise DatabaseDownError(f"the database gave no connection within {_TIMEOUT_SECONDS} seconds") from error


def _prepared(connection: psycopg.Connection) -> psycopg.Connection:
    connection.autocommit = True
    connection.execute(_KEEP_ALIVE)
    connection.autocommit = False
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    connection.row_factory = tuple_row  # whatever cursor the Airflow connection asks for
    return connection


@contextmanager
def _plain_errors(password: object) -> Iterator[None]:
    try:
        yield
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        if password:
            reason = reason.replace(str(password), "***")
        raise DatabaseDownError(f"the database can't be reached: {reason}") from None

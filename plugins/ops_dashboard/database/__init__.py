"""The product's PostgreSQL database: connections to it, and its schema's migrations."""

from __future__ import annotations

from ops_dashboard.database.connections import DatabaseDownError, connect, connect_url, pool
from ops_dashboard.database.migrations import MigrationError, migrate, run_sql_beside

__all__ = [
    "DatabaseDownError",
    "MigrationError",
    "connect",
    "connect_url",
    "migrate",
    "pool",
    "run_sql_beside",
]

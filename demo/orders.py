"""A team's own data for operations to work on: orders, some of which are stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from demo.postgres import Postgres

DATABASE = "demo_data"
LOGIN = "demo_data"

_CREATE = """
    CREATE TABLE demo_orders (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        region text NOT NULL,
        batch text NOT NULL,
        status text NOT NULL CHECK (status IN ('queued', 'stuck', 'shipped')),
        changed_at timestamptz NOT NULL DEFAULT now()
    )
"""

# Each region has a few batches with a handful of stuck orders, and one with more than an operation may change at once.
_FILL = """
    INSERT INTO demo_orders (region, batch, status)
    SELECT region, '2026-11-0' || day, CASE WHEN n <= stuck THEN 'stuck' ELSE 'shipped' END
      FROM unnest(ARRAY['ap-south', 'eu-west', 'us-east'], ARRAY[1, 2, 3]) AS regions (region, first_day),
           generate_series(first_day, 5) AS day,
           LATERAL (SELECT CASE day WHEN 5 THEN 80 ELSE day * 3 END AS stuck) AS of_day,
           generate_series(1, 100) AS n
"""


def ensure_orders(database: Postgres) -> None:
    """Create the table and its login, and fill it, if it is not there yet."""
    database.ensure_database(DATABASE)
    database.ensure_login(LOGIN)
    with psycopg.connect(database.url(DATABASE)) as connection:
        if connection.execute("SELECT to_regclass('demo_orders') IS NULL").fetchone() == (True,):
            connection.execute(_CREATE)
            connection.execute(_FILL)
            connection.execute("GRANT SELECT, UPDATE ON demo_orders TO demo_data")

"""Grants, and the one function that decides."""

from ops_dashboard.database import run_sql_beside

revision = "0002_access"
down_revision = "0001_directory"


def upgrade() -> None:
    run_sql_beside(__file__)

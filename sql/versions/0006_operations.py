"""Runs that can be cancelled, and grants beyond whose limits somebody else may approve."""

from ops_dashboard.database import run_sql_beside

revision = "0006_operations"
down_revision = "0005_guards"


def upgrade() -> None:
    run_sql_beside(__file__)

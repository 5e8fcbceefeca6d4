"""The append-only, hash-chained ledger."""

from ops_dashboard.database import run_sql_beside

revision = "0003_ledger"
down_revision = "0002_access"


def upgrade() -> None:
    run_sql_beside(__file__)

"""Who approves operations, and what asks a running one to end."""

from ops_dashboard.database import run_sql_beside

revision = "0004_operations"
down_revision = "0003_ledger"


def upgrade() -> None:
    run_sql_beside(__file__)

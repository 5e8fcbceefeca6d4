"""The least role that the product works with."""

from ops_dashboard.database import run_sql_beside

revision = "0005_rights"
down_revision = "0004_operations"


def upgrade() -> None:
    run_sql_beside(__file__)

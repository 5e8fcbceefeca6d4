"""What the guards of a sync remember, and e-mails that must not decide for whom they no longer belong to."""

from ops_dashboard.database import run_sql_beside

revision = "0005_guards"
down_revision = "0004_rights"


def upgrade() -> None:
    run_sql_beside(__file__)

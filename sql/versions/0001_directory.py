"""Users, groups and memberships, as the company directory last told them."""

from ops_dashboard.database import run_sql_beside

revision = "0001_directory"
down_revision = None


def upgrade() -> None:
    run_sql_beside(__file__)

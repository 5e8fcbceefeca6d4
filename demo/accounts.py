"""The demo's logins."""

from __future__ import annotations

from dataclasses import dataclass

from ops_dashboard.airflow_role import ROLE, ensure_role

PASSWORD = "demo"


@dataclass(frozen=True, slots=True)
class Account:
    """One login; the username is the e-mail."""

    email: str
    role: str
    what: str


ACCOUNTS = (
    Account("oncall@ads.example.com", ROLE, "may operate what team ads has"),
    Account("oncall@search.example.com", ROLE, "may operate what team search has"),
    Account("admin@platform.example.com", "Admin", "may do everything"),
    Account("second@platform.example.com", "Admin", "may do everything, too: approves what the first one asks for"),
    Account("viewer@example.com", ROLE, "may look, not touch"),
)


def create_accounts() -> None:
    """Create the role, and the logins that are missing in Airflow's FAB user table."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    ensure_role()
    with get_application_builder() as appbuilder:
        manager = appbuilder.sm
        for account in ACCOUNTS:
            if manager.find_user(account.email) is None:
                first, _, rest = account.email.partition("@")
                manager.add_user(
                    account.email,
                    first,
                    rest,
                    account.email,
                    manager.find_role(account.role),
                    password=PASSWORD,
                )

"""What Airflow's own database holds in the demo: logins and variables.

Run inside the demo's environment, after Airflow's and the product's migrations.
"""

from __future__ import annotations

from demo.accounts import create_accounts

_VARIABLES = {"search_ranking_model": "lambdamart"}


def create_variables() -> None:
    """Create the variables that are missing; what was changed stays.

    They have to be in the database: what an environment variable holds, nobody could change.
    """
    from airflow.models import Variable

    for key, value in _VARIABLES.items():
        Variable.setdefault(key, value)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    create_accounts()
    create_variables()

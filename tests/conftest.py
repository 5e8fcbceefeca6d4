"""Fixtures that several test modules share live in modules of their own, which are named here."""

from __future__ import annotations

import os
import tempfile

# Airflow reads and writes its home when it is imported: the tests' own, not that of whoever runs them.
_airflow_home = tempfile.TemporaryDirectory(prefix="ops-airflow-home-")
os.environ["AIRFLOW_HOME"] = _airflow_home.name
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

pytest_plugins = ["tests.acting", "tests.browser", "tests.postgres_server", "tests.running_stack"]

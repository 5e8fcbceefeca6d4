"""Fixtures that several test modules share live in modules of their own, which are named here."""

from __future__ import annotations

import os
import tempfile

import pytest

# Airflow reads and writes its home when it is imported: the tests' own, not that of whoever runs them.
_airflow_home = tempfile.TemporaryDirectory(prefix="ops-airflow-home-")
os.environ["AIRFLOW_HOME"] = _airflow_home.name
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

pytest_plugins = [
    "tests.company",
    "tests.acting",
    "tests.browser",
    "tests.postgres_server",
    "tests.product_site",
    "tests.operation_site",
    "tests.running_stack",
    "tests.sql_operations",
    "tests.attacks.acting",
]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI everything can run, so a skipped test is a failed run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if reporter and skipped and os.environ.get("CI"):
        reporter.write_line(f"{len(skipped)} skipped, which CI does not allow", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

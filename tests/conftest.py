"""Fixtures that several test modules share live in modules of their own, which are named here."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

_MEMORY = Path("/dev/shm")
_ENOUGH = 4 << 30

# A database is made for nearly every test, and some disks take a third of a second for it; memory takes 20 ms.
if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH:
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

# Airflow reads and writes its home when it is imported: the tests' own, not that of whoever runs them.
_airflow_home = tempfile.TemporaryDirectory(prefix="ops-airflow-home-")
os.environ["AIRFLOW_HOME"] = _airflow_home.name
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

pytest_plugins = [
    "tests.support.postgres_server",
    "tests.support.company",
    "tests.support.acting",
    "tests.support.browser",
    "tests.support.product_site",
    "tests.pages.operation_site",
    "tests.support.running_stack",
    "tests.operators.sql_operations",
    "tests.attacks.acting",
]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI everything can run, so a skipped test is a failed run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if reporter and skipped and os.environ.get("CI"):
        reporter.write_line(f"{len(skipped)} skipped, which CI does not allow", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

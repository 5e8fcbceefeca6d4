"""Import what the product's tasks need once, in the process that forks them.

LocalExecutor's and Celery's workers and their task children are forks: what the parent has imported is free in the
task. Without this a task spends about a second of the person's wait on imports.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress

_TASK_MODULES = (
    "airflow.sdk.execution_time.task_runner",
    "airflow.providers.cncf.kubernetes.hooks.kubernetes",
    "kubernetes.client",
    "ops_dashboard.database.hook",
    "ops_operators.directory_decision",
    "ops_operators.grants",
    "ops_operators.operations",
    "ops_operators.scale",
    "ops_operators.settings",
)


def preload_in_workers() -> None:
    """Call this from `airflow_local_settings.py`; it does something in the scheduler and in Celery workers only."""
    if {"scheduler", "worker"} & set(sys.argv[1:3]):
        for module in _TASK_MODULES:
            importlib.import_module(module)
        _read_catalog()


def _read_catalog() -> None:
    from ops_dashboard.catalog import CatalogError
    from ops_dashboard.catalog.current import current_catalog

    with suppress(CatalogError):  # for the task to tell, which reads again what has changed
        current_catalog()

"""Operations: what exactly a run of one will do. How it is carried out is the operators' part.

A prepared run holds all that it needs; what is on disk may change afterwards without changing what is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ops_dashboard.catalog import Operation, Scalar
from ops_dashboard.operations.pod_runs import PreparedPod, prepare_pod
from ops_dashboard.operations.prepared import PreparedRun
from ops_dashboard.operations.script_runs import PreparedScript, prepare_script
from ops_dashboard.operations.sql_runs import PreparedSql, prepare_sql

__all__ = ["OUTPUT_MARK", "PreparedPod", "PreparedRun", "PreparedScript", "PreparedSql", "prepare"]

OUTPUT_MARK = "operation_output"
"""Key, in Airflow's log of a task, of the lines that an operation says; the others are Airflow's own."""


def prepare(operation: Operation, parameters: Mapping[str, Scalar | None], scripts: Path) -> PreparedRun:
    """Read what will be run, and say so.

    Args:
        operation: As the catalog has it.
        parameters: Values that were checked.
        scripts: The folder of the scripts.

    Raises:
        ScriptError: The file is missing, has mistakes, or is not the one that the catalog asks for; or there is too
            much to give.
    """
    if operation.script is not None:
        return prepare_script(operation, operation.script, parameters, scripts)
    if operation.sql is not None:
        return prepare_sql(operation, operation.sql, parameters, scripts)
    if operation.pod is not None:
        return prepare_pod(operation, operation.pod, parameters)
    raise TypeError(f"{operation.name} is of no kind, which the catalog does not let through")

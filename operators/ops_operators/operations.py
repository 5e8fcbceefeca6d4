"""The DAG of an operation follows from its entry in the catalog."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from airflow.sdk import DAG, Param

from ops_dashboard.acts import OPERATION_TASK_ID, operation_dag_id
from ops_dashboard.catalog import CatalogError, Operation, Parameter
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.parameters import json_schema
from ops_operators.dags import request_dag
from ops_operators.operation import RunOperationOperator
from ops_operators.pod import PodOperator
from ops_operators.script import ScriptOperator
from ops_operators.sql import SqlOperator


def declared_operations() -> Collection[Operation]:
    """The catalog's operations, as far as they can be read.

    A mistake elsewhere takes no DAG away: whoever asks for a run gets a record that it was refused, and why.
    """
    try:
        return current_catalog().operations.values()
    except CatalogError as error:
        return error.readable.operations.values()


def operation_dag(operation: Operation) -> DAG:
    """Make the DAG that runs an operation: its form, its documentation, its one task."""
    params = {name: _param(each) for name, each in operation.parameters.items()}
    dag = request_dag(operation_dag_id(operation), _documentation(operation), params, tags=operation.tags)
    with dag:
        _operator_of(operation)(task_id=OPERATION_TASK_ID, operation=operation)
    return dag


def _operator_of(operation: Operation) -> type[RunOperationOperator[Any]]:
    if operation.script is not None:
        return ScriptOperator
    if operation.sql is not None:
        return SqlOperator
    if operation.pod is not None:
        return PodOperator
    raise TypeError(f"{operation.name} is of no kind, which the catalog does not let through")


def _param(parameter: Parameter) -> Param:
    schema: dict[str, Any] = dict(json_schema(parameter))
    if parameter.is_required:
        return Param(**schema)
    return Param(schema.pop("default"), **schema)


def _documentation(operation: Operation) -> str:
    return f"**{operation.title}**\n\n{operation.description}\n\nOwner: {operation.owner}"

"""`GET /api/v1/operations`: what may be run, as the Operations page shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from ops_dashboard.acts import operation_dag_id
from ops_dashboard.catalog import Operation, Scalar
from ops_dashboard.ledger import Entry, Outcome
from ops_dashboard.overview.operations import OperationView, read_operations
from ops_dashboard.parameters import json_schema
from ops_dashboard.web.app import ApiRequest, JsonRoute

router = APIRouter(tags=["operations"], route_class=JsonRoute)


class _Out(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class LastRunOut(_Out):
    """A run that began."""

    run_id: str
    outcome: Outcome
    actor: str = Field(description="Who asked for it, by Airflow's username.")
    at: datetime


class OperationOut(_Out):
    """One operation and what the caller may do with it."""

    name: str
    title: str
    description: str
    owner: str
    tags: list[str]
    dag_id: str = Field(description="The DAG that carries it out; `reason` is a value of its runs, too.")
    parameters: dict[str, Any] = Field(description="JSON Schema (draft 2020-12) of an object with its values.")
    example: dict[str, Scalar] = Field(description="Values that are accepted; empty if the catalog gives none.")
    approval: str | None = Field(description="The group of whom a second person has to approve each run.")
    timeout: int = Field(description="Seconds after which an attempt is ended.")
    idempotent: bool = Field(description="Whether doing it twice is as good as doing it once.")
    may_run: bool
    why: str = Field(description="The group that may, or why not.")
    last_run: LastRunOut | None = Field(description="The last run that began; null if none ever did.")


class OperationsOut(_Out):
    """All operations of the catalog."""

    operations: list[OperationOut]


@router.get("/operations")
def list_operations(request: ApiRequest) -> OperationsOut:
    """List the operations: their parameters, whether the caller may run them, and how they last went."""
    request.require("view:operations")
    request.release_database()
    seen = read_operations(request.host.database, request.user.name)
    return OperationsOut(operations=[_out(view) for view in seen])


def _out(view: OperationView) -> OperationOut:
    operation = view.operation
    return OperationOut(
        name=operation.name,
        title=operation.title,
        description=operation.description,
        owner=operation.owner,
        tags=list(operation.tags),
        dag_id=operation_dag_id(operation),
        parameters=_schema(operation),
        example=dict(operation.example),
        approval=operation.approval.group if operation.approval else None,
        timeout=operation.timeout,
        idempotent=operation.idempotent,
        may_run=view.decision.allowed,
        why=view.decision.reason,
        last_run=_last_run(view.last),
    )


def _schema(operation: Operation) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: json_schema(each) for name, each in operation.parameters.items()},
        "required": [name for name, each in operation.parameters.items() if each.is_required],
        "additionalProperties": False,
    }


def _last_run(entry: Entry | None) -> LastRunOut | None:
    if entry is None:
        return None
    return LastRunOut(run_id=entry.run_id, outcome=entry.outcome, actor=entry.actor, at=entry.at)

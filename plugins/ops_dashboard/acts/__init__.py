"""What a person may ask for: the values of one request, checked alike by page and task."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ops_dashboard.acts.approval import APPROVE, NOTE, REJECT, approval_in_markdown, approver_in, parts_in
from ops_dashboard.acts.cancelling import CANCEL_RUN_DAG_ID, CancelRequest
from ops_dashboard.acts.grants import (
    CHANGE_GRANT_DAG_ID,
    ChangeGrantRequest,
    check_grant,
    find_revocable,
    grant_in_words,
    unknown_group,
)
from ops_dashboard.acts.operations import DAG_PREFIX, OPERATION_TASK_ID, RunRequest, operation_dag_id, run_request
from ops_dashboard.acts.preview import Preview
from ops_dashboard.acts.requests import EXECUTED_BEFORE, MAX_REASON, ActRequest, Lock, RequestError, in_turn, parse
from ops_dashboard.acts.scale import SCALE_DAG_ID, ScaleRequest, check_within_limits
from ops_dashboard.acts.settings import CHANGE_SETTING_DAG_ID, ChangeSettingRequest, check_setting
from ops_dashboard.acts.syncs import DECIDE_SYNC_DAG_ID, DecideSyncRequest
from ops_dashboard.catalog.current import current_catalog

REQUESTS: Mapping[str, type[ActRequest]] = MappingProxyType(
    {
        SCALE_DAG_ID: ScaleRequest,
        CHANGE_GRANT_DAG_ID: ChangeGrantRequest,
        DECIDE_SYNC_DAG_ID: DecideSyncRequest,
        CHANGE_SETTING_DAG_ID: ChangeSettingRequest,
        CANCEL_RUN_DAG_ID: CancelRequest,
    }
)
"""What is always there, by the DAG that carries it out; the catalog's operations come to it."""


def request_model(dag_id: str) -> type[ActRequest] | None:
    """Return the model of the requests that a DAG carries out; None if it carries out none, or no longer.

    Raises:
        CatalogError: It may be an operation's, and the catalog has mistakes.
    """
    if dag_id in REQUESTS or not dag_id.startswith(DAG_PREFIX):
        return REQUESTS.get(dag_id)
    operation = current_catalog().operations.get(dag_id.removeprefix(DAG_PREFIX))
    return run_request(operation) if operation is not None else None


__all__ = [
    "APPROVE",
    "CANCEL_RUN_DAG_ID",
    "CHANGE_GRANT_DAG_ID",
    "CHANGE_SETTING_DAG_ID",
    "DAG_PREFIX",
    "DECIDE_SYNC_DAG_ID",
    "EXECUTED_BEFORE",
    "MAX_REASON",
    "NOTE",
    "OPERATION_TASK_ID",
    "REJECT",
    "REQUESTS",
    "SCALE_DAG_ID",
    "ActRequest",
    "CancelRequest",
    "ChangeGrantRequest",
    "ChangeSettingRequest",
    "DecideSyncRequest",
    "Lock",
    "Preview",
    "RequestError",
    "RunRequest",
    "ScaleRequest",
    "approval_in_markdown",
    "approver_in",
    "check_grant",
    "check_setting",
    "check_within_limits",
    "find_revocable",
    "grant_in_words",
    "in_turn",
    "operation_dag_id",
    "parse",
    "parts_in",
    "request_model",
    "run_request",
    "unknown_group",
]

"""Cancel a running operation."""

from __future__ import annotations

from collections.abc import Mapping

from ops_dashboard.acts import CANCEL_RUN_DAG_ID, DAG_PREFIX, CancelRequest, RequestError, parse
from ops_dashboard.web.components import Form, Note, Page, Panel, Redirect, Tone
from ops_dashboard.web.dag_runs import read_run
from ops_dashboard.web.errors import Problem, no_page
from ops_dashboard.web.pages.asking import ask, once, reason_field, switched_off
from ops_dashboard.web.pages.runs import run
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")


@router.page("/runs/{dag_id}/{run_id}/cancel", title="Cancel", needs=None, tab="/operations")
def cancel_form(request: PageRequest) -> Page:
    """Ask why, unless it has ended."""
    request.require(f"run:{_operation(request)}")
    if read_run(request.airflow, request.path["dag_id"], request.path["run_id"]).has_ended:
        raise Problem(409, "This run has ended", "There is nothing left to cancel.", way_on=("The run", _run(request)))
    return _form_page(request, {})


@router.form("/runs/{dag_id}/{run_id}/cancel", needs=None)
def cancel(request: PageRequest) -> Redirect | Page:
    """Ask for the act, or show what to correct."""
    operation = _operation(request)
    request.require(f"run:{operation}")
    values = {"operation": operation, "run_id": request.path["run_id"], "reason": request.form.get("reason", "")}
    try:
        asked = parse(CancelRequest, values)
    except RequestError as error:
        return _form_page(request, error.problems)
    return ask(request, CANCEL_RUN_DAG_ID, asked)


def _operation(request: PageRequest) -> str:
    dag_id = request.path["dag_id"]
    if not dag_id.startswith(DAG_PREFIX):
        raise no_page(request.http.url.path)
    return dag_id.removeprefix(DAG_PREFIX)


def _run(request: PageRequest) -> str:
    return request.url(run, dag_id=request.path["dag_id"], run_id=request.path["run_id"])


def _form_page(request: PageRequest, errors: Mapping[str, str]) -> Page:
    return Page(
        "Cancel",
        *(Note(Tone.BAD, f"{name}: {errors[name]}", title="Not accepted:") for name in errors if name != "reason"),
        *switched_off(request, CANCEL_RUN_DAG_ID),
        Panel(Form(reason_field(errors), once(), submit="Cancel the run", cancel=_run(request), back="Let it run")),
        subject=_operation(request),
        lead="What it has done stays done. It is told to end, and killed with all that it started if it does not.",
    )

"""Approve or reject what somebody else has asked for."""

from __future__ import annotations

from ops_dashboard.acts import MAX_REASON, request_model
from ops_dashboard.text import shorten, shown
from ops_dashboard.web import approvals
from ops_dashboard.web.approvals import Approval
from ops_dashboard.web.components import (
    Columns,
    Form,
    Node,
    Note,
    Page,
    Panel,
    Redirect,
    Submit,
    TextArea,
    Tone,
)
from ops_dashboard.web.dag_runs import DagRun, read_run
from ops_dashboard.web.errors import Problem
from ops_dashboard.web.pages.approving import about_request
from ops_dashboard.web.pages.previews import preview
from ops_dashboard.web.pages.reader import is_reader
from ops_dashboard.web.pages.runs import run, why_not_answer
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_CHOICE, _APPROVE, _REJECT = "choice", "approve", "reject"
_LEAD = "Once approved, exactly what is shown here is carried out; if anything of it changes before, nothing is."


@router.page("/runs/{dag_id}/{run_id}/answer", title="Answer", needs=None, tab="/approvals")
def answer_form(request: PageRequest) -> Page:
    """Show what exactly would be done, and ask."""
    asked, approval = _waiting(request)
    return _form_page(request, asked, approval, {})


@router.form("/runs/{dag_id}/{run_id}/answer", needs=None)
def answer(request: PageRequest) -> Redirect | Page:
    """Pass the answer on to Airflow, as this person; the task judges whether it counts."""
    asked, approval = _waiting(request)
    choice, note = request.form.get(_CHOICE, ""), request.form.get("note", "")
    errors = {}
    own = is_reader(request, asked.asked_by)
    accepted = [_REJECT] if own else [_APPROVE, _REJECT]
    if choice not in accepted:
        errors[_CHOICE] = f"{shown(choice)} is not accepted; accepted is {' or '.join(accepted)}"
    if choice == _REJECT and not own and not shorten(note, MAX_REASON).strip():
        errors["note"] = "Say why in a few words: who has asked reads it."
    if errors:
        return _form_page(request, asked, approval, errors)
    dag_id, run_id = request.path["dag_id"], request.path["run_id"]
    approvals.answer(request.airflow, dag_id, run_id, approval, approve=choice == _APPROVE, note=note)
    return Redirect(request.url(run, dag_id=dag_id, run_id=run_id))


def _waiting(request: PageRequest) -> tuple[DagRun, Approval]:
    """Find what waits, if this person's answer would count.

    Raises:
        Problem: Nothing waits, or they are not to answer.
    """
    dag_id, run_id = request.path["dag_id"], request.path["run_id"]
    asked, approval = (
        read_run(request.airflow, dag_id, run_id),
        approvals.read_approval(request.airflow, dag_id, run_id),
    )
    if approval is None or not approval.is_open:
        raise Problem(409, "Nothing waits for an answer", "It has been answered, or its time is over.")
    why_not = why_not_answer(request, asked.asked_by, approval)
    if why_not is not None and not is_reader(request, asked.asked_by):
        raise Problem(403, "Your answer would not count", why_not)
    return asked, approval


def _form_page(request: PageRequest, asked: DagRun, approval: Approval, errors: dict[str, str]) -> Page:
    own = is_reader(request, asked.asked_by)
    return Page(
        "Withdraw" if own else "Approve",
        Columns(
            main=(
                *about_request(request, asked),
                *preview(approval.parts),
            ),
            side=Panel(*_form(request, asked, errors)),
        ),
        subject=_subject(asked),
        lead="Nothing of what is shown here will be done." if own else _LEAD,
    )


def _subject(asked: DagRun) -> str:
    model = request_model(asked.dag_id)
    return shorten(f"{model.verb} {model.resource_of(asked.conf)}") if model is not None else asked.dag_id


def _form(request: PageRequest, asked: DagRun, errors: dict[str, str]) -> tuple[Node, ...]:
    own = is_reader(request, asked.asked_by)
    note = TextArea(
        "note",
        "Note (optional)" if own else "Note (needed to reject)",
        hint="Kept with the record; everybody who may see the audit page can read it.",
        error=errors.get("note"),
        max_length=MAX_REASON,
    )
    reject = Submit("Withdraw" if own else "Reject", _CHOICE, _REJECT)
    approve = Submit("Approve", _CHOICE, _APPROVE)
    buttons = (reject,) if own else (approve, reject)
    back = request.url(run, dag_id=request.path["dag_id"], run_id=request.path["run_id"])
    wrong = (Note(Tone.BAD, f"{_CHOICE}: {errors[_CHOICE]}", title="Not accepted:"),) if _CHOICE in errors else ()
    return (*wrong, Form(note, submit=buttons[0], also=buttons[1:], cancel=back))

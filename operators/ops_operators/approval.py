"""A second person's word, asked for and given through Airflow's human in the loop.

The task waits in the state `awaiting_input`, which takes no worker. Whoever answers is known to Airflow; whether they
may is judged here, in the task, when it goes on. A task whose state somebody sets by hand never goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

from airflow.sdk import Param
from airflow.sdk.exceptions import TaskAwaitingInput
from airflow.sdk.execution_time.hitl import upsert_hitl_detail

from ops_dashboard import access
from ops_dashboard.acts import APPROVE, MAX_REASON, NOTE, REJECT, approval_in_markdown
from ops_dashboard.text import shorten
from ops_operators.verdicts import RefusedError

if TYPE_CHECKING:
    import psycopg
    from airflow.sdk import Context

    from ops_dashboard.acts import Preview
    from ops_dashboard.ledger import Request

_DIGEST, _GROUP, _REQUEST = "approved_digest", "approving_group", "waiting_request"
_NO_REQUEST = UUID(int=0)


class ApprovalNeeded(Exception):  # noqa: N818 - not an error: the way to ask
    """What is asked for takes somebody in a group, within a time; they are shown the preview."""

    def __init__(self, group: str, within: timedelta, preview: Preview) -> None:
        super().__init__(f"somebody in {group} has to approve")
        self.group = group
        self.within = within
        self.preview = preview


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered, when, and to which preview.

    Attributes:
        request_id: Of the request that waited for it.
        by: Airflow's username; None if nobody answered in time.
        group: Of whom somebody was asked.
    """

    request_id: UUID
    by: str | None
    at: datetime | None
    approves: bool
    note: str
    digest: str
    group: str


def wait_for_approval(context: Context, request: Request, needed: ApprovalNeeded) -> NoReturn:
    """Ask, and leave the worker; Airflow calls `resume` of the operator with what `read_answer` reads.

    Raises:
        TaskAwaitingInput: Always: the way to leave.
    """
    upsert_hitl_detail(
        ti_id=context["ti"].id,
        options=[APPROVE, REJECT],
        subject=f"{request.actor} asks to {request.action} {request.resource}",
        body=approval_in_markdown(needed.group, request.reason, needed.preview),
        params={NOTE: Param("", type="string", title="Note", maxLength=MAX_REASON).serialize()},
    )
    shown = {_DIGEST: needed.preview.digest, _GROUP: needed.group, _REQUEST: str(request.request_id)}
    raise TaskAwaitingInput(method_name="resume", kwargs=shown, timeout=needed.within)


def read_answer(event: Mapping[str, Any], kwargs: Mapping[str, Any]) -> Answer:
    """Read what Airflow resumes a task with: the answer that its API has taken, with who gave it, or an error.

    It comes from Airflow's own database; nobody can put it there but by answering.
    """
    responder = event.get("responded_by_user")
    return Answer(
        request_id=UUID(str(kwargs.get(_REQUEST, _NO_REQUEST))),
        by=responder["name"] if responder else None,
        at=event.get("responded_at"),
        approves=event.get("chosen_options") == [APPROVE],
        note=shorten((event.get("params_input") or {}).get(NOTE, ""), MAX_REASON),
        digest=str(kwargs.get(_DIGEST, "")),
        group=str(kwargs.get(_GROUP, "")),
    )


def require_agreement(
    connection: psycopg.Connection, request: Request, answer: Answer, group: str, preview: Preview
) -> None:
    """Make sure that the answer is a yes to exactly this, from somebody whose yes counts.

    Raises:
        RefusedError: It is not.
    """
    if answer.digest != preview.digest:
        raise RefusedError(
            "what would be done is not what was shown for approval any more; ask anew, and it is shown as it is now"
        )
    by = answer.by or ""
    if _is_own(request, answer):
        raise RefusedError(f"approved by who asked; somebody else, in {group}, has to: ask anew")
    why_not = access.why_not_member(connection, by, group)
    connection.commit()
    if why_not is not None:
        raise RefusedError(f"answered by {by}, {why_not}; somebody in {group} has to: ask anew")


def refuse_unless_approved(request: Request, answer: Answer) -> None:
    """Refuse what was rejected or withdrawn, and what nobody has answered in time.

    Raises:
        RefusedError: It was not approved.
    """
    if answer.by is None or answer.at is None:
        raise RefusedError("nobody approved it in time; ask anew")
    if not answer.approves:
        did = "withdrawn by who asked" if _is_own(request, answer) else f"{answer.by} rejected it"
        raise RefusedError(did + (f": {answer.note}" if answer.note else ""))


def _is_own(request: Request, answer: Answer) -> bool:
    return access.is_same_person(answer.by, request.actor)

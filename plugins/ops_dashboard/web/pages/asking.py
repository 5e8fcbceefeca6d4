"""What every form that asks for an act has in common, from its fields to the run that it leads to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from secrets import token_hex

from ops_dashboard.access import Grant
from ops_dashboard.acts import MAX_REASON, ActRequest
from ops_dashboard.catalog import Limits
from ops_dashboard.web.components import Hidden, Note, Outside, Redirect, TextArea, Tone
from ops_dashboard.web.dag_runs import ask_for_run, is_paused, run_id_for
from ops_dashboard.web.pages.runs import run
from ops_dashboard.web.request import PageRequest

_SHOWN = "request"


def switched_off(request: PageRequest, dag_id: str) -> tuple[Note, ...]:
    """The warning that what a form asks for would not be carried out."""
    if not is_paused(request.airflow, dag_id):
        return ()
    text = f"DAG {dag_id} is paused in Airflow. Ask your Data Platform team to unpause it."
    return (Note(Tone.BAD, text, title="Nothing can be changed now:"),)


def reason_field(errors: Mapping[str, str], value: str = "") -> TextArea:
    """Why a person asks for what a form is about."""
    return TextArea(
        "reason",
        "Reason",
        value,
        hint="Kept with the record; everybody who may see the audit page can read it.",
        error=errors.get("reason"),
        required=True,
        max_length=MAX_REASON,
    )


def once(kept: str = "") -> Hidden:
    """What tells this showing of a form from others, so that pressing its button twice asks once.

    Args:
        kept: What a form had that is shown again because its answer was lost: it is still the same request.
    """
    return Hidden(_SHOWN, kept or token_hex(16))


def shown_as(request: PageRequest) -> str:
    """Return what `once` gave to the form that was sent."""
    return request.form.get(_SHOWN, "")


def typed_number(text: str) -> int | str:
    """What a form means by a number; anything else stays text, and is refused with the rest."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text.strip(), re.ASCII) else text


def beyond_limits(field: str, grants: Sequence[Grant], current: float | None) -> Outside | None:
    """What a dialog says of a number that none of the grants allows; None if they have no limits.

    Args:
        field: Of the number.
        grants: All that give the reader the right.
        current: What is there now; None if it is no number, which is beyond all limits.
    """
    approvers = sorted({grant.approver for grant in grants if grant.approver is not None})
    if any(grant.limits == Limits() for grant in grants):
        return None
    ranges = [grant.leaves_open(current) for grant in grants] if current is not None else []
    if not approvers:
        return Outside(field, ranges, "No grant of yours allows this, so it would be refused.")
    words = f"This is beyond your grant's limits. Somebody in {' or '.join(approvers)} has to approve it first."
    return Outside(field, ranges, words, button="Ask for approval")


def ask(request: PageRequest, dag_id: str, asked: ActRequest) -> Redirect:
    """Ask for the act as this person, and lead to its run.

    Raises:
        Problem: The DAG is paused, the person may not trigger it, or a value is not accepted.
    """
    run_id = run_id_for(shown_as(request), asked)
    ask_for_run(request.airflow, dag_id, run_id, asked.conf)
    return Redirect(request.url(run, dag_id=dag_id, run_id=run_id))

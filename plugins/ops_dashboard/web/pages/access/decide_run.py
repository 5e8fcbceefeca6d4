"""Release or discard a sync that is held: a second look by a second person."""

from __future__ import annotations

from collections.abc import Mapping

from ops_dashboard.acts import DECIDE_SYNC_DAG_ID, DecideSyncRequest, RequestError, parse
from ops_dashboard.directory import SyncRun, SyncState, may_release
from ops_dashboard.web.components import (
    Columns,
    Confirm,
    Form,
    Hidden,
    Note,
    Page,
    Panel,
    Redirect,
    Text,
    Tone,
)
from ops_dashboard.web.errors import Problem, no_page
from ops_dashboard.web.pages.access.differences import counts
from ops_dashboard.web.pages.access.sync_run import find_run, reasons, sync_run
from ops_dashboard.web.pages.asking import ask, once, reason_field, switched_off
from ops_dashboard.web.questions import MANAGES
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_WORDS = {
    "release": "What it would change, and nothing else, is applied at once.",
    "discard": "It is let go of; the next sync reads the directory anew and is judged anew.",
}


@router.page("/access/sources/{source}/runs/{sync_id}/{decision}", title="Decide", needs=MANAGES)
def decide_form(request: PageRequest) -> Page:
    """Ask why."""
    return _form_page(request, _held(request), {})


@router.form("/access/sources/{source}/runs/{sync_id}/{decision}", needs=MANAGES)
def decide_run(request: PageRequest) -> Redirect | Page:
    """Ask for the act, or show what to correct."""
    held = _held(request)
    values = {
        "source": held.source,
        "digest": request.form.get("digest", ""),
        "decision": request.path["decision"],
        "reason": request.form.get("reason", ""),
    }
    try:
        asked = parse(DecideSyncRequest, values)
    except RequestError as error:
        return _form_page(request, held, error.problems)
    return ask(request, DECIDE_SYNC_DAG_ID, asked)


def _held(request: PageRequest) -> SyncRun:
    """The run that the address names, if this person can decide so about it.

    Raises:
        Problem: There is none, it is not held, or they asked for it themselves.
    """
    if request.path["decision"] not in _WORDS:
        raise no_page(request.http.url.path)
    found = find_run(request)
    if found.state is not SyncState.HELD:
        raise Problem(
            409,
            "This sync is no longer held",
            f"It is {found.state}, so there is nothing to decide.",
            hint="Look at the sources for what came after it.",
        )
    if request.path["decision"] == "release" and not may_release(found.asked_by, request.user.name):
        raise Problem(
            403,
            "Somebody else has to release this",
            "You asked for this sync, and a second person has to look at what it changes.",
            hint="You may discard it.",
            way_on=request.who_may(MANAGES),
        )
    return found


def _form_page(request: PageRequest, held: SyncRun, errors: Mapping[str, str]) -> Page:
    decision = request.path["decision"]
    back = request.url(sync_run, source=held.source, sync_id=held.sync_id)
    return Page(
        f"{decision.capitalize()} sync {held.sync_id} of",
        *switched_off(request, DECIDE_SYNC_DAG_ID),
        Note(Tone.BAD, errors["digest"], title="Digest:") if "digest" in errors else None,
        Columns(
            main=Panel(
                Form(
                    reason_field(errors),
                    Hidden("digest", held.digest or ""),
                    once(),
                    submit=decision.capitalize(),
                    cancel=back,
                    confirm=Confirm(
                        f"{decision.capitalize()} sync {held.sync_id} of {held.source}?",
                        Text(_WORDS[decision]),
                        counts(held),
                        button=f"{decision.capitalize()} now",
                        review=f"{decision.capitalize()} …",
                    ),
                )
            ),
            side=Panel(counts(held), reasons(held)),
        ),
        subject=held.source,
        lead=_WORDS[decision],
    )

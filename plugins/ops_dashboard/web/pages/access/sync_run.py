"""One sync: what it found, what it would change or has changed, and what became of it."""

from __future__ import annotations

import re
from urllib.parse import quote

from ops_dashboard import directory
from ops_dashboard.directory import SyncRun, SyncState
from ops_dashboard.text import shorten
from ops_dashboard.web.components import (
    Actions,
    Button,
    Code,
    Facts,
    Heading,
    Link,
    Node,
    Note,
    Page,
    Panel,
    Spread,
    Text,
    Time,
    Tone,
)
from ops_dashboard.web.errors import not_found
from ops_dashboard.web.pages.access.differences import counts, differences
from ops_dashboard.web.pages.access.sync_words import decided, state_badge
from ops_dashboard.web.pages.shared import person
from ops_dashboard.web.questions import MANAGES
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")

_TITLES = {
    SyncState.HELD: "Held:",
    SyncState.FAILED: "Not applied:",
    SyncState.PARTIAL: "Not read:",
    SyncState.REHEARSED: "Not read:",
}


@router.page("/access/sources/{source}/runs/{sync_id}", title="Sync", needs=None)
def sync_run(request: PageRequest) -> Page:
    """Tell a run. People's names are for those who may decide about it."""
    run = find_run(request)
    manages = request.may(MANAGES)
    verdict = (decided(run, request.user.name), _decide(request, run, manages))
    return Page(
        f"Sync {run.sync_id} of",
        Panel(_state(run), reasons(run), counts(run), *verdict),
        *(differences(run.differences, names=manages) if run.differences else ()),
        *_evidence(request, run, manages),
        Actions(Button("Sources", request.url("/access/sources"))),
        subject=run.source,
        lead=(f"Asked by {person(run.asked_by, request.user.name)} ", Time(run.at), *_found_again(run)),
    )


def find_run(request: PageRequest) -> SyncRun:
    """Return the run that the address names.

    Raises:
        Problem: There is none.
    """
    source, number = request.path["source"], request.path["sync_id"]
    sync_id = int(number) if re.fullmatch(r"[0-9]{1,18}", number, re.ASCII) else 0
    found = directory.find_run(request.database, source, sync_id)
    if found is None:
        raise not_found(f"There is no sync {shorten(number)} of {shorten(source)}.")
    return found


def _found_again(run: SyncRun) -> tuple[Node, ...]:
    """How old what waits is: once released, the groups are as old as that."""
    return (" · the same was read again ", Time(run.read_at)) if run.read_at > run.at else ()


def _state(run: SyncRun) -> Spread:
    if run.differences is None:
        return Spread(Text("What it would have changed is not known."), state_badge(run.state))
    done = "changed" if run.state in {SyncState.APPLIED, SyncState.PARTIAL} else "would change"
    what = "nothing" if run.differences.nothing else "the following"
    return Spread(Text(f"It {done} {what}."), state_badge(run.state))


def reasons(run: SyncRun) -> Note | None:
    """Why it was held, failed or is partial."""
    if not run.reasons:
        return None
    tone = Tone.BAD if run.state is SyncState.FAILED else Tone.WARN
    would_be_held = run.state is SyncState.REHEARSED and run.digest is not None
    was_held = run.decided_by is not None or run.state is SyncState.SUPERSEDED
    title = "It would be held:" if would_be_held else "It was held:" if was_held else _TITLES.get(run.state, "")
    return Note(tone, f"{'; '.join(run.reasons)}.", title=title)


def _decide(request: PageRequest, run: SyncRun, manages: bool) -> Node:
    """The two ways out of being held, for who may take them."""
    if run.state is not SyncState.HELD:
        return None
    if not manages:
        return Text("Somebody who may manage:access has to release or discard it.", muted=True)
    path = f"/access/sources/{run.source}/runs/{run.sync_id}"
    discard = Button("Discard …", request.url(f"{path}/discard"))
    if not directory.may_release(run.asked_by, request.user.name):
        return (Text("You asked for it, so somebody else has to release it.", muted=True), Actions(discard))
    return Actions(Button("Release …", request.url(f"{path}/release"), primary=True), discard)


def _evidence(request: PageRequest, run: SyncRun, manages: bool) -> tuple[Node, ...]:
    """Why the answer is known to be complete, and what was left out of it: it may name people."""
    if not manages:
        return (Text("People's names, and what was read, are shown to those who may manage:access.", muted=True),)
    in_airflow = request.airflow_url(f"/dags/{directory.SYNC_DAG_ID}/runs/{quote(run.dag_run_id, safe='')}")
    facts: list[tuple[str, Node]] = [("DAG run", Link(Code(run.dag_run_id), in_airflow, outer=True))]
    facts += [("Digest", Code(run.digest))] if run.digest else []
    facts += [("Read", line) for line in run.evidence]
    return (Heading("Evidence"), Panel(Facts(*facts)))

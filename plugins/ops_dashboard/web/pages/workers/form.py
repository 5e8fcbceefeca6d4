"""The scale form: what is there, what may be set and by which grant, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ops_dashboard import access
from ops_dashboard.access import Grant
from ops_dashboard.acts import SCALE_DAG_ID, RequestError, ScaleRequest, check_within_limits, parse
from ops_dashboard.catalog import Pool, UnknownPoolError
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.web.components import (
    Change,
    Columns,
    Confirm,
    Empty,
    Facts,
    Form,
    Heading,
    Hidden,
    Link,
    Node,
    Note,
    NumberField,
    Page,
    Panel,
    Redirect,
    Time,
    Tone,
)
from ops_dashboard.web.errors import not_found
from ops_dashboard.web.pages.asking import ask, beyond_limits, once, reason_field, switched_off, typed_number
from ops_dashboard.web.pages.changes import recent_changes
from ops_dashboard.web.pages.shared import state_badge, state_tone
from ops_dashboard.web.pages.waiting import waiting_notes
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router
from ops_dashboard.workers import PoolStatus
from ops_dashboard.workers.statuses import status_reader

router = Router(prefix="/ops")

_NOW = "Scale now"
_SHOWN = {"replicas", "reason"}  # what is wrong with these is told at their field
_SMALL_CHANGE = 3  # at least half of what runs, but never a single worker or two, deserves a second look


@router.page("/workers/{team}/{role}/scale", title="Scale", needs="scale:{team}/{role}")
def scale_form(request: PageRequest) -> Page:
    """Show the form, filled with the count that runs now or that the address asks for."""
    wanted = typed_number(request.query.get("replicas", ""))
    return _form_page(request, wanted=wanted if isinstance(wanted, int) else None, errors={})


@router.form("/workers/{team}/{role}/scale", needs="scale:{team}/{role}")
def scale(request: PageRequest) -> Redirect | Page:
    """Ask for the act, or show what to correct."""
    try:
        asked = _read(request)
    except RequestError as error:
        return _form_page(request, wanted=None, errors=error.problems)
    return ask(request, SCALE_DAG_ID, asked)


def _read(request: PageRequest) -> ScaleRequest:
    """Check what was typed as far as a page can; the task checks and decides again.

    Raises:
        RequestError: Tells what to correct, by field.
    """
    pool, form = _pool(request), request.form
    seen = form.get("expected", "")
    asked = parse(
        ScaleRequest,
        {
            "pool": pool.name,
            "replicas": typed_number(form.get("replicas", "")),
            "reason": form.get("reason", ""),
            "expected": typed_number(seen) if seen else None,
        },
    )
    check_within_limits(pool, asked.replicas)
    if asked.replicas == asked.expected:
        raise RequestError({"replicas": f"there are {asked.expected} already"})
    decision = access.decide(request.database, request.user.name, pool.action, asked.replicas, asked.expected)
    request.release_database()  # the page that tells a mistake waits for the cluster
    if not decision.may_ask:
        raise RequestError({"replicas": decision.reason})
    return asked


@dataclass(frozen=True, slots=True)
class _View:
    """What the form shows of a pool, whose count is known.

    Attributes:
        target: The count in the field at first.
        grant: One that allows it, the widest.
        grants: All of them.
    """

    request: PageRequest
    pool: Pool
    status: PoolStatus
    current: int
    target: int
    grant: Grant | None
    grants: Sequence[Grant]
    errors: Mapping[str, str]

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the most that pool and grant together leave open; the least is more if that is nothing."""
        least, most = self.grant.leaves_open(self.current) if self.grant else (None, None)
        pool = self.pool
        return pool.min if least is None else max(pool.min, least), pool.max if most is None else min(pool.max, most)


def _form_page(request: PageRequest, wanted: int | None, errors: Mapping[str, str]) -> Page:
    pool = _pool(request)
    statuses = status_reader().read_beside(pool, current_catalog().pools.values(), since=request.now)
    status = statuses.by_pool.get(pool.name)
    main: Node = _no_form(request, pool)
    change: Node = None
    if status is not None and status.desired is not None:
        user = request.user.name
        grant = access.decide(request.database, user, pool.action).grant
        grants = access.grants_for(request.database, user, pool.action)
        target = status.desired if wanted is None else wanted
        view = _View(request, pool, status, status.desired, target, grant, grants, errors)
        main, change = _form(view), _change(view)
    return Page(
        "Scale",
        *(Note(Tone.BAD, problem, title="Not everything can be seen:") for problem in statuses.problems),
        *(Note(Tone.BAD, f"{name}: {errors[name]}", title="Not accepted:") for name in errors if name not in _SHOWN),
        *switched_off(request, SCALE_DAG_ID),
        *waiting_notes(request, ScaleRequest.verb, pool.name, status.desired if status else None),
        Columns(
            main=Panel(main),
            side=(
                Panel(change, _facts(pool, status, statuses.seen_at)),
                Heading("Recent changes"),
                Panel(recent_changes(request, ScaleRequest.verb, pool.name), flush=True),
            ),
        ),
        subject=pool.name,
        lead=f"{pool.kind} {pool.workload} in namespace {pool.namespace}",
    )


def _no_form(request: PageRequest, pool: Pool) -> Empty:
    """A change is made from a number that was seen; to guess one would be dangerous."""
    again = Link("Look again", request.url(scale_form, team=pool.team, role=pool.role))
    return Empty("How many workers run now can't be seen, so nothing can be set from here.", again)


def _form(view: _View) -> Form:
    """Bounded by the pool alone: which of several grants decides depends on the count."""
    pool, error = view.pool, view.errors.get("replicas")
    outside = beyond_limits("replicas", view.grants, view.current)
    return Form(
        NumberField("replicas", "Workers", view.target, pool.min, pool.max, hint=_hint(view), error=error),
        reason_field(view.errors),
        Hidden("expected", str(view.current)),
        once(),
        *_warning(view),
        submit="Scale",
        cancel=view.request.url("/workers"),
        confirm=Confirm(f"Scale {view.pool.name}?", _change(view), button=_NOW, outside=outside),
    )


def _hint(view: _View) -> str:
    now, grant = f"Running {view.current} now.", view.grant
    if grant is None:
        return now
    least, most = view.bounds
    if least > most:
        return f"{now} Grant {grant} leaves nothing to set from here: it allows {grant.bounds}."
    step = f", changes of at most {grant.limits.max_change}" if grant.limits.max_change else ""
    beyond = f" Anything beyond takes the approval of somebody in {grant.approver}." if grant.approver else ""
    return f"{now} By grant {grant} you may set {least} to {most}{step}.{beyond}"


def _change(view: _View) -> Change:
    return Change(
        view.current,
        view.target,
        unit="workers",
        field="replicas",
        warn_from=max(_SMALL_CHANGE, view.current // 2 + 1),
        warning="That is a large change. Quota and nodes have to allow for it.",
    )


def _warning(view: _View) -> tuple[Node, ...]:
    if state_tone(view.status) is not Tone.BAD:
        return ()
    return (Note(Tone.WARN, view.status.problem or "More workers may not become ready.", title="Not healthy now:"),)


def _facts(pool: Pool, status: PoolStatus | None, seen_at: datetime) -> Facts:
    return Facts(
        ("State", state_badge(status)),
        ("Ready", f"{status.ready} of {status.desired}" if status else None),
        ("Limits", f"{pool.min} to {pool.max}"),
        ("Owner", pool.owner),
        ("Seen", Time(seen_at)),
    )


def _pool(request: PageRequest) -> Pool:
    try:
        return current_catalog().pool(f"{request.path['team']}/{request.path['role']}")
    except UnknownPoolError as error:
        raise not_found(f"{error}.") from error

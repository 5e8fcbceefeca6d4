"""Workers: is anything of mine wrong, and can I act?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ops_dashboard.acts import ScaleRequest
from ops_dashboard.ledger import Entry
from ops_dashboard.overview.pools import PoolsOverview, PoolView, read_pools
from ops_dashboard.web.components import (
    Button,
    Chip,
    Chips,
    Code,
    Column,
    Empty,
    Link,
    Node,
    Note,
    Page,
    ReadyBar,
    Search,
    Select,
    Stacked,
    Text,
    Time,
    Tone,
    Toolbar,
)
from ops_dashboard.web.pages.listings import act, by_right, has_words
from ops_dashboard.web.pages.runs import run_url
from ops_dashboard.web.pages.shared import person, state_badge, state_tone, unknown_filter
from ops_dashboard.web.pages.waiting import Waiting, read_waiting, waiting_line
from ops_dashboard.web.pages.workers.form import scale_form
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router
from ops_dashboard.workers import PoolState

router = Router(prefix="/ops")

_COLUMNS = (
    Column("Pool", width=25),
    Column("Ready", width=20, numeric=True),
    Column("State", width=15),
    Column("Limits", width=10, optional=True, numeric=True),
    Column("Last change", width=20, optional=True, numeric=True),
    Column("Act", action=True),
)


@router.page("/workers", title="Workers", nav=1)
def workers(request: PageRequest) -> Page:
    """All pools, the person's own first."""
    is_chosen = _choice(request)
    waiting = read_waiting(request)
    seen = read_pools(request.host.database, request.user.name)
    found = [view for view in seen.pools if _matches(request, view)]
    chosen = [view for view in found if is_chosen(view)]
    return Page(
        "Workers",
        _toolbar(seen, found),
        *(Note(Tone.BAD, problem, title="Not everything can be seen:") for problem in seen.problems),
        *by_right(chosen, "pools", _COLUMNS, partial(_cells, request, waiting), _no_pools(request)),
        lead="Change how many workers a role of your team runs. Every change is on record.",
    )


def _matches(request: PageRequest, view: PoolView) -> bool:
    pool, team = view.pool, request.query.get("team", "")
    return team in ("", pool.team) and has_words(request, pool.name, pool.workload, pool.namespace, pool.owner)


def _choice(request: PageRequest) -> Callable[[PoolView], bool]:
    choices: dict[str, Callable[[PoolView], bool]] = {
        "": lambda _view: True,
        "attention": _needs_attention,
        "rolling": _is_rolling_out,
    }
    show = request.query.get("show", "")
    if show not in choices:
        raise unknown_filter("show", show, filter(None, choices))
    return choices[show]


def _needs_attention(view: PoolView) -> bool:
    return state_tone(view.status) is Tone.BAD


def _is_rolling_out(view: PoolView) -> bool:
    return view.status is not None and view.status.state is PoolState.ROLLING_OUT


def _toolbar(seen: PoolsOverview, found: Sequence[PoolView]) -> Toolbar:
    teams = sorted({view.pool.team for view in seen.pools})
    return Toolbar(
        Search("q", "Search pools"),
        Chips(
            "show",
            "Show",
            Chip("", "All", len(found)),
            Chip("attention", "Needs attention", sum(map(_needs_attention, found))),
            Chip("rolling", "Rolling out", sum(map(_is_rolling_out, found))),
        ),
        Select("team", "Team", [("", "All teams"), *((team, team) for team in teams)]),
        aside=Text("Cluster seen ", Time(seen.seen_at), muted=True),
    )


def _cells(request: PageRequest, waiting: Waiting, view: PoolView) -> tuple[Node, ...]:
    pool, status = view.pool, view.status
    form = request.url(scale_form, team=pool.team, role=pool.role)
    name = Link(Code(pool.name), form) if view.decision.allowed else Code(pool.name)
    return (
        Stacked(name, f"{pool.kind} {pool.workload} · ns {pool.namespace}"),
        ReadyBar(status.ready, status.desired, state_tone(status)) if status else None,
        Stacked(
            state_badge(status),
            status.problem if status else None,
            waiting_line(request, waiting.of(ScaleRequest.verb, pool.name), status.desired if status else None),
        ),
        f"{pool.min} – {pool.max}",
        _last_change(request, view.last),
        act(request, view, Button("Scale", form, small=True, describes=pool.name)),
    )


def _last_change(request: PageRequest, entry: Entry | None) -> Node:
    if entry is None:
        return None
    what = f"{entry.before} → {entry.requested} by {person(entry.actor, request.user.name)}"
    return Stacked(Link(what, run_url(request, entry)), Time(entry.at))


def _no_pools(request: PageRequest) -> Empty:
    if any(request.query.get(name) for name in ("q", "team", "show")):
        return Empty("No pool of yours fits the filter.", Link("Show all", request.url(workers)))
    return Empty("You may not scale any pool.", "Ask your Data Platform team for a grant to a group of yours.")

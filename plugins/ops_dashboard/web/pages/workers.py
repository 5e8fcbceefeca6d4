"""Workers: is anything of mine wrong, and can I act?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ops_dashboard import access, ledger
from ops_dashboard.access import Decision
from ops_dashboard.catalog import Pool
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.ledger import Entry, Outcome
from ops_dashboard.web.components import (
    Button,
    Chip,
    Chips,
    Code,
    Column,
    Empty,
    Heading,
    Link,
    Muted,
    Node,
    Note,
    Page,
    Panel,
    ReadyBar,
    Search,
    Select,
    Stacked,
    Table,
    Text,
    Time,
    Tone,
    Toolbar,
)
from ops_dashboard.web.pages.runs import run
from ops_dashboard.web.pages.scale import scale_form
from ops_dashboard.web.pages.shared import person, state_badge, state_tone
from ops_dashboard.web.pool_status import last_touched, status_reader
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router
from ops_dashboard.workers import PoolState, PoolStatus

router = Router(prefix="/ops")

_COLUMNS = (
    Column("Pool", width=25),
    Column("Ready", width=20, numeric=True),
    Column("State", width=15),
    Column("Limits", width=10, optional=True, numeric=True),
    Column("Last change", width=20, optional=True, numeric=True),
    Column("Act", action=True),
)


@dataclass(frozen=True, slots=True)
class _Row:
    pool: Pool
    status: PoolStatus | None
    decision: Decision
    last: Entry | None
    others: tuple[str, ...]

    @property
    def is_rolling_out(self) -> bool:
        return self.status is not None and self.status.state is PoolState.ROLLING_OUT

    @property
    def needs_attention(self) -> bool:
        return state_tone(self.status) is Tone.BAD


@router.page("/workers", title="Workers", nav=1)
def workers(request: PageRequest) -> Page:
    """All pools, the person's own first."""
    catalog = current_catalog()
    changes = ledger.last_changes(request.database, list(catalog.pools))
    statuses = status_reader().read(catalog.pools.values(), since=last_touched(changes))
    found = [
        row for row in _rows(request, list(catalog.pools.values()), statuses.by_pool, changes) if _matches(request, row)
    ]
    chosen = [row for row in found if _is_chosen(request.query.get("show", ""), row)]
    mine = [row for row in chosen if row.decision.allowed]
    return Page(
        "Workers",
        _toolbar(found, Text("Cluster seen ", Time(statuses.seen_at), muted=True)),
        *(Note(Tone.BAD, problem, title="Not all pools can be seen:") for problem in statuses.problems),
        Heading("Your pools", note=_by_groups(mine)),
        Panel(Table(_COLUMNS, [_cells(request, row) for row in mine], "Your pools", _no_pools(request)), flush=True),
        *_others(request, [row for row in chosen if not row.decision.allowed]),
        lead="Change how many workers a role of your team runs. Every change is on record.",
    )


def _rows(
    request: PageRequest,
    pools: Sequence[Pool],
    by_pool: Mapping[str, PoolStatus],
    changes: Mapping[str, Sequence[Entry]],
) -> list[_Row]:
    decisions = access.decide_all(request.database, request.user.name, [pool.action for pool in pools])
    groups = access.groups_that_may(request.database, [pool.action for pool in pools])
    return [
        _Row(
            pool=pool,
            status=by_pool.get(pool.name),
            decision=decisions[pool.action],
            last=next(iter(changes.get(pool.name, ())), None),
            others=groups[pool.action],
        )
        for pool in pools
    ]


def _matches(request: PageRequest, row: _Row) -> bool:
    team, words = request.query.get("team", ""), request.query.get("q", "").lower().split()
    text = f"{row.pool.name} {row.pool.workload} {row.pool.namespace} {row.pool.owner}".lower()
    return (not team or row.pool.team == team) and all(word in text for word in words)


def _is_chosen(show: str, row: _Row) -> bool:
    return {"attention": row.needs_attention, "rolling": row.is_rolling_out}.get(show, True)


def _toolbar(rows: Sequence[_Row], aside: Node) -> Toolbar:
    teams = sorted({pool.team for pool in current_catalog().pools.values()})
    return Toolbar(
        Search("q", "Search pools"),
        Chips(
            "show",
            "Show",
            Chip("", "All", len(rows)),
            Chip("attention", "Needs attention", sum(row.needs_attention for row in rows)),
            Chip("rolling", "Rolling out", sum(row.is_rolling_out for row in rows)),
        ),
        Select("team", "Team", [("", "All teams"), *((team, team) for team in teams)]),
        aside=aside,
    )


def _others(request: PageRequest, rows: Sequence[_Row]) -> tuple[Node, ...]:
    if not rows:
        return ()
    table = Table(_COLUMNS, [_cells(request, row) for row in rows], "Pools of others")
    return (Heading("Other teams", note="view only"), Panel(table, flush=True))


def _cells(request: PageRequest, row: _Row) -> tuple[Node, ...]:
    pool, status = row.pool, row.status
    name: Node = Code(pool.name)
    if row.decision.allowed:
        name = Link(name, request.url(scale_form, team=pool.team, role=pool.role))
    return (
        Stacked(name, f"{pool.kind} {pool.workload} · ns {pool.namespace}"),
        ReadyBar(status.ready, status.desired, state_tone(status)) if status else None,
        Stacked(state_badge(status), status.problem) if status and status.problem else state_badge(status),
        f"{pool.min} – {pool.max}",
        _last_change(request, row.last),
        _act(request, row),
    )


def _last_change(request: PageRequest, entry: Entry | None) -> Node:
    if entry is None:
        return None
    what = f"{entry.before} → {entry.requested} by {person(entry.actor, request.user.name)}"
    return Stacked(Link(what, request.url(run, dag_id=entry.dag_id, run_id=entry.run_id)), Time(entry.at))


def _act(request: PageRequest, row: _Row) -> Node:
    if not row.decision.allowed:
        return Muted(row.others[0] if row.others else "nobody may")
    if row.last is not None and row.last.outcome is Outcome.RUNNING:
        href = request.url(run, dag_id=row.last.dag_id, run_id=row.last.run_id)
        return Button("Watch", href, small=True, describes=row.pool.name)
    href = request.url(scale_form, team=row.pool.team, role=row.pool.role)
    return Button("Scale", href, small=True, describes=row.pool.name)


def _by_groups(rows: Sequence[_Row]) -> str:
    groups = sorted({row.decision.grant.group for row in rows if row.decision.grant})
    return f"by {', '.join(groups)}" if groups else ""


def _no_pools(request: PageRequest) -> Empty:
    if any(request.query.get(name) for name in ("q", "team", "show")):
        return Empty("No pool of yours fits the filter.", Link("Show all", request.url(workers)))
    return Empty("You may not scale any pool.", "Ask your Data Platform team for a grant to a group of yours.")

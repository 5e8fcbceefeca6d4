"""The four sketched pages with invented data, served without Airflow: what the framework's tests look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import psycopg
from fastapi import APIRouter, FastAPI, HTTPException, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse

from ops_dashboard import Page, PageRequest, Redirect, Router
from ops_dashboard.web.app import ApiRequest, JsonRoute, create_app
from ops_dashboard.web.components import (
    Actions,
    Badge,
    Button,
    Change,
    Chip,
    Chips,
    Code,
    Column,
    Columns,
    Confirm,
    DateField,
    Empty,
    Facts,
    Form,
    Heading,
    Hidden,
    Link,
    Live,
    Muted,
    Node,
    Note,
    NumberField,
    Outside,
    Panel,
    Progress,
    ReadyBar,
    Search,
    Select,
    SelectField,
    Spread,
    Stacked,
    Step,
    Steps,
    StepState,
    Table,
    Template,
    Text,
    TextArea,
    Time,
    Tone,
    Toolbar,
)
from ops_dashboard.web.errors import Problem, database_down, not_found
from ops_dashboard.web.request import Host, User

ADS = "oncall@ads.example.com"
NOBODY = "nobody@example.com"
SEEN_AT = datetime(2026, 11, 23, 3, 12, 18, tzinfo=UTC)
SYNCED_AT = SEEN_AT - timedelta(minutes=4)

sample_router = Router(prefix="/ops", templates=Path(__file__).parent / "templates")


class DatabaseGoneError(Exception):
    """Stands for what the database layer raises when it can't connect."""


@dataclass
class Rollout:
    """What the run page shows; a test moves it on."""

    ready: int = 10
    broken: bool = False

    @property
    def done(self) -> bool:
        return self.ready == 12


rollout = Rollout()

_POOLS = (
    Column("Pool", width=25),
    Column("Ready", width=15, numeric=True),
    Column("State", width=20),
    Column("Limits", width=10, optional=True, numeric=True),
    Column("Last change", optional=True, numeric=True),
    Column("Act", width=10, action=True),
)


@sample_router.page("/workers", title="Workers", nav=1)
def workers(request: PageRequest) -> Page:
    search = request.query.get("q", "")
    mine = [
        _pool(request, "bidder", 6, 6, Badge("Healthy", Tone.OK), "2 – 20", "6 → 9 by you", timedelta(hours=6)),
        _pool(
            request, "indexer", 7, 9, Badge("Rolling out", Tone.BUSY), "1 – 12", "7 → 9 by you", timedelta(seconds=12)
        ),
        _pool(
            request, "reporter", 2, 5, Badge("Quota exceeded", Tone.BAD), "1 – 8", "2 → 5 by you", timedelta(hours=3)
        ),
    ]
    found = [cells for name, cells in mine if search in name]
    theirs = (
        Stacked(Code("search/crawler"), "Deployment crawler · ns search"),
        ReadyBar(14, 14, Tone.OK),
        Badge("Autoscaled", Tone.IDLE),
        "4 – 40",
        Stacked("HPA", Time(SEEN_AT - timedelta(minutes=2))),
        Muted("search-oncall"),
    )
    nothing = Empty(f"No pool fits “{search}”.", Link("Show all pools", request.url(workers)))
    return Page(
        "Workers",
        Toolbar(
            Search("q", "Search pools"),
            Chips(
                "show",
                "Show",
                Chip("", "All", 4),
                Chip("attention", "Needs attention", 1),
                Chip("busy", "Rolling out", 1),
            ),
            Select("team", "Team", [("", "All teams"), ("ads", "ads"), ("search", "search")]),
            aside=("Cluster seen ", Time(SEEN_AT - timedelta(seconds=3))),
        ),
        Heading("Your pools", note="by ads-oncall"),
        Panel(Table(_POOLS, found, "Your pools", nothing), flush=True),
        Heading("Other teams", note="view only"),
        Panel(Table(_POOLS, [theirs], "Pools of other teams"), flush=True),
        lead="Change how many workers a role of your team runs. Every change is on record.",
    )


def _pool(
    request: PageRequest, role: str, ready: int, desired: int, state: Badge, limits: str, change: str, ago: timedelta
) -> tuple[str, Sequence[Node]]:
    name = f"ads/{role}"
    href = request.url(scale_form, team="ads", role=role)
    return name, (
        Stacked(Link(Code(name), href), f"Deployment {role} · ns ads"),
        ReadyBar(ready, desired, state.tone),
        state,
        limits,
        Stacked(change, Time(SEEN_AT - ago)),
        Button("Scale", href, small=True, describes=name),
    )


@sample_router.page("/workers/{team}/{role}/scale", title="Scale", needs="view:workers")
def scale_form(request: PageRequest) -> Page:
    return _scale_page(request)


@sample_router.form("/workers/{team}/{role}/scale", needs="scale:{team}/{role}")
def scale(request: PageRequest) -> Redirect | Page:
    typed = request.form.get("replicas", "")
    if not (typed.isascii() and typed.isdigit() and 2 <= int(typed) <= 20):
        return _scale_page(request, f"replicas: {typed!r} is not accepted; give a whole number from 2 to 20.")
    return Redirect(request.url(run, run_id=f"page__{typed}"))


def _scale_page(request: PageRequest, mistake: str | None = None) -> Page:
    change = Change(6, 12, "workers", field="replicas", warn_from=6, warning="That is a large change.")
    beyond = Outside("replicas", [(2, 12), (18, None)], "Somebody else has to approve it.", button="Ask for approval")
    recent = [
        (Stacked("9 → 6", "backlog drained"), Stacked("you", Time(SEEN_AT - timedelta(hours=7)))),
        (Stacked("6 → 9", "INC-2201"), Stacked("you", Time(SEEN_AT - timedelta(hours=9)))),
    ]
    return Page(
        "Scale",
        Columns(
            main=Panel(
                Form(
                    NumberField(
                        "replicas",
                        "Workers",
                        12,
                        minimum=2,
                        maximum=20,
                        hint=("Running 6 now. You may set 2 to 20 (grant ", Code("ads-oncall → scale:ads/*"), ")."),
                        error=mistake,
                    ),
                    TextArea("reason", "Reason", hint="Kept with the record.", max_length=500),
                    SelectField("urgency", "Urgency", [("now", "Now"), ("later", "Can wait")], value="now"),
                    DateField("day", "Day", "2026-11-23", hint="When it may start."),
                    Hidden("expected", "6"),
                    Note(Tone.WARN, "Quota of namespace ads leaves room for 8 more pods of this size."),
                    submit="Scale",
                    cancel=request.url(workers),
                    confirm=Confirm("Scale ads/bidder?", change, button="Scale now", outside=beyond),
                )
            ),
            side=(
                Panel(
                    change,
                    Facts(
                        ("State", Badge("Healthy", Tone.OK)),
                        ("Ready", "6 of 6"),
                        ("Owner", "Ads Serving"),
                        ("HPA", None),
                    ),
                ),
                Heading("Recent changes"),
                Panel(Table((Column("Change"), Column("By")), recent, "Recent changes"), flush=True),
            ),
        ),
        subject="/".join(request.path[name] for name in ("team", "role")),
        lead="Deployment bidder in namespace ads, cluster prod-eu",
    )


@sample_router.page("/runs/{run_id}", title="Run", needs="view:workers", tab="/workers")
def run(request: PageRequest) -> Page:
    if rollout.broken:
        raise DatabaseGoneError
    ready, done = rollout.ready, rollout.done
    last = (
        Step("All ready", StepState.DONE, at=SEEN_AT)
        if done
        else Step("Rolling out", StepState.NOW, note=f"{ready} / 12")
    )
    verdict = Badge("Done", Tone.OK) if done else Badge("Rolling out", Tone.BUSY)
    problem = Note(
        Tone.BAD,
        Code("bidder-7c9f-x2k4p"),
        " is unschedulable, 0/6 nodes have 2 free cores.",
        title="1 pod can't start:",
    )
    return Page(
        "Scaling",
        Live(
            Columns(
                main=Panel(
                    Spread(Change(6, 12), verdict),
                    Progress(ready, 12, "Ready workers", f"{ready} of 12 ready · 14 s", Tone.OK if done else Tone.BUSY),
                    None if done else problem,
                ),
                side=Panel(
                    Steps(
                        Step("Requested", StepState.DONE, at=SEEN_AT - timedelta(seconds=14)),
                        Step("Allowed", StepState.DONE, "by ads-oncall → scale:ads/*", SEEN_AT - timedelta(seconds=13)),
                        Step("Patched 6 → 12", StepState.DONE, at=SEEN_AT - timedelta(seconds=13)),
                        last,
                        Step("Verified", StepState.DONE if done else StepState.NEXT),
                    )
                ),
            ),
            Actions(
                Button("Set back to 6", request.url(scale_form, team="ads", role="bidder", replicas=6)),
                Button("Open in Airflow", request.airflow_url("/dags/ops_scale_workers"), outer=True),
                Button("Record", request.url(audit, run_id=request.path["run_id"])),
            ),
            every=0.1,
            done=done,
            announce=f"{ready} of 12 ready",
        ),
        subject="ads/bidder",
        lead=("Asked by you ", Time(SEEN_AT - timedelta(seconds=14)), " · “Bid backlog at 40 k and rising”"),
    )


@sample_router.page("/audit", title="Audit", needs="view:audit", nav=2)
def audit(request: PageRequest) -> Page:
    entries: list[tuple[str, str, str, Node, Badge]] = [
        ("you", "ads/bidder", "Bid backlog at 40 k and rising, INC-2214", "6 → 12", Badge("Rolling out", Tone.BUSY)),
        ("oncall@search", "ads/bidder", "you are in no group that may scale:ads/*", None, Badge("Denied", Tone.BAD)),
        ("you", "ads/indexer", "reindex", "7 → 9", Badge("Done", Tone.OK)),
        ("you", "ads/reporter", "changed from 3 to 5 by kubectl", "2 → (5)", Badge("Refused", Tone.WARN)),
    ]
    rows = [
        (
            Stacked(Time(SEEN_AT - timedelta(minutes=index), clock=True), Time(SEEN_AT - timedelta(minutes=index))),
            who,
            Stacked(("scale ", Code(what)), why),
            effect,
            badge,
        )
        for index, (who, what, why, effect, badge) in enumerate(entries)
    ]
    columns = (
        Column("Time (UTC)", width=15, numeric=True),
        Column("Person", width=20),
        Column("Act"),
        Column("Effect", width=10, numeric=True),
        Column("Outcome", width=15),
    )
    return Page(
        "Audit",
        Toolbar(
            Search("q", "Person, resource, reason"),
            Select("outcome", "Outcome", [("", "Any outcome"), ("denied", "Denied")]),
            aside=Link("CSV", "/ops/audit?format=csv"),
        ),
        Panel(Table(columns, rows, "Requests, newest first"), flush=True),
        Actions(Button("Older", request.here(cursor="next"))),
        lead="Who did what, when, why and to which effect. Entries are never changed.",
    )


@sample_router.page("/hidden", title="Hidden", needs="view:hidden", nav=3)
def hidden(_request: PageRequest) -> Page:
    return Page("Hidden", Text("Only for those who may."))


@sample_router.page("/own", title="Own", needs=None)
def own(_request: PageRequest) -> Page:
    return Page("Own", Template("own.html", {"name": "<Ada>", "badge": Badge("Healthy", Tone.OK)}))


@sample_router.page("/trouble/{kind}", title="Trouble", needs=None)
def trouble(request: PageRequest) -> Page:
    if request.path["kind"] == "database":
        raise DatabaseGoneError
    if request.path["kind"] == "missing":
        raise not_found("There is no pool ads/<b>.")
    raise RuntimeError("secret detail")


class Pool(BaseModel):
    """A pool, for programs."""

    pool: str = Field(description="Its name.")
    ready: int


class Pools(BaseModel):
    """All pools."""

    pools: list[Pool]
    seen_at: datetime


sample_api = APIRouter(prefix="/api/v1", route_class=JsonRoute)


@sample_api.get("/pools")
def list_pools(request: ApiRequest, limit: int = Query(10, ge=1, le=100, description="At most so many.")) -> Pools:
    """List the pools."""
    request.require("view:workers")
    return Pools(pools=[Pool(pool="ads/bidder", ready=6)][:limit], seen_at=SEEN_AT)


@sample_api.get("/trouble")
def api_trouble(request: ApiRequest) -> None:
    """Fail."""
    raise RuntimeError(f"secret detail of {request.user.name}")


@dataclass(frozen=True)
class Verdict:
    """A decision without a database."""

    allowed: bool
    reason: str
    synced_at: datetime | None = SYNCED_AT
    max_age: timedelta | None = timedelta(hours=6)


RIGHTS = {ADS: {"view:workers", "view:audit", "scale:ads/bidder"}}


def sign_in(request: Request) -> User:
    """The cookie `user` is all the proof that the sample wants."""
    name = request.cookies.get("user")
    if not name:
        raise HTTPException(401, "Not authenticated")
    if name == "forged":
        raise HTTPException(403, "Invalid JWT token")
    return User(name, session=request.cookies.get("session", ""))


def authorise(request: PageRequest, actions: Sequence[str]) -> Mapping[str, Verdict]:
    rights = RIGHTS.get(request.user.name, set())
    return {action: Verdict(action in rights, f"you are in no group that may {action}") for action in actions}


@contextmanager
def database() -> Iterator[psycopg.Connection[Any]]:
    yield cast("psycopg.Connection[Any]", object())


class NoAirflow:
    """Airflow is not asked for anything here."""

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        raise Problem(404, "Not here", f"{method} {path}")


def make_host(banner: str = "Simulated cluster: nothing real is scaled here.") -> Host:
    return Host(
        authenticate=sign_in,
        authorise=authorise,
        database=database,
        airflow=lambda _request: NoAirflow(),
        secret="not so secret",
        now=lambda: SEEN_AT,
        banner=banner,
    )


def make_app(host: Host | None = None) -> FastAPI:
    """The sample, mounted where Airflow would mount it."""
    outer = FastAPI()
    outer.get("/frame", response_class=HTMLResponse)(frame)
    outer.mount(
        "/ops",
        create_app([sample_router], host or make_host(), api=[sample_api], explain={DatabaseGoneError: database_down}),
    )
    return outer


def frame() -> str:
    """Stands for Airflow's own page: its tokens, its class, and a frame with the same sandbox."""
    return """<!doctype html><html class="dark" lang="en" style="--chakra-colors-bg: rgb(1, 2, 3);
        --chakra-fonts-body: monospace"><title>Airflow</title>
        <iframe title="Operations" src="/ops/runs/x" width="1000" height="600"
        sandbox="allow-scripts allow-same-origin allow-forms allow-downloads"></iframe></html>"""

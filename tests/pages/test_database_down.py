"""The product's own app when what it stands on is missing: the database, its tables, a catalog without mistakes."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from ops_dashboard import database
from ops_dashboard.web.request import User
from ops_dashboard.web.security import TOKEN_FIELD, FormTokens
from tests.support.company import ADMIN
from tests.web.server import serve

# One of Airflow's libraries imports a client for tests, which warns whoever does.
pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`")

USER = User(ADMIN, session="a session")
SECRET = "what signs the forms of this test"
PASSWORD = "a password that nobody may see"

PAGES = ["/", "/workers", "/workers/ads/bidder/scale", "/runs/ops_scale_workers/x", "/audit", "/docs", "/no-such-page"]
JSON_ROUTES = ["/api/v1/pools", "/api/v1/ledger", "/api/v1/access/me"]
LEAKS = ["Traceback", "psycopg", "/nowhere", "ops_dashboard", "db.example.com", PASSWORD, "connection_id", "SELECT"]


class Connects(Protocol):
    """Where the app takes its connections from."""

    def __call__(self) -> psycopg.Connection: ...


class Connections:
    """A pool that keeps nothing: what the product's own does is tested with it."""

    def __init__(self, connect: Connects) -> None:
        self._connect = connect

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        with self._connect() as connection:
            yield connection


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Connects], httpx.Client]]:
    """Builds the product's app as the plugin does, on such a database; the client is somebody who has signed in."""
    monkeypatch.setenv("AIRFLOW__API__SECRET_KEY", SECRET)
    from ops_dashboard.web.airflow_host import build_app
    from ops_dashboard.web.identity import airflow_user

    with ExitStack() as running:

        def start(connect: Connects) -> httpx.Client:
            monkeypatch.setattr(database, "pool", lambda: Connections(connect))
            app, outer = build_app(), FastAPI()
            app.dependency_overrides[airflow_user] = lambda: USER
            outer.mount("/ops", app)
            address = running.enter_context(serve(outer))
            return running.enter_context(httpx.Client(base_url=f"{address}/ops", timeout=30))

        yield start


def unreachable() -> psycopg.Connection:
    raise database.DatabaseDownError(f"the database can't be reached: psycopg says db.example.com {PASSWORD}")


def broken_off() -> psycopg.Connection:
    raise psycopg.OperationalError(f"server closed the connection: db.example.com {PASSWORD}")


DOWN = pytest.mark.parametrize("connect", [unreachable, broken_off])


@DOWN
def test_every_page_says_that_the_database_is_down(
    visit: Callable[[Connects], httpx.Client], connect: Connects
) -> None:
    client = visit(connect)
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code == 503, path
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "The access database can&#39;t be reached" in answer.text
        assert "nothing is shown and nothing was changed" in answer.text
        assert "Try again in a minute." in answer.text
        assert f'href="/ops{path}">Try again</a>' in answer.text


@DOWN
def test_every_json_route_says_that_the_database_is_down(
    visit: Callable[[Connects], httpx.Client], connect: Connects
) -> None:
    client = visit(connect)
    for path in JSON_ROUTES:
        answer = client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json"), path
        assert answer.json() == {
            "title": "The access database can't be reached",
            "status": 503,
            "detail": "Without it nobody's rights can be checked, so nothing is shown and nothing was changed.",
            "hint": "Try again in a minute. If it stays, tell your Data Platform team.",
        }


@DOWN
def test_a_form_that_is_sent_meanwhile_changes_nothing_and_says_so(
    visit: Callable[[Connects], httpx.Client], connect: Connects
) -> None:
    form = {TOKEN_FIELD: FormTokens(SECRET).issue(USER), "replicas": "7", "reason": "backlog", "expected": "6"}
    path = "/workers/ads/bidder/scale"
    answer = visit(connect).post(path, data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 503
    assert "nothing was changed" in answer.text


@DOWN
def test_nothing_but_the_designed_words_reaches_the_reader(
    visit: Callable[[Connects], httpx.Client], connect: Connects
) -> None:
    client = visit(connect)
    for path in [*PAGES, *JSON_ROUTES]:
        text = re.sub(r'(?:href|src)="[^"]*"', "", client.get(path).text)
        assert [leak for leak in LEAKS if leak in text] == [], path


def test_what_needs_no_database_still_answers(visit: Callable[[Connects], httpx.Client]) -> None:
    client = visit(unreachable)
    assert client.get("/openapi.json").status_code == 200
    (style,) = re.findall(r'href="/ops(/static/[^"]+\.css)"', client.get("/workers").text)
    assert client.get(style).status_code == 200


def test_a_server_that_is_not_there_is_told_like_any_other(
    visit: Callable[[Connects], httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = {"conn_type": "postgres", "host": "/nowhere", "login": "ops", "password": PASSWORD, "schema": "ops"}
    monkeypatch.setenv("AIRFLOW_CONN_OPS_DASHBOARD", json.dumps(nowhere))
    answer = visit(database.connect).get("/api/v1/pools")
    assert (answer.status_code, answer.json()["title"]) == (503, "The access database can't be reached")


def test_a_database_without_our_tables_names_the_command(
    visit: Callable[[Connects], httpx.Client], empty_database_url: str
) -> None:
    client = visit(lambda: database.connect_url(empty_database_url))
    for path in [*PAGES, *JSON_ROUTES]:
        answer = client.get(path)
        assert answer.status_code == 503, path
        assert "The access database is not set up" in answer.text
        assert "ops-dashboard migrate" in answer.text
        assert "does not exist" not in answer.text


@pytest.fixture
def mistaken_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog with two mistakes, one of them hostile."""
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(tmp_path))
    (tmp_path / "pools.yaml").write_text(
        "pools:\n"
        "  ads/bidder: {connection: c, namespace: ads, kind: Deployment, name: bidder, min: 5, max: 2, owner: Ads}\n"
        "  ads/<b>: {connection: c, namespace: ads, kind: Deployment, name: reporter, min: 1, max: 2, owner: Ads}\n"
    )


@pytest.mark.usefixtures("mistaken_catalog", "company")
def test_a_catalog_with_mistakes_is_told_with_all_of_them(
    visit: Callable[[Connects], httpx.Client], app_url: str
) -> None:
    client = visit(lambda: database.connect_url(app_url))
    for path in ["/workers", "/workers/ads/bidder/scale", "/api/v1/pools"]:
        answer = client.get(path)
        assert answer.status_code == 503, path
        shown = answer.text if path.startswith("/api/") else html.unescape(answer.text)
        for words in ["The catalog has mistakes", "pools.ads/bidder", "pools.ads/<b>", "ops-dashboard check"]:
            assert words in shown, path
        assert path.startswith("/api/") or "<b>" not in answer.text


@pytest.mark.usefixtures("mistaken_catalog", "company")
def test_a_catalog_with_mistakes_leaves_the_records_readable(
    visit: Callable[[Connects], httpx.Client], app_url: str
) -> None:
    client = visit(lambda: database.connect_url(app_url))
    assert {path: client.get(path).status_code for path in ["/audit", "/api/v1/ledger", "/api/v1/access/me"]} == {
        "/audit": 200,
        "/api/v1/ledger": 200,
        "/api/v1/access/me": 200,
    }


WRONG_ROUTERS = [
    ("no.such.module:router", ValueError, "give package.module:router"),
    ("ops_dashboard.web.pages.audit:nothing", ValueError, "give package.module:router"),
    ("no module at all", ValueError, "give package.module:router"),
    ("../pages.py", ValueError, "give package.module:router"),
    ("os:path", TypeError, "is module; give the name of a Router"),
    ("ops_dashboard.web.pages.audit:audit", TypeError, "is function; give the name of a Router"),
    ("tests.web.sample:sample_router", ValueError, "GET /ops/workers is already taken"),
]


@pytest.mark.parametrize(("name", "error", "message"), WRONG_ROUTERS, ids=[row[0] for row in WRONG_ROUTERS])
def test_a_wrong_name_of_a_router_is_told_with_what_is_accepted(
    monkeypatch: pytest.MonkeyPatch, name: str, error: type[Exception], message: str
) -> None:
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__ROUTERS", name)
    from ops_dashboard.web.airflow_host import build_app

    with pytest.raises(error, match=re.escape(message)):
        build_app()

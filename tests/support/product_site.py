"""The product's own pages and JSON on a test's database, with Airflow's REST API played by a notebook."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import unquote

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from demo.environment import REPOSITORY
from ops_dashboard import access
from ops_dashboard.database import connect_url
from ops_dashboard.web import api
from ops_dashboard.web.app import create_app
from ops_dashboard.web.errors import Problem
from ops_dashboard.web.pages import access as access_pages
from ops_dashboard.web.pages import answer, approvals, audit, operations, runs
from ops_dashboard.web.pages import settings as settings_pages
from ops_dashboard.web.request import Host
from tests.web.sample import sign_in
from tests.web.server import serve

PAGES = (
    *operations.PAGES,
    *access_pages.PAGES,
    *settings_pages.PAGES,
    approvals.router,
    runs.router,
    answer.router,
    audit.router,
)


@dataclass
class Notebook:
    """Airflow's REST API as far as pages use it: it notes which runs are asked for, and by whom.

    Attributes:
        asked: The runs, by id.
        paused: The DAGs that are switched off.
        waiting: What waits for somebody's answer.
        failure: What it answers to every call, if anything.
    """

    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    failure: Problem | None = None

    def of(self, user: str) -> _Api:
        return _Api(self, user)


@dataclass
class _Api:
    notebook: Notebook
    user: str

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        if self.notebook.failure is not None:
            raise self.notebook.failure
        _, _, _, _, dag_id, *rest = path.split("/")
        if rest[:2] == ["dagRuns", "~"] and rest[2].startswith("hitlDetails?"):
            waiting = self.notebook.waiting
            return {"hitl_details": waiting[:100], "total_entries": len(waiting)}
        if rest[-1:] == ["hitlDetails"]:
            return {"hitl_details": [each for each in self.notebook.waiting if _is_of(each, dag_id, rest[1])]}
        if method == "POST":
            assert body is not None
            run = {"dag_id": dag_id, "conf": body["conf"], "triggering_user_name": self.user, "state": "queued"}
            self.notebook.asked[str(body["dag_run_id"])] = {**run, "run_after": datetime.now(UTC).isoformat()}
            return {}
        if not rest:
            return {"is_paused": dag_id in self.notebook.paused}
        known = self.notebook.asked.get(unquote(rest[1]))
        if known is None or known["dag_id"] != dag_id:
            raise Problem(404, "Airflow did not accept this", "DAGRun not found")
        return known


def _is_of(detail: Mapping[str, Any], dag_id: str, run_id: str) -> bool:
    task = detail["task_instance"]
    return (task["dag_id"], task["dag_run_id"]) == (dag_id, unquote(run_id))


@dataclass
class Site:
    """Where it is served.

    Attributes:
        address: Its URL.
        database_url: Of the database that it shows.
        airflow: What it asked of Airflow.
        later: How far its web server's clock is ahead.
    """

    address: str = ""
    database_url: str = ""
    airflow: Notebook = field(default_factory=Notebook)
    later: timedelta = timedelta()

    def now(self) -> datetime:
        """The time of its web server."""
        return datetime.now(UTC) + self.later

    def client(self, user: str) -> httpx.Client:
        """Somebody who is signed in."""
        return httpx.Client(base_url=self.address, cookies={"user": user}, timeout=30, verify=False)


@pytest.fixture(scope="session")
def _server() -> Iterator[Site]:
    """The pages, on no database yet: starting and stopping them takes longer than most tests."""
    site = Site()

    def database() -> AbstractContextManager[psycopg.Connection[Any]]:
        return connect_url(site.database_url)

    host = Host(
        authenticate=sign_in,
        authorise=lambda request, actions: access.decide_all(request.database, request.user.name, actions),
        database=database,
        airflow=lambda http: site.airflow.of(http.cookies["user"]),
        secret="not so secret",
        now=site.now,
        groups_page="/access/sources",
        access_page="/access",
    )
    outer = FastAPI()
    outer.mount("/ops", create_app(PAGES, host, api=[api.router]))
    with serve(outer) as site.address:
        yield site


@pytest.fixture
def bare_site(_server: Site, app_url: str) -> Site:
    """The pages on a fresh database without people."""
    _server.database_url, _server.airflow, _server.later = app_url, Notebook(), timedelta()
    return _server


_UNREAD = re.compile(r"<(datalist|dialog).*?</\1>|<[^>]+>", re.DOTALL)


def words(html: str) -> str:
    """What a person reads of a page or a part of one, without what stands around every page."""
    main = re.search(r"<main.*</main>", html, re.DOTALL)
    return " ".join(unescape(_UNREAD.sub(" ", main[0] if main else html)).split())


def rows(html: str, label: str) -> list[str]:
    """What a person reads in each row of a table."""
    tables = re.findall(rf'<table[^>]*aria-label="{re.escape(label)}".*?</table>', html, re.DOTALL)
    bodies = "".join(table.partition("<tbody")[2] for table in tables)
    return [words(row) for row in re.findall(r"<tr.*?</tr>", bodies, re.DOTALL)]


def send(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Fill in the form of a page and send it, as a browser without scripts would."""
    page = client.get(path)
    assert page.status_code == 200, page.text
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    hidden = {name: unescape(value) for name, value in found}
    return client.post(path, data={**hidden, **fields}, headers={"Sec-Fetch-Site": "same-origin"})


@pytest.fixture
def site(bare_site: Site, company: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site of the company, with the repository's own catalog."""
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(REPOSITORY / "dags" / "catalog"))
    company.commit()
    return bare_site

"""Many requests at once, over real HTTP: pages that wait keep nobody else from being answered."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Semaphore
from typing import Any, cast

import httpx
import psycopg
import pytest
from anyio.from_thread import start_blocking_portal
from fastapi import APIRouter, FastAPI

from ops_dashboard import Page, PageRequest, Router
from ops_dashboard.web.airflow_api import InProcessApi
from ops_dashboard.web.app import ApiRequest, JsonRoute, create_app
from ops_dashboard.web.components import Text
from ops_dashboard.web.request import User
from tests.web.sample import ADS, Verdict, make_host
from tests.web.server import serve

HEALTH, RUN = "/api/v2/monitor/health", "/api/v2/dags/scale/dagRuns/1"
MANY = 100  # more than an event loop has threads
PATIENCE = 20.0


def airflow() -> FastAPI:
    """Stands for Airflow: its API answers, like most of Airflow's own, in the event loop's threads."""
    app, connections = FastAPI(), Semaphore(5)
    app.get(HEALTH)(lambda: {"status": "healthy"})

    @app.get(RUN)
    def read_run() -> dict[str, str]:
        assert connections.acquire(blocking=False), "there is no connection left for who calls it from outside"
        time.sleep(0.01)
        connections.release()
        return {"state": "success"}

    return app


async def send_many(address: str, path: str) -> Counter[int]:
    """Ask for one page many times at once; count the statuses."""
    limits = httpx.Limits(max_connections=MANY)
    async with httpx.AsyncClient(base_url=address, cookies={"user": ADS}, timeout=PATIENCE, limits=limits) as client:
        answers = await asyncio.gather(*(client.get(path) for _ in range(MANY)))
    return Counter(answer.status_code for answer in answers)


def get_many(address: str, path: str) -> Counter[int]:
    """The same, in an event loop of its own: that of this thread may be a browser's."""
    with start_blocking_portal() as portal:
        return portal.call(send_many, address, path)


def test_pages_that_call_airflow_are_answered_however_many_are_asked_for_at_once() -> None:
    outer = airflow()
    router = Router("/ops")

    @router.page("/run", title="Run", needs=None)
    def run(request: PageRequest) -> Page:
        return Page("Run", Text(request.airflow.call("GET", RUN)["state"]))

    host = replace(make_host(), airflow=lambda _request: InProcessApi(outer, {}))
    outer.mount("/ops", create_app([router], host))
    with serve(outer) as address:
        assert get_many(address, "/ops/run") == {200: MANY}
        assert httpx.get(f"{address}{HEALTH}", timeout=PATIENCE).json() == {"status": "healthy"}


class SmallDatabase:
    """Has few connections; who wants another waits for one to be given back."""

    def __init__(self) -> None:
        self._free = Semaphore(2)

    @contextmanager
    def open(self) -> Iterator[psycopg.Connection[Any]]:
        assert self._free.acquire(timeout=PATIENCE / 4)
        try:
            yield cast("psycopg.Connection[Any]", self)
        finally:
            self._free.release()


def test_json_routes_that_share_few_connections_are_answered_however_many_are_asked_for_at_once() -> None:
    outer, api = airflow(), APIRouter(route_class=JsonRoute)

    @api.get("/rows")
    def rows(request: ApiRequest, limit: int = 3) -> list[int]:
        assert request.database is request.database
        return list(range(limit))

    outer.mount("/ops", create_app([], replace(make_host(), database=SmallDatabase().open), api=[api]))
    with serve(outer) as address:
        assert get_many(address, "/ops/rows?limit=2") == {200: MANY}
        assert httpx.get(f"{address}{HEALTH}", timeout=PATIENCE).json() == {"status": "healthy"}


def test_a_json_route_that_would_keep_everybody_waiting_is_refused() -> None:
    async def rows() -> None: ...

    with pytest.raises(TypeError, match=r"rows: a JSON route is a plain function"):
        APIRouter(route_class=JsonRoute).get("/rows")(rows)


@pytest.mark.parametrize("path", ["/ops/page", "/ops/json", "/ops/", "/ops/nothing"])
def test_airflow_answers_while_everything_of_ours_waits(path: str) -> None:
    arrived, go_on = Semaphore(0), Event()

    async def sign_in() -> User:
        arrived.release()
        return User(ADS)

    def authorise(_request: PageRequest, actions: Sequence[str]) -> Mapping[str, Verdict]:
        assert go_on.wait(PATIENCE)
        return {action: Verdict(False, "you came late") for action in actions}

    router, api, outer = Router("/ops"), APIRouter(route_class=JsonRoute), airflow()

    @router.page("/page", title="Page", nav=1)
    def page(_request: PageRequest) -> Page:
        return Page("Page")

    @api.get("/json")
    def json(request: ApiRequest) -> None:
        request.require("view:json")

    host = replace(make_host(), authenticate=sign_in, authorise=authorise)
    outer.mount("/ops", create_app([router], host, api=[api]))

    async def visit(address: str) -> None:
        visits = asyncio.create_task(send_many(address, path))
        try:
            for _ in range(MANY):
                assert await asyncio.to_thread(arrived.acquire, timeout=PATIENCE)
            async with httpx.AsyncClient(base_url=address, timeout=PATIENCE / 4) as client:
                assert (await client.get(HEALTH)).json() == {"status": "healthy"}
        finally:
            go_on.set()
            assert set(await visits) <= {403, 404}

    with serve(outer) as address, start_blocking_portal() as portal:
        portal.call(visit, address)

"""Airflow's API called in process: as whom, how long, and what counts as an answer."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any, TypeVar

import pytest
from anyio import to_thread
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI, HTTPException, Request
from starlette.responses import RedirectResponse

from ops_dashboard.web.airflow_api import Credential, InProcessApi, credential_of
from ops_dashboard.web.dag_runs import ask_for_run, is_paused, read_run
from ops_dashboard.web.errors import Problem

T = TypeVar("T")


def in_a_page(function: Callable[[], T]) -> T:
    """Call it as a page is called: in a thread, while the event loop goes on."""
    with start_blocking_portal() as portal:
        return portal.call(to_thread.run_sync, function)


def refusal(function: Callable[[], Any]) -> Problem:
    with pytest.raises(Problem) as caught:
        in_a_page(function)
    return caught.value


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()

    @app.get("/api/v2/me")
    def me(request: Request) -> dict[str, str]:
        return dict(request.headers)

    @app.get("/api/v2/dags")
    def dags() -> dict[str, str]:
        raise HTTPException(403, "You may not list DAGs")

    app.get("/api/v2/moved")(lambda: RedirectResponse("/api/v2/me"))
    return app


def test_the_answer_is_what_airflow_said_to_the_person(app: FastAPI) -> None:
    told = in_a_page(lambda: InProcessApi(app, {"cookie": "_token=abc"}).call("GET", "/api/v2/me"))
    assert told["cookie"] == "_token=abc"
    assert "authorization" not in told


def test_a_refusal_carries_airflows_status_and_words(app: FastAPI) -> None:
    problem = refusal(lambda: InProcessApi(app, {}).call("GET", "/api/v2/dags"))
    assert (problem.status, problem.text) == (403, "You may not list DAGs")


def test_a_redirect_is_no_answer(app: FastAPI) -> None:
    problem = refusal(lambda: InProcessApi(app, {}).call("GET", "/api/v2/moved"))
    assert (problem.status, problem.text) == (502, "Temporary Redirect")


@pytest.mark.parametrize(
    "path", ["/ops/workers", "/api/v1/x", "api/v2/dags", "//elsewhere/api/v2/", "/api/v2/../ops/x"]
)
def test_only_airflows_api_is_called(app: FastAPI, path: str) -> None:
    """A page that called a page would wait for a thread while it holds one."""
    with pytest.raises(ValueError, match=r"^path: .* is not accepted; give one that begins with /api/v2/"):
        InProcessApi(app, {}).call("GET", path)


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    app, go_on = FastAPI(), Event()
    app.get("/api/v2/stuck")(go_on.wait)

    def ask() -> None:
        try:
            InProcessApi(app, {}, patience=0.05).call("GET", "/api/v2/stuck")
        finally:
            go_on.set()

    problem = refusal(ask)
    assert (problem.status, problem.retry) == (504, True)
    assert problem.text == "Airflow's API gave no answer within 0.05 seconds."


@pytest.mark.parametrize("name", [".", ".."])
@pytest.mark.parametrize(
    "call",
    [
        lambda airflow, name: read_run(airflow, "ops_scale_workers", name),
        lambda airflow, name: read_run(airflow, name, "run"),
        is_paused,
        lambda airflow, name: ask_for_run(airflow, name, "run", {}),
    ],
)
def test_a_name_that_no_address_can_hold_is_not_found(
    app: FastAPI, call: Callable[[InProcessApi, str], Any], name: str
) -> None:
    problem = refusal(lambda: call(InProcessApi(app, {}), name))
    assert (problem.status, problem.text) == (404, f"No address can hold the name {name!r}.")


COOKIE = {"cookie": "other=1; _token=of.the.cookie"}
BY_COOKIE = Credential("of.the.cookie", {"cookie": "_token=of.the.cookie"})


@pytest.mark.parametrize(
    ("headers", "credential"),
    [
        (COOKIE, BY_COOKIE),
        ({**COOKIE, "authorization": "Basic dXNlcjpwYXNz"}, BY_COOKIE),
        ({**COOKIE, "authorization": "Bearer"}, BY_COOKIE),
        ({**COOKIE, "authorization": "Bearer a.b.c"}, Credential("a.b.c", {"authorization": "Bearer a.b.c"})),
        ({"authorization": "bearer  a.b.c"}, Credential("a.b.c", {"authorization": "Bearer a.b.c"})),
        ({"authorization": "Basic dXNlcjpwYXNz"}, Credential("", {"cookie": "_token="})),
    ],
)
def test_the_credential_is_the_one_that_airflow_itself_goes_by(headers: dict[str, str], credential: Credential) -> None:
    """A proxy's own header says nothing about who asks."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert credential_of(Request({"type": "http", "headers": raw})) == credential

"""What a person or a program is told when something fails."""

from __future__ import annotations

import logging
import re

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from tests.web.sample import make_app
from tests.web.server import serve


@pytest.mark.parametrize(
    ("path", "status", "title", "text"),
    [
        ("/ops/nothing/here", 404, "Nothing is here", "There is no page at /ops/nothing/here."),
        (f"/ops/{'x' * 90}", 404, "Nothing is here", f"There is no page at /ops/{'x' * 74}…."),
        ("/ops/a%E2%80%AEb%1Bc", 404, "Nothing is here", "The address contains characters that no name here has."),
        ("/ops/trouble/missing", 404, "Nothing is here", "There is no pool ads/&lt;b&gt;."),
        ("/ops/static/x/passwd", 404, "Nothing is here", "There is no file &#39;passwd&#39;."),
        ("/ops/static/x/..%2Fapp.py", 404, "Nothing is here", "There is no page at"),
        ("/ops/hidden", 403, "You may not do this", "You are in no group that may view:hidden."),
        ("/ops/trouble/database", 503, "The access database can&#39;t be reached", "nothing was changed"),
        ("/ops/trouble/x", 500, "Something broke on our side", "log under error id"),
    ],
)
def test_a_failure_is_a_page_with_a_reason_and_the_navigation(
    oncall: httpx.Client, path: str, status: int, title: str, text: str
) -> None:
    answer = oncall.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert title in answer.text
    assert text in answer.text
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/ops/nothing", "/ops/hidden", "/ops/trouble/x", "/ops/trouble/database"])
def test_an_error_page_keeps_the_way_on(oncall: httpx.Client, path: str) -> None:
    assert '<a href="/ops/workers"' in oncall.get(path).text


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("POST", "/ops/audit", "GET, HEAD"), ("PUT", "/ops/workers", "GET, HEAD")]
)
def test_a_wrong_method_is_told_what_is_accepted(oncall: httpx.Client, method: str, path: str, allowed: str) -> None:
    answer = oncall.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert f"{path} does not accept {method}; it accepts {allowed}." in answer.text


def test_a_wrong_method_at_a_long_address_is_told_shortly(oncall: httpx.Client) -> None:
    told = oncall.post(f"/ops/runs/{'r' * 200}").text
    assert f"/ops/runs/{'r' * 69}… does not accept POST; it accepts GET, HEAD." in told


def test_an_unexpected_error_is_in_the_log_under_the_id_on_the_page(
    oncall: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    found = re.search(r"error id ([0-9a-f]{8})", oncall.get("/ops/trouble/x").text)
    assert found
    record = next(record for record in caplog.records if found[1] in record.getMessage())
    assert record.levelno == logging.ERROR
    assert record.exc_info
    assert "secret detail" in str(record.exc_info[1])


def test_after_a_failure_of_ours_the_page_offers_to_try_again(oncall: httpx.Client) -> None:
    assert (
        '<a class="btn primary" href="/ops/trouble/database">Try again</a>' in oncall.get("/ops/trouble/database").text
    )


@pytest.mark.parametrize("tail", ["a%20b", "%22%3E%3Cb%3E", "a%3Fb", "a%5Cb", "%25"])
def test_a_strange_address_fails_no_worse_than_a_plain_one(oncall: httpx.Client, tail: str) -> None:
    answer = oncall.get(f"/ops/trouble/{tail}")
    assert answer.status_code == 500
    assert f'href="/ops/trouble/{tail}">Try again</a>' in answer.text


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/ops/api/v1/nothing", 404, "There is no page at /ops/api/v1/nothing."),
        ("/ops/api/v1/trouble", 500, "log under error id"),
        ("/ops/api/v1/pools?limit=0", 422, "limit: '0' is not accepted (Input should be greater than or equal to 1)"),
        (f"/ops/api/v1/pools?limit={'9' * 500}", 422, f"limit: '{'9' * 78}… is not accepted"),
        ("/ops/api/v1/pools?limit=%E2%80%AE%1B", 422, r"limit: '\u202e\x1b' is not accepted"),
        ("/ops/api/v1/pools?limit=1&q=%00", 400, "'q' contains a NUL character."),
    ],
)
def test_programs_are_told_in_json(oncall: httpx.Client, path: str, status: int, detail: str) -> None:
    answer = oncall.get(path)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"]) == (status, status)
    assert detail in problem["detail"]
    assert len(problem["detail"]) < 300


def test_programs_without_a_user_or_a_right_are_told_in_json(stranger: httpx.Client, nobody: httpx.Client) -> None:
    assert stranger.get("/ops/api/v1/pools").json()["status"] == 401
    refused = nobody.get("/ops/api/v1/pools").json()
    assert refused["status"] == 403
    assert refused["detail"] == "You are in no group that may view:workers."


def test_a_user_that_airflow_left_on_the_request_is_not_ours() -> None:
    app = make_app()

    async def with_airflows_user(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"user": object()}}, receive, send)

    with serve(with_airflows_user) as address:
        answer = httpx.get(f"{address}/ops/workers", cookies={"user": "forged"})
    assert answer.status_code == 401
    assert "Sign in" in answer.text


def test_programs_get_what_they_asked_for(oncall: httpx.Client) -> None:
    assert oncall.get("/ops/api/v1/pools").json()["pools"] == [{"pool": "ads/bidder", "ready": 6}]


def test_the_openapi_document_lists_json_routes_only(oncall: httpx.Client) -> None:
    document = oncall.get("/ops/openapi.json").json()
    assert set(document["paths"]) == {"/api/v1/pools", "/api/v1/trouble"}
    assert document["servers"] == [{"url": "/ops"}]


def test_the_reference_page_describes_parameters_and_answers(oncall: httpx.Client) -> None:
    page = oncall.get("/ops/docs").text
    for words in [
        "GET /ops/api/v1/pools",
        "limit",
        "integer, ≥ 1, ≤ 100",
        "At most so many.",
        "pools[].pool",
        "Its name.",
    ]:
        assert words in page
    assert "list of Pool" in page

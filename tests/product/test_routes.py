"""Every page and JSON route on a running product: allowed, denied, anonymous."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from demo.browserless import Form
from demo.client import Client
from demo.stack import Stack
from tests.support.running_stack import ADMIN, ADS, SCALE_DAG, SEARCH, VIEWER

pytestmark = pytest.mark.stack

EVERYBODY = {ADS: 200, SEARCH: 200, VIEWER: 200}
ROUTES: list[tuple[str, dict[str, int]]] = [
    ("/ops/workers", EVERYBODY),
    ("/ops/operations", EVERYBODY),
    ("/ops/operations/rebuild-report", EVERYBODY),
    ("/ops/operations/no-such-operation", dict.fromkeys(EVERYBODY, 404)),
    ("/ops/api/v1/operations", EVERYBODY),
    ("/ops/approvals", EVERYBODY),
    ("/ops/audit", EVERYBODY),
    ("/ops/docs", EVERYBODY),
    ("/ops/openapi.json", EVERYBODY),
    ("/ops/api/v1/pools", EVERYBODY),
    ("/ops/api/v1/ledger", EVERYBODY),
    ("/ops/access", EVERYBODY),
    ("/ops/access?action=view:audit", EVERYBODY),
    ("/ops/access/grants", EVERYBODY),
    ("/ops/access/grants/give", {ADMIN: 200, ADS: 403, VIEWER: 403}),
    ("/ops/access/grants/999999/revoke", {ADMIN: 404, VIEWER: 404}),
    ("/ops/access/sources", EVERYBODY),
    ("/ops/access/sources/file/runs/1", EVERYBODY),
    ("/ops/access/sources/file/runs/1/release", {ADMIN: 409, ADS: 403, VIEWER: 403}),
    ("/ops/api/v1/access/me", EVERYBODY),
    ("/ops/api/v1/access/explain?action=view:audit", EVERYBODY),
    ("/ops/api/v1/access/sources", EVERYBODY),
    ("/ops/workers/ads/bidder/scale", {ADS: 200, SEARCH: 403, VIEWER: 403}),
    ("/ops/workers/search/ranker/scale", {ADS: 403, SEARCH: 200, VIEWER: 403}),
    ("/ops/workers/ads/no-such-role/scale", {ADS: 404, SEARCH: 403}),
    ("/ops/settings", EVERYBODY),
    ("/ops/settings/ads/batch-size", {ADS: 200, SEARCH: 403, VIEWER: 403}),
    ("/ops/settings/search/ranking-model", {ADS: 403, SEARCH: 200, VIEWER: 403}),
    ("/ops/settings/ads/no-such-setting", {ADS: 404, SEARCH: 403}),
    ("/ops/api/v1/settings", EVERYBODY),
    ("/ops/no-such-page", dict.fromkeys(EVERYBODY, 404)),
    (f"/ops/runs/{SCALE_DAG}/no-such-run", dict.fromkeys(EVERYBODY, 404)),
    (f"/ops/runs/{SCALE_DAG}/no-such-run/answer", dict.fromkeys(EVERYBODY, 404)),
    (f"/ops/runs/{SCALE_DAG}/no-such-run/cancel", dict.fromkeys(EVERYBODY, 404)),
    ("/ops/runs/ops_run_rebuild-report/no-such-run/cancel", {ADS: 404, SEARCH: 403, VIEWER: 403}),
]


@pytest.mark.parametrize(("path", "answers"), ROUTES, ids=[path for path, _ in ROUTES])
def test_a_route_answers_each_person_as_it_should(
    client_of: Callable[[str], Client], path: str, answers: dict[str, int]
) -> None:
    assert {email: client_of(email).http.get(path).status_code for email in answers} == answers


@pytest.mark.parametrize("path", [path for path, _ in ROUTES])
def test_a_stranger_is_asked_to_sign_in(anonymous: httpx.Client, path: str) -> None:
    answer = anonymous.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert "ads/bidder" not in answer.text.replace(path, "")


def test_an_expired_or_broken_session_gets_a_page_that_leads_to_the_login(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/ops/workers", headers={"Cookie": "_token=abc.def.ghi", "Accept": "text/html"})
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/html")
    assert "/auth/login" in answer.text


def test_every_route_of_the_app_is_behind_the_login(anonymous: httpx.Client, ads: Client) -> None:
    """Also what no list above names: whatever links and assets a page refers to."""
    html = ads.http.get("/ops/workers").text
    for path in set(re.findall(r'(?:href|src)="(/ops/[^"#]+)"', html)):
        assert anonymous.get(path).status_code == 401, path


def test_the_page_asks_as_the_person_and_leads_to_the_run(ads: Client) -> None:
    form = Form.read(ads, "/ops/workers/ads/reporter/scale")
    wanted = 2 if int(form.hidden["expected"]) != 2 else 3
    location = form.post(replicas=str(wanted), reason="from the page")
    run_id = location.rsplit("/", 1)[1]
    assert ads.wait_for_run(SCALE_DAG, run_id) == "success"
    run = ads.get(f"/api/v2/dags/{SCALE_DAG}/dagRuns/{run_id}")
    assert run["triggering_user_name"] == ads.email
    assert form.post(replicas=str(wanted), reason="from the page") == location
    assert len(ads.get("/ops/api/v1/ledger", run_id=run_id)["entries"]) == 1


BAD_POSTS: list[tuple[str, dict[str, str], dict[str, str], int]] = [
    ("no token", {"csrf_token": ""}, {}, 403),
    ("wrong token", {"csrf_token": "x.y.z"}, {}, 403),
    ("from another site", {}, {"Sec-Fetch-Site": "cross-site"}, 403),
    ("from a sibling site", {}, {"Sec-Fetch-Site": "same-site"}, 403),
    ("foreign origin", {}, {"Sec-Fetch-Site": "", "Origin": "https://evil.example"}, 403),
    ("too large", {"reason": "x" * 200_000}, {}, 413),
    ("NUL", {"reason": "a\0b"}, {}, 400),
    ("negative", {"replicas": "-1"}, {}, 422),
    ("half", {"replicas": "3.5"}, {}, 422),
    ("words", {"replicas": "three"}, {}, 422),
    ("empty", {"replicas": ""}, {}, 422),
    ("exponent", {"replicas": "1e1"}, {}, 422),
    ("other digits", {"replicas": "٣"}, {}, 422),
    ("too many", {"replicas": "21"}, {}, 422),
    ("too few", {"replicas": "0"}, {}, 422),
    ("huge", {"replicas": "9" * 400}, {}, 422),
    ("no reason", {"reason": "  "}, {}, 422),
    ("long reason", {"reason": "x" * 10_240}, {}, 422),
]


@pytest.mark.parametrize(
    ("fields", "headers", "status"), [row[1:] for row in BAD_POSTS], ids=[row[0] for row in BAD_POSTS]
)
def test_a_bad_post_is_refused_and_asks_for_nothing(
    ads: Client, fields: dict[str, str], headers: dict[str, str], status: int
) -> None:
    path = "/ops/workers/ads/bidder/scale"
    form = Form.read(ads, path)
    runs_before = ads.get(f"/api/v2/dags/{SCALE_DAG}/dagRuns", limit=1)["total_entries"]
    values = {**form.hidden, "replicas": "7", "reason": "a good reason", **fields}
    sent = {name: value for name, value in {"Sec-Fetch-Site": "same-origin", **headers}.items() if value}
    answer = ads.http.post(path, data=values, headers=sent)
    assert answer.status_code == status
    assert ads.get(f"/api/v2/dags/{SCALE_DAG}/dagRuns", limit=1)["total_entries"] == runs_before


def test_a_paused_dag_is_told_before_anything_is_asked(ads: Client, admin: Client) -> None:
    form = Form.read(ads, "/ops/workers/ads/bidder/scale")
    admin.http.patch(f"/api/v2/dags/{SCALE_DAG}", json={"is_paused": True}).raise_for_status()
    try:
        answer = ads.http.post(
            form.path,
            data={**form.hidden, "replicas": "7", "reason": "x"},
            headers={"Sec-Fetch-Site": "same-origin", "Accept": "text/html"},
        )
    finally:
        admin.http.patch(f"/api/v2/dags/{SCALE_DAG}", json={"is_paused": False}).raise_for_status()
    assert answer.status_code == 409
    assert "paused" in answer.text


def test_the_pages_send_the_headers_that_keep_others_out(ads: Client) -> None:
    headers = ads.http.get("/ops/workers").headers
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_the_menu_entry_is_there_for_the_role(viewer: Client, stack: Stack) -> None:
    plugins = viewer.get("/api/v2/plugins")["plugins"]
    (ours,) = [plugin for plugin in plugins if plugin["name"] == "ops_dashboard"]
    assert [view["href"] for view in ours["external_views"]] == ["/ops/"]
    assert viewer.http.get(ours["external_views"][0]["icon"]).status_code == 200

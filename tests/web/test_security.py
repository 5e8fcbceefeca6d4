"""What protects the pages from other sites and from oversized requests."""

from __future__ import annotations

import re

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer

from ops_dashboard.web.components import Redirect
from ops_dashboard.web.components.base import check_href, is_local
from ops_dashboard.web.errors import Problem
from ops_dashboard.web.request import User
from ops_dashboard.web.security import FormTokens
from tests.web.sample import ADS

SCALE = "/ops/workers/ads/bidder/scale"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
ADS_USER = User(ADS, session="one")


def form(client: httpx.Client, **changes: str) -> dict[str, str]:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(SCALE).text)
    assert found
    return {"csrf_token": found[1], "replicas": "9", **changes}


def every_answer(client: httpx.Client) -> list[httpx.Response]:
    paths = ["/ops/workers", "/ops/hidden", "/ops/nothing", "/ops/trouble/x", "/ops/openapi.json", "/ops/api/v1/pools"]
    asset = re.search(r'href="([^"]+look\.css)"', client.get("/ops/workers").text)
    assert asset
    return [*(client.get(path) for path in [*paths, asset[1]]), client.post("/ops/audit"), client.post(SCALE, data={})]


def test_every_answer_carries_the_security_headers(oncall: httpx.Client) -> None:
    answers = every_answer(oncall)
    assert {answer.status_code for answer in answers} == {200, 403, 404, 405, 500}
    for answer in answers:
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"]


def test_pages_are_not_stored_and_scripts_are_kept(oncall: httpx.Client) -> None:
    page = oncall.get("/ops/workers")
    script = re.search(r'src="([^"]+theme\.js)"', page.text)
    assert script
    assert page.headers["cache-control"] == "no-store"
    assert oncall.get(script[1]).headers["cache-control"] == "private, max-age=31536000, immutable"
    assert oncall.get("/ops/static/0000/theme.js").headers["cache-control"] == "no-cache"


def test_no_page_holds_inline_script_or_style(oncall: httpx.Client) -> None:
    for path in ["/ops/workers", SCALE, "/ops/runs/x", "/ops/audit", "/ops/docs", "/ops/trouble/x"]:
        page = oncall.get(path).text
        assert not re.search(r"<style|<script(?! (type=\"module\" )?src=)|\sstyle=|\son\w+=", page)


@pytest.mark.parametrize(
    "path",
    [
        "/ops/",
        "/ops/workers",
        "/ops/docs",
        "/ops/openapi.json",
        "/ops/api/v1/pools",
        "/ops/static/x/look.css",
        "/ops/no",
    ],
)
@pytest.mark.parametrize("cookie", [None, "forged"])
def test_every_address_wants_a_user(stranger: httpx.Client, path: str, cookie: str | None) -> None:
    answer = stranger.get(path, headers={"Cookie": f"user={cookie}"} if cookie else {})
    assert answer.status_code == 401
    assert "<link" not in answer.text


def test_a_form_needs_a_user_before_all_else(stranger: httpx.Client) -> None:
    assert stranger.post(SCALE, data={"replicas": "9"}, headers=SAME_ORIGIN).status_code == 401


def test_the_sign_in_page_leads_back_and_brings_its_own_style(stranger: httpx.Client) -> None:
    answer = stranger.get("/ops/workers?team=ads&q=x%26next=//evil.example")
    assert 'href="/auth/login?next=/ops/workers%3Fteam%3Dads%26q%3Dx%2526next%3D//evil.example"' in answer.text
    policy = answer.headers["content-security-policy"]
    assert re.search(r"style-src 'sha256-[^']+';", policy)
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "{address}"}, False),
        ({"Origin": "{address}"}, True),
        ({"Referer": "{address}/ops/workers"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "{address}.evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "https://evil.example", "Referer": "{address}/ops/workers"}, False),
        ({}, False),
    ],
)
def test_a_form_must_come_from_our_own_pages(
    oncall: httpx.Client, address: str, headers: dict[str, str], accepted: bool
) -> None:
    sent = {name: value.format(address=address) for name, value in headers.items()}
    answer = oncall.post(SCALE, data=form(oncall), headers=sent)
    assert answer.status_code == (303 if accepted else 403)
    if not accepted:
        assert "This form was not accepted" in answer.text
        assert "Nothing was changed." in answer.text


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("", "Its security token is missing."),
        ("x", "Its security token is not one of ours."),
        (URLSafeTimedSerializer("another secret", salt="ops-dashboard.form").dumps("x"), "is not one of ours."),
        (URLSafeTimedSerializer("not so secret", salt="another purpose").dumps("x"), "is not one of ours."),
        (FormTokens("not so secret").issue(User("viewer@example.com")), "It was opened by another user"),
        (FormTokens("not so secret").issue(User(ADS, session="before")), "before you signed in again."),
    ],
    ids=["missing", "made up", "another secret", "another purpose", "another user", "another session"],
)
def test_a_form_needs_the_token_of_this_user_and_session(oncall: httpx.Client, token: str, why: str) -> None:
    answer = oncall.post(SCALE, data=form(oncall, csrf_token=token), headers=SAME_ORIGIN)
    assert answer.status_code == 403
    assert why in answer.text
    assert f'href="{SCALE}"' in answer.text


def test_a_token_ends_with_its_lifetime() -> None:
    tokens = FormTokens("secret", lifetime=-1)
    with pytest.raises(Problem, match="open for too long"):
        tokens.check(tokens.issue(ADS_USER), ADS_USER)


def test_a_form_may_hold_64_kb_and_not_more(oncall: httpx.Client) -> None:
    fields = form(oncall, reason="")
    room = 64 * 1024 - len(httpx.QueryParams(fields).__str__())
    full = oncall.post(SCALE, data={**fields, "reason": "x" * room}, headers=SAME_ORIGIN)
    assert full.status_code == 303
    over = oncall.post(SCALE, data={**fields, "reason": "x" * (room + 1)}, headers=SAME_ORIGIN)
    assert over.status_code == 413
    assert "at most 64 kB. Nothing was changed." in over.text


def test_a_body_of_unknown_length_is_counted_while_it_arrives(oncall: httpx.Client) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = oncall.post(SCALE, content=(b"x" * 1024 for _ in range(65)), headers={**SAME_ORIGIN, **kind})
    assert answer.status_code == 413


def test_a_form_brings_no_files(oncall: httpx.Client) -> None:
    answer = oncall.post(SCALE, data=form(oncall), files={"file": b"x"}, headers=SAME_ORIGIN)
    assert answer.status_code == 400
    assert "Nothing was changed." in answer.text


def test_a_multipart_form_is_read_like_any_other(oncall: httpx.Client) -> None:
    parts = {name: (None, value) for name, value in form(oncall).items()}
    assert oncall.post(SCALE, files=parts, headers=SAME_ORIGIN).status_code == 303


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:x",
        "data:text/html,x",
        "//evil.example",
        "/\\evil",
        "x",
        "http://x.example",
        "/a\nb",
        "\thttps://x",
        "https://",
        "https://x y",
        "/a b",
    ],
)
def test_links_that_lead_astray_cannot_be_made(href: str) -> None:
    with pytest.raises(ValueError, match="is not accepted; give a path"):
        check_href(href)


def test_a_link_that_cannot_be_made_is_told_on_one_short_line() -> None:
    href = f"java\nscript:{'x' * 5000}"
    for make in (check_href, Redirect):
        with pytest.raises(ValueError, match=r"'java\\nscript:x+… is not accepted") as caught:
            make(href)
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize("href", ["/ops/workers?q=%20", "?q=x", "#top", "/", ""])
def test_links_on_this_server_are_local(href: str) -> None:
    assert is_local(href)
    assert check_href(href) == href


def test_links_to_https_are_links_but_no_redirects() -> None:
    assert check_href("https://runbooks.example/x") == "https://runbooks.example/x"
    for elsewhere in ["https://runbooks.example/x", "//evil.example", "/\\evil.example", ""]:
        with pytest.raises(ValueError, match="give a path on this server"):
            Redirect(elsewhere)


def test_a_user_and_a_host_keep_their_secrets_out_of_logs() -> None:
    assert "one" not in repr(ADS_USER)

"""Serving pages: who may see what, what the navigation shows, what a form does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from ops_dashboard import Page, PageRequest, Redirect, Router
from ops_dashboard.web.app import create_app
from ops_dashboard.web.components import Form, Hidden, Text
from tests.web.sample import ADS, NOBODY, SEEN_AT, Verdict, authorise, make_app, make_host, sample_api, sample_router
from tests.web.server import serve

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
SCALE = "/ops/workers/ads/bidder/scale"


def token_of(client: httpx.Client, path: str = SCALE) -> str:
    found = TOKEN.search(client.get(path).text)
    assert found
    return found[1]


def send(client: httpx.Client, path: str = SCALE, **fields: str) -> httpx.Response:
    """Send the form as a browser would."""
    form = {"csrf_token": token_of(client), **fields}
    return client.post(path, data=form, headers={"Sec-Fetch-Site": "same-origin"})


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/ops/workers", "ads/bidder"),
        (SCALE, "Running 6 now"),
        ("/ops/runs/page__1", "of 12 ready"),
        ("/ops/audit", "INC-2214"),
        ("/ops/docs", "GET /ops/api/v1/pools"),
    ],
)
def test_a_page_is_shown_to_those_who_may_see_it(oncall: httpx.Client, path: str, words: str) -> None:
    answer = oncall.get(path)
    assert answer.status_code == 200
    assert words in answer.text


def test_a_page_that_needs_more_is_refused_with_the_reason_and_what_to_do(oncall: httpx.Client) -> None:
    answer = oncall.get("/ops/hidden")
    assert answer.status_code == 403
    assert "You are in no group that may view:hidden." in answer.text
    assert "Only for those who may" not in answer.text
    assert "ask your Data Platform team for a grant" in answer.text


def test_the_navigation_shows_what_the_user_may_see(oncall: httpx.Client, nobody: httpx.Client) -> None:
    tabs = re.compile(r'<a href="([^"]+)"[^>]*>(Workers|Audit|Hidden)</a>')
    assert tabs.findall(oncall.get("/ops/workers").text) == [("/ops/workers", "Workers"), ("/ops/audit", "Audit")]
    assert tabs.findall(nobody.get("/ops/own").text) == []


def test_a_tab_tells_how_much_on_its_page_waits(oncall: httpx.Client) -> None:
    router = Router("/ops")

    @router.page("/one", title="One", needs=None, nav=1, count=lambda request: len(request.query.getlist("each")))
    def one(_request: PageRequest) -> Page:
        return Page("One")

    @router.page("/two", title="Two", needs=None, nav=2)
    def two(_request: PageRequest) -> Page:
        return Page("Two")

    outer = FastAPI()
    outer.mount("/ops", create_app([router], make_host()))
    with serve(outer) as address, httpx.Client(base_url=address, cookies={"user": ADS}) as client:
        assert '>One <b class="count num">2</b></a>' in client.get("/ops/two?each=1&each=2").text
        assert ">One</a>" in client.get("/ops/two").text
        assert client.get("/ops/?each=1", follow_redirects=False).headers["location"] == "/ops/one"


@pytest.mark.parametrize(
    ("path", "tab"),
    [("/ops/audit", "/ops/audit"), (SCALE, "/ops/workers"), ("/ops/runs/1", "/ops/workers"), ("/ops/own", None)],
)
def test_the_tab_that_a_page_belongs_to_is_marked(oncall: httpx.Client, path: str, tab: str | None) -> None:
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', oncall.get(path).text) == ([tab] if tab else [])


def test_the_masthead_says_who_asks_and_how_old_the_groups_are(oncall: httpx.Client) -> None:
    page = oncall.get("/ops/workers").text
    assert ADS in page
    assert re.search(r"groups synced\s*<time[^>]*>4 min ago</time>", page)
    assert "Simulated cluster: nothing real is scaled here." in page


def masthead_at(
    age: timedelta | None, max_age: timedelta | None = timedelta(hours=6), path: str = "/ops/workers"
) -> str:
    """What stands above a page whose reader's groups are that old."""
    synced_at = SEEN_AT - age if age is not None else None
    host = replace(
        make_host(),
        authorise=lambda _request, actions: {each: Verdict(True, "", synced_at, max_age) for each in actions},
        groups_page="/audit",
    )
    with serve(make_app(host)) as address:
        return httpx.get(f"{address}{path}", cookies={"user": ADS}).text.partition("<h1>")[0]


def test_fresh_groups_are_not_warned_of() -> None:
    assert 'class="note' not in masthead_at(timedelta(hours=2, minutes=59))


@pytest.mark.parametrize("path", ["/ops/workers", "/ops/audit", "/ops/own", "/ops/trouble/missing", "/ops/nothing"])
def test_from_half_of_the_limit_on_every_page_warns_that_the_groups_get_old(path: str) -> None:
    page = masthead_at(timedelta(hours=3), path=path)
    assert '<div class="note warn">' in page
    assert "The groups are getting old:" in page
    assert "3 h ago</time>; from 6 h on nothing is decided from it" in page
    assert 'href="/ops/audit">Sources</a>' in page


def test_beyond_the_limit_every_page_says_that_everything_is_refused_and_what_to_do() -> None:
    page = masthead_at(timedelta(hours=7))
    assert '<div class="note bad">' in page
    assert "Everything is refused:" in page
    assert "nothing is decided from data older than 6 h. Ask your Data Platform team" in page


def test_groups_that_were_never_read_are_told_too() -> None:
    page = masthead_at(None)
    assert "Nobody is known:" in page
    assert "groups synced" not in page


def test_who_is_in_no_directory_is_not_told_of_its_age() -> None:
    assert 'class="note' not in masthead_at(timedelta(hours=100), max_age=None)


def test_the_tab_of_a_page_may_depend_on_the_request() -> None:
    router = Router("/ops")
    router.page("/things/{kind}", title="Thing", needs=None, tab=lambda request: f"/{request.path['kind']}")(
        lambda _request: Page("Thing")
    )
    outer = FastAPI()
    outer.mount("/ops", create_app([sample_router, router], make_host()))
    with serve(outer) as address, httpx.Client(base_url=address, cookies={"user": ADS}) as client:
        for tab in ("audit", "workers"):
            page = client.get(f"/ops/things/{tab}").text
            assert re.findall(r'<a href="([^"]+)" aria-current="page"', page) == [f"/ops/{tab}"]


def test_home_leads_to_the_first_page_that_the_user_may_see(oncall: httpx.Client) -> None:
    answer = oncall.get("/ops/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ops/workers")


def test_a_page_that_can_not_count_takes_no_other_along(caplog: pytest.LogCaptureFixture) -> None:
    def count(_request: PageRequest) -> int:
        raise ZeroDivisionError

    router = Router("/ops")
    router.page("/inbox", title="Inbox", needs=None, nav=8, count=count)(lambda _request: Page("Inbox"))
    outer = FastAPI()
    outer.mount("/ops", create_app([sample_router, router], make_host()))
    with serve(outer) as address, httpx.Client(base_url=address, cookies={"user": ADS}) as client:
        for path in ("/ops/workers", "/ops/inbox"):
            assert client.get(path).status_code == 200
    assert "shown on its tab, failed" in caplog.text


def test_home_leads_who_may_nothing_to_what_says_why() -> None:
    """Not to a page that is open to everybody, and has nothing for them."""
    router = Router("/ops")
    for path, nav in (("/inbox", 0), ("/why", 9)):
        router.page(path, title=path, needs=None, nav=nav)(lambda _request: Page("x"))
    outer = FastAPI()
    outer.mount("/ops", create_app([sample_router, router], replace(make_host(), access_page="/why")))
    with serve(outer) as address:
        for user, href in ((ADS, "/ops/workers"), (NOBODY, "/ops/why")):
            with httpx.Client(base_url=address, cookies={"user": user}) as client:
                assert client.get("/ops/").headers["location"] == href


def test_home_tells_those_who_may_see_nothing(nobody: httpx.Client) -> None:
    answer = nobody.get("/ops/")
    assert answer.status_code == 403
    assert "None of the pages here is open to you." in answer.text


def test_head_answers_without_a_body(oncall: httpx.Client) -> None:
    answer = oncall.head("/ops/workers")
    assert (answer.status_code, answer.text) == (200, "")


def test_a_form_that_worked_leads_on(oncall: httpx.Client) -> None:
    answer = send(oncall, replicas="9")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ops/runs/page__9")


def test_a_mistake_is_shown_at_its_field_and_keeps_what_was_typed(oncall: httpx.Client) -> None:
    answer = send(oncall, replicas='99"><b>', reason="Backlog & <more>", urgency="later")
    assert answer.status_code == 422
    assert "replicas: &#39;99&#34;&gt;&lt;b&gt;&#39; is not accepted; give a whole number from 2 to 20." in answer.text
    assert 'value="99&#34;&gt;&lt;b&gt;"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "Backlog &amp; &lt;more&gt;</textarea>" in answer.text
    assert '<option value="later" selected>' in answer.text


def test_a_form_needs_its_own_right_for_the_resource_in_its_path(oncall: httpx.Client) -> None:
    answer = send(oncall, "/ops/workers/search/crawler/scale", replicas="9")
    assert answer.status_code == 403
    assert "You are in no group that may scale:search/crawler." in answer.text


def test_a_form_without_javascript_is_sent_by_the_first_button(oncall: httpx.Client) -> None:
    page = oncall.get(SCALE).text
    assert page.index("<button") < page.index("<dialog")
    assert '<span class="no-js">Scale</span>' in page


def test_filters_keep_each_other_and_drop_the_cursor(oncall: httpx.Client) -> None:
    page = oncall.get("/ops/workers?q=bid&show=busy&cursor=x").text
    assert 'href="/ops/workers?q=bid&amp;show=attention"' in page
    assert 'href="/ops/workers?q=bid"' in page
    assert re.search(r'type="search" name="q" value="bid"', page)
    assert '<input type="hidden" name="show" value="busy">' in page


def test_a_list_goes_on_with_the_same_filters(oncall: httpx.Client) -> None:
    assert 'href="/ops/audit?outcome=denied&amp;cursor=next"' in oncall.get("/ops/audit?outcome=denied&cursor=a").text


def test_a_template_of_ones_own_is_escaped_and_may_hold_components(oncall: httpx.Client) -> None:
    page = oncall.get("/ops/own").text
    assert '<p class="own">&lt;Ada&gt; <span class="badge ok">Healthy</span></p>' in page


@pytest.mark.parametrize("path", ["/ops/workers?q=%00", "/ops/runs/%00", "/ops/runs/a%0Ab", "/ops/runs/%7F"])
def test_control_characters_reach_no_page(oncall: httpx.Client, path: str) -> None:
    assert oncall.get(path).status_code in (400, 404)


def test_a_nul_in_a_form_is_refused(oncall: httpx.Client) -> None:
    answer = send(oncall, reason="a\0b")
    assert answer.status_code == 400
    assert "&#39;reason&#39; contains a NUL character." in answer.text


def test_a_field_with_a_long_name_is_told_shortly(oncall: httpx.Client) -> None:
    assert f"&#39;{'n' * 78}… contains a NUL character." in send(oncall, **{"n" * 200: "\0"}).text


def test_one_page_asks_for_decisions_once() -> None:
    asked: list[list[str]] = []

    def counting(request: PageRequest, actions: Sequence[str]) -> Mapping[str, Verdict]:
        asked.append(list(actions))
        return authorise(request, actions)

    with serve(make_app(replace(make_host(), authorise=counting))) as address:
        httpx.get(f"{address}{SCALE}", cookies={"user": ADS})
    assert asked == [["view:audit", "view:hidden", "view:workers"]]


def test_addresses_are_right_where_airflow_is_below_a_sub_path() -> None:
    outer = FastAPI(root_path="/airflow")
    outer.mount("/ops", create_app([sample_router], make_host(), api=[sample_api]))
    with serve(outer) as address, httpx.Client(base_url=address, cookies={"user": ADS}) as client:
        page = client.get("/airflow/ops/runs/x").text
        assert 'href="/airflow/ops/audit?run_id=x"' in page
        assert 'href="/airflow/dags/ops_scale_workers" data-outer' in page
        assert '<a href="/airflow/ops/workers" aria-current="page">' in page
        look = re.search(r'href="(/airflow/ops/static/[^"]+\.css)"', page)
        assert look
        assert client.get(look[1]).status_code == 200
        assert 'href="/airflow/ops/workers?show=busy"' in client.get("/airflow/ops/workers").text
        assert client.get("/airflow/ops/openapi.json").json()["servers"] == [{"url": "/airflow/ops"}]
        assert client.get("/airflow/ops/").headers["location"] == "/airflow/ops/workers"
        client.cookies.clear()
        assert 'href="/airflow/auth/login?next=/airflow/ops/audit"' in client.get("/airflow/ops/audit").text


class FakeDatabase:
    """Counts what a request does with its connection."""

    def __init__(self) -> None:
        self.story: list[str] = []

    @contextmanager
    def open(self) -> Iterator[psycopg.Connection[Any]]:
        self.story.append("opened")
        try:
            yield cast("psycopg.Connection[Any]", self)
        except RuntimeError:
            self.story.append("rolled back")
            raise
        self.story.append("committed")


def test_a_request_opens_one_connection_when_it_is_used_and_gives_it_back() -> None:
    database = FakeDatabase()
    router = Router("/ops")

    @router.page("/idle", title="Idle", needs=None)
    def idle(_request: PageRequest) -> Page:
        return Page("Idle")

    @router.page("/busy", title="Busy", needs=None)
    def busy(request: PageRequest) -> Page:
        assert request.database is request.database
        return Page("Busy")

    @router.page("/broken", title="Broken", needs=None)
    def broken(request: PageRequest) -> Page:
        raise RuntimeError(str(request.database))

    @router.page("/asking", title="Asking", needs=None)
    def asking(request: PageRequest) -> Page:
        assert request.database
        assert request.airflow
        database.story.append("asked Airflow")
        return Page("Asking")

    outer = FastAPI()
    outer.mount("/ops", create_app([router], replace(make_host(), database=database.open)))
    with serve(outer) as address, httpx.Client(base_url=address, cookies={"user": ADS}) as client:
        client.get("/ops/idle")
        assert database.story == []
        client.get("/ops/busy")
        assert database.story == ["opened", "committed"]
        client.get("/ops/broken")
        assert database.story[2:] == ["opened", "rolled back"]
        client.get("/ops/asking")
        assert database.story[4:] == ["opened", "committed", "asked Airflow"], "Airflow may take its time"


def test_several_routers_make_one_site_and_link_to_each_others_functions() -> None:
    first, second = Router("/ops"), Router("/ops/reports")

    @second.page("/{day}", title="Report", needs=None)
    def report(request: PageRequest) -> Page:
        return Page("Report", Text(request.path["day"], " ", str(request.now == SEEN_AT)))

    @first.page("/index", title="Index", needs=None, nav=1)
    def index(request: PageRequest) -> Page:
        return Page("Index", Form(Hidden("day", "monday"), submit="Open", cancel=request.url(report, day="a b/c")))

    @first.form("/index", needs=None)
    def opened(request: PageRequest) -> Redirect:
        return Redirect(request.url(report, day=request.form["day"], lines=3))

    outer = FastAPI()
    outer.mount("/ops", create_app([first, second], make_host()))
    with serve(outer) as address, httpx.Client(base_url=address, cookies={"user": ADS}) as client:
        assert 'href="/ops/reports/a%20b%2Fc"' in client.get("/ops/index").text
        form = {"csrf_token": token_of(client, "/ops/index"), "day": "tuesday"}
        answer = client.post("/ops/index", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.headers["location"] == "/ops/reports/tuesday?lines=3"
        assert "tuesday True" in client.get(answer.headers["location"]).text

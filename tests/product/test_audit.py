"""Audit, as a page and as JSON, on a running product: every filter, and lists that go on without gap or repetition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest

from demo.client import Client
from demo.stack import Stack
from ops_dashboard import database
from ops_dashboard.ledger import Event
from tests.support.ledger_records import request, write
from tests.support.running_stack import ADS, SEARCH

pytestmark = pytest.mark.stack

LEDGER, PAGE = "/ops/api/v1/ledger", "/ops/audit"
MARK = "stocktaking"
STEPS: dict[str, tuple[Event, ...]] = {
    "denied": (Event.DENIED,),
    "refused": (Event.REFUSED,),
    "running": (Event.STARTED,),
    "succeeded": (Event.STARTED, Event.CHANGED, Event.SUCCEEDED),
    "failed": (Event.STARTED, Event.CHANGED, Event.FAILED),
    "unknown": (Event.STARTED, Event.UNKNOWN),
}


def connect(stack: Stack) -> psycopg.Connection:
    """The ledger's database, with the rights of a task."""
    assert stack.database is not None
    return database.connect_url(stack.database.url("ops_dashboard", "ops_dashboard"))


@pytest.fixture(scope="module")
def written(stack: Stack) -> list[dict[str, str]]:
    """More requests than one page shows, of all kinds, the newest first; what MARK finds are these."""
    with connect(stack) as connection:
        return [write_numbered(connection, number) for number in range(60)][::-1]


def write_numbered(connection: psycopg.Connection, number: int) -> dict[str, str]:
    values = {
        "actor": (ADS, SEARCH)[number // 6 % 2],
        "action": ("scale", "set")[number // 12 % 2],
        "resource": f"audit/room-{number // 24}",
        "run_id": f"audit+{number}",
        "reason": f"{MARK} of shelf{number}",
    }
    outcome = list(STEPS)[number % len(STEPS)]
    write(connection, request(**values), *STEPS[outcome])
    return {**values, "outcome": outcome}


@pytest.fixture
def told(written: list[dict[str, str]], viewer: Client) -> list[dict[str, Any]]:
    """The same as the API tells them."""
    entries = listed(viewer)
    assert [{name: entry[name] for name in written[0]} for entry in entries] == written
    return entries


def listed(client: Client, **query: str | int) -> list[dict[str, Any]]:
    return list(client.get(LEDGER, **{"q": MARK, "limit": 500, **query})["entries"])


def run_ids(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["run_id"] for entry in entries]


def walk(client: Client, **query: str | int) -> Iterator[list[dict[str, Any]]]:
    """The list page by page, until it says that nothing follows."""
    answer = client.get(LEDGER, **query)
    yield answer["entries"]
    while answer["next"] is not None:
        answer = client.get(LEDGER, **query, cursor=answer["next"])
        yield answer["entries"]


FILTERS = [
    ("actor", SEARCH),
    ("action", "scale"),
    ("resource", "audit/room-1"),
    ("run_id", "audit+7"),
    *(("outcome", outcome) for outcome in STEPS),
]


@pytest.mark.parametrize(("name", "value"), FILTERS, ids=[f"{name} {value}" for name, value in FILTERS])
def test_each_filter_of_the_api_narrows_the_list(
    viewer: Client, told: list[dict[str, Any]], name: str, value: str
) -> None:
    fitting = [entry for entry in told if entry[name] == value]
    assert 0 < len(fitting) < len(told)
    assert listed(viewer, **{name: value}) == fitting


def test_filters_of_the_api_narrow_the_list_together(viewer: Client, told: list[dict[str, Any]]) -> None:
    wanted = {"actor": ADS, "action": "scale", "resource": "audit/room-0", "outcome": "denied"}
    fitting = [entry for entry in told if all(entry[name] == value for name, value in wanted.items())]
    assert run_ids(fitting) == ["audit+0"]
    assert listed(viewer, **wanted) == fitting


@pytest.mark.parametrize("words", ["shelf31", "SHELF31 stocktaking", "stock shelf31", "room shelf31"])
def test_the_search_finds_beginnings_of_words_in_any_order(
    viewer: Client, written: list[dict[str, str]], words: str
) -> None:
    assert run_ids(listed(viewer, q=words)) == ["audit+31"]


@pytest.mark.parametrize("text", ["'; DROP TABLE ops.ledger; --", "stocktaking & !shelf1 | (", "%", "\\", "x" * 4000])
def test_a_search_is_words_whatever_it_looks_like(viewer: Client, told: list[dict[str, Any]], text: str) -> None:
    answer = viewer.http.get(LEDGER, params={"q": text})
    assert answer.status_code == 200
    assert listed(viewer) == told


@pytest.mark.parametrize("offset", [0, 2, -11])
def test_a_time_bounds_the_list_whatever_its_offset(viewer: Client, told: list[dict[str, Any]], offset: int) -> None:
    moment = datetime.fromisoformat(told[20]["at"]).astimezone(timezone(timedelta(hours=offset))).isoformat()
    assert listed(viewer, since=moment) == told[:21]
    assert listed(viewer, until=moment) == told[21:]
    assert listed(viewer, since=moment, until=told[10]["at"]) == told[11:21]


def test_times_far_away_leave_all_or_nothing(viewer: Client, told: list[dict[str, Any]]) -> None:
    assert listed(viewer, since="0001-01-01T00:00:00+14:00", until="9999-12-31T23:59:59-14:00") == told
    assert listed(viewer, since="9999-12-31T23:59:59-14:00") == []


REFUSED: list[tuple[str, str, str]] = [
    ("since", "2026-01-01T00:00:00", "a time with its offset from UTC"),
    ("until", "2026-01-01", "a time with its offset from UTC"),
    ("since", "yesterday", "a time with its offset from UTC"),
    ("until", "2026-13-45T99:00:00Z", "a time with its offset from UTC"),
    ("since", "12345", "a time with its offset from UTC"),
    ("outcome", "DENIED", "'denied', 'refused', 'running', 'succeeded', 'failed' or 'unknown'"),
    ("limit", "0", "greater than or equal to 1"),
    ("limit", "-1", "greater than or equal to 1"),
    ("limit", "501", "less than or equal to 500"),
    ("limit", "many", "valid integer"),
    ("cursor", "not-a-cursor", "is not the `next` of a page"),
    ("cursor", "YmVmb3JlIDE7IERST1A", "is not the `next` of a page"),
    ("colour", "red", "not permitted"),
]


@pytest.mark.parametrize(("name", "value", "accepted"), REFUSED, ids=[f"{name} {value}" for name, value, _ in REFUSED])
def test_the_api_names_the_parameter_the_value_and_what_is_accepted(
    viewer: Client, name: str, value: str, accepted: str
) -> None:
    answer = viewer.http.get(LEDGER, params={name: value})
    assert answer.status_code == 422
    detail = answer.json()["detail"]
    assert detail.startswith(f"{name}: '{value}'")
    assert accepted in detail


@pytest.mark.parametrize("path", [LEDGER, PAGE])
def test_a_nul_is_refused(viewer: Client, path: str) -> None:
    answer = viewer.http.get(path, params={"q": "a\0b"})
    assert answer.status_code == 400
    assert "contains a NUL character" in answer.text


def test_the_api_gives_as_many_as_are_asked_for(viewer: Client, told: list[dict[str, Any]]) -> None:
    one = viewer.get(LEDGER, q=MARK, limit=1)
    assert one["entries"] == told[:1]
    assert one["next"]
    assert viewer.get(LEDGER, q=MARK, limit=500)["next"] is None
    assert viewer.get(LEDGER, q=MARK, limit=len(told))["next"] is None
    assert len(listed(viewer, limit=len(told) - 1)) == len(told) - 1


@pytest.mark.parametrize("limit", [7, 20, 59])
def test_a_walk_to_the_end_has_no_gap_and_no_repetition(viewer: Client, told: list[dict[str, Any]], limit: int) -> None:
    pages = list(walk(viewer, q=MARK, limit=limit))
    assert [entry for page in pages for entry in page] == told
    assert {len(page) for page in pages[:-1]} == {limit}


def test_a_walk_is_not_disturbed_by_what_happens_meanwhile(
    viewer: Client, stack: Stack, told: list[dict[str, Any]]
) -> None:
    room = [entry for entry in told if entry["resource"] == "audit/room-0"]
    pages = walk(viewer, resource="audit/room-0", limit=20)
    first = next(pages)
    with connect(stack) as connection:
        write(connection, request(resource="audit/room-0", run_id="latecomer"), Event.DENIED)
    assert viewer.get(LEDGER, limit=1)["entries"][0]["run_id"] == "latecomer"
    assert [*first, *next(pages)] == room


def test_the_whole_ledger_is_in_the_order_of_its_numbers(viewer: Client, told: list[dict[str, Any]]) -> None:
    numbers = [entry["seq"] for page in walk(viewer, limit=37) for entry in page]
    assert numbers == sorted(set(numbers), reverse=True)
    assert {entry["seq"] for entry in told} <= set(numbers)


def page_runs(html: str) -> list[str]:
    """The runs that the rows lead to, in their order."""
    return [run_id.replace("%2B", "+") for run_id in re.findall(r'<a href="/ops/runs/[^/"]+/([^/"]+)"', html)]


def shown_filters(html: str) -> dict[str, str]:
    """What the filter form holds, and so would send."""
    shown = dict(re.findall(r'<input type="(?:search|hidden)" name="(\w+)" value="([^"]*)"', html))
    for name, options in re.findall(r'<select name="(\w+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        shown[name] = re.findall(r'<option value="([^"]*)" selected', options)[0]
    return {name: value for name, value in shown.items() if value}


def follow(client: Client, html: str, label: str) -> str:
    """The page that the button leads to."""
    (href,) = re.findall(rf'<a class="btn" href="([^"]+)">{label}</a>', html)
    answer = client.http.get(href.replace("&amp;", "&"))
    answer.raise_for_status()
    return answer.text


@pytest.mark.parametrize(("name", "value"), FILTERS, ids=[f"{name} {value}" for name, value in FILTERS])
def test_each_filter_of_the_page_narrows_the_list_and_is_shown(
    viewer: Client, told: list[dict[str, Any]], name: str, value: str
) -> None:
    query = {"q": MARK, name: value, "period": "1h"}
    html = viewer.http.get(PAGE, params=query).text
    fitting = [entry["run_id"] for entry in told if entry[name] == value]
    assert page_runs(html) == fitting[:50]
    assert shown_filters(html) == query


def test_filters_of_the_page_keep_each_other(viewer: Client, written: list[dict[str, str]]) -> None:
    query = {"q": MARK, "actor": ADS, "resource": "audit/room-0", "outcome": "denied", "period": "30d"}
    html = viewer.http.get(PAGE, params={**query, "action": "scale", "run_id": "audit+0"}).text
    assert page_runs(html) == ["audit+0"]
    assert shown_filters(html) == {**query, "action": "scale", "run_id": "audit+0"}
    (all_runs,) = re.findall(r'<a class="chip" href="([^"]+)" *>All runs</a>', html)
    without_run = viewer.http.get(all_runs.replace("&amp;", "&")).text
    assert shown_filters(without_run) == {**query, "action": "scale"}


def test_the_page_goes_on_to_the_end_with_its_filters(viewer: Client, told: list[dict[str, Any]]) -> None:
    query = {"q": MARK, "period": "1d"}
    first = viewer.http.get(PAGE, params=query).text
    older = follow(viewer, first, "Older")
    assert [*page_runs(first), *page_runs(older)] == run_ids(told)
    assert shown_filters(older) == query
    assert ">Older</a>" not in older
    assert follow(viewer, older, "Newest").count("<tr") == first.count("<tr")


def test_a_row_tells_who_what_why_and_to_which_effect(viewer: Client, ads: Client, told: list[dict[str, Any]]) -> None:
    query = {"q": "shelf3", "run_id": "audit+3"}
    for reader, name in ((viewer, ADS), (ads, "you")):
        (row,) = re.findall(r"<tbody.*?(<tr.*?</tr>)", reader.http.get(PAGE, params=query).text, re.DOTALL)
        text = " ".join(re.sub(r"<[^>]+>", " ", row).split())
        assert name in text
        assert "scale audit/room-0" in text
        assert f"{MARK} of shelf3" in text
        assert text.endswith("Done")


BAD_QUERIES = [
    ("period", "2h", "accepted are 1h, 1d, 7d, 30d."),
    ("period", "<b>", "accepted are 1h, 1d, 7d, 30d."),
    ("outcome", "done", "accepted are waiting, denied, refused, running, succeeded, failed, unknown."),
    ("outcome", "x" * 5000, "accepted are waiting, denied, refused, running, succeeded, failed, unknown."),
    ("cursor", "<b>", "leave it out to begin with the newest entry"),
]


@pytest.mark.parametrize(("name", "value", "accepted"), BAD_QUERIES, ids=range(len(BAD_QUERIES)))
def test_an_unknown_choice_is_told_with_what_is_accepted(viewer: Client, name: str, value: str, accepted: str) -> None:
    answer = viewer.http.get(PAGE, params={name: value})
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert f"{name}: " in answer.text
    assert accepted in answer.text
    assert "<b>" not in answer.text.partition("<main")[2]
    assert len(answer.text) < 10_000


def test_a_list_without_entries_says_so_and_leads_back(viewer: Client) -> None:
    html = viewer.http.get(PAGE, params={"q": "nothingreadslikethis"}).text
    assert "No entry fits the filter." in html
    assert f'<a href="{PAGE}">Show all</a>' in html


def test_what_was_typed_into_a_filter_comes_back_escaped(viewer: Client) -> None:
    typed = '"><script>alert(1)</script>{{7*7}}'
    html = viewer.http.get(PAGE, params={"q": typed, "actor": typed, "run_id": typed}).text
    assert "<script>alert" not in html
    assert html.count("&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}") >= 3

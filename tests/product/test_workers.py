"""The Workers page and its JSON, on a running product: whose pools, which of them, how they are and who may act."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest

from demo.client import Client
from demo.environment import REPOSITORY
from demo.stack import Stack
from ops_dashboard.catalog import Pool, WorkloadKind, load_catalog
from tests.product.over_rest import desired, eventually
from tests.product.test_run_page import ended, namespace_as_admin, stuck_pods, words
from tests.support.clusters.place import Place
from tests.support.running_stack import ADMIN, ADS, SCALE_DAG, SEARCH, VIEWER

pytestmark = pytest.mark.stack

PAGE, POOLS, ME = "/ops/workers", "/ops/api/v1/pools", "/ops/api/v1/access/me"
ADS_POOLS = ["ads/bidder", "ads/indexer", "ads/reporter"]
SEARCH_POOLS = ["search/crawler", "search/ranker", "search/suggester"]
GROUPS = {"ads": "ads-oncall", "search": "search-oncall"}


@pytest.fixture
def search_namespace(stack: Stack) -> Place:
    return namespace_as_admin(stack, "search")


def visit(client: Client, **query: str) -> str:
    answer = client.http.get(PAGE, params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


def rows(html: str, label: str) -> dict[str, str]:
    """The rows of a table, by pool."""
    tables = re.findall(rf'<table[^>]*aria-label="{label}".*?</table>', html, re.DOTALL)
    found = [row for table in tables for row in re.findall(r"<tr.*?</tr>", table.partition("<tbody")[2], re.DOTALL)]
    return {re.findall(r"<code[^>]*>([^<]+)</code>", row)[0]: row for row in found}


def mine(html: str) -> dict[str, str]:
    return rows(html, "Your pools")


def others(html: str) -> dict[str, str]:
    return rows(html, "Pools of others")


def act(row: str) -> str:
    """What the row's last cell says."""
    return words(re.findall(r"<td.*?</td>", row, re.DOTALL)[-1])


@pytest.mark.parametrize(
    ("email", "own", "foreign", "heading"),
    [
        (ADS, ADS_POOLS, SEARCH_POOLS, "Your pools · by ads-oncall"),
        (SEARCH, SEARCH_POOLS, ADS_POOLS, "Your pools · by search-oncall"),
        (ADMIN, [*ADS_POOLS, *SEARCH_POOLS], [], "Your pools · by platform-admins"),
        (VIEWER, [], [*ADS_POOLS, *SEARCH_POOLS], "Your pools"),
    ],
)
def test_a_persons_own_pools_come_first(
    client_of: Callable[[str], Client], email: str, own: list[str], foreign: list[str], heading: str
) -> None:
    html = visit(client_of(email))
    assert (list(mine(html)), list(others(html))) == (own, foreign)
    headings = [words(found) for found in re.findall(r"<h2>.*?</h2>", html, re.DOTALL)]
    assert headings == [heading, *(["Other teams · view only"] if foreign else [])]


@pytest.mark.parametrize("team", ["", "no-such-team"])
def test_an_unknown_filter_is_told_also_when_the_list_is_empty(ads: Client, team: str) -> None:
    answer = ads.http.get(PAGE, params={"show": "<b>", "team": team})
    assert answer.status_code == 400
    assert "accepted are attention, rolling." in answer.text
    assert "<b>" not in answer.text.partition("<main")[2]


def test_a_row_leads_to_the_form_only_for_those_who_may(search: Client) -> None:
    html = visit(search)
    for name, row in mine(html).items():
        assert f'href="/ops/workers/{name}/scale"' in row
    for name, row in others(html).items():
        assert "/scale" not in row
        assert act(row) == GROUPS[name.split("/")[0]]


def test_who_may_scale_nothing_is_told_whom_to_ask(viewer: Client) -> None:
    html = visit(viewer)
    assert "You may not scale any pool." in html
    assert "Ask your Data Platform team for a grant" in html
    assert {name: act(row) for name, row in others(html).items()} == {
        name: GROUPS[name.split("/")[0]] for name in [*ADS_POOLS, *SEARCH_POOLS]
    }


FILTERS: list[tuple[dict[str, str], list[str]]] = [
    ({}, [*SEARCH_POOLS, *ADS_POOLS]),
    ({"team": "search"}, SEARCH_POOLS),
    ({"team": "ads"}, ADS_POOLS),
    ({"team": "nobody"}, []),
    ({"q": "rank"}, ["search/ranker"]),
    ({"q": "  RANKER search "}, ["search/ranker"]),
    ({"q": "ads serving"}, ADS_POOLS),
    ({"q": "er", "team": "ads"}, ADS_POOLS),
    ({"q": "er", "team": "search"}, SEARCH_POOLS),
    ({"q": "rank", "team": "ads"}, []),
    ({"q": '"><script>alert(1)</script>'}, []),
    ({"q": ".*"}, []),
]


@pytest.mark.parametrize(("query", "expected"), FILTERS, ids=[str(query) for query, _ in FILTERS])
def test_filters_narrow_both_lists(search: Client, query: dict[str, str], expected: list[str]) -> None:
    html = visit(search, **query)
    assert [*mine(html), *others(html)] == expected
    (count,) = re.findall(r'aria-current="true">All <b class="num">(\d+)</b>', html)
    assert int(count) == len(expected)
    assert "<script>alert" not in html


def test_a_filter_that_fits_nothing_leads_back_to_all(search: Client) -> None:
    html = visit(search, q="nothing-like-it")
    assert "No pool of yours fits the filter." in html
    assert f'<a href="{PAGE}">Show all</a>' in html


def test_filters_keep_each_other(search: Client) -> None:
    html = visit(search, q="er", team="ads", show="rolling")
    assert 'name="q" value="er"' in html
    assert '<option value="ads" selected' in html
    assert '<input type="hidden" name="show" value="rolling">' in html
    chips = [unescape(href) for href in re.findall(r'<a class="chip" href="([^"]+)"', html)]
    assert [dict(re.findall(r"(\w+)=([^&]+)", href)) for href in chips] == [
        {"q": "er", "team": "ads"},
        {"q": "er", "team": "ads", "show": "attention"},
        {"q": "er", "team": "ads", "show": "rolling"},
    ]


def test_the_page_says_how_old_its_data_is(viewer: Client) -> None:
    (moment,) = re.findall(r'Cluster seen\s*<time datetime="([^"]+)"[^>]* data-ago', visit(viewer))
    seen_at = datetime.fromisoformat(moment)
    assert seen_at <= datetime.now(UTC)
    told = viewer.get(POOLS)["seen_at"]
    assert seen_at <= datetime.fromisoformat(told) <= datetime.now(UTC)


def test_a_pool_that_is_being_scaled_is_watched_and_then_shows_its_last_change(
    search: Client, viewer: Client, admin: Client
) -> None:
    name = "search/crawler"
    before = desired(search, name)
    wanted = before + 6
    run_id = search.trigger(SCALE_DAG, {"pool": name, "replicas": wanted, "reason": "many new pages"})
    run = f'href="/ops/runs/{SCALE_DAG}/{run_id}"'

    eventually(lambda: act(mine(visit(search))[name]) == f"Watch {name}")
    rolling = mine(visit(search, show="rolling"))
    assert name in rolling
    assert "Rolling out" in rolling[name]
    assert rolling[name].count(run) == 2
    assert act(mine(visit(admin))[name]) == f"Watch {name}"
    assert act(others(visit(viewer))[name]) == "search-oncall"

    assert ended(search, run_id)["outcome"] == "succeeded"
    row = mine(visit(search))[name]
    assert act(row) == f"Scale {name}"
    assert f"{wanted} of {wanted} ready" in words(row)
    assert f"{before} → {wanted} by you" in words(row)
    assert f"{before} → {wanted} by {SEARCH}" in words(others(visit(viewer))[name])
    assert name not in mine(visit(search, show="rolling"))


def test_what_needs_attention_is_found_and_says_why(search: Client, search_namespace: Place) -> None:
    pool, name = search_namespace.pool(WorkloadKind.STATEFUL_SET, "suggester"), "search/suggester"
    count = desired(search, name)
    with stuck_pods(search_namespace, pool):
        search_namespace.set_count(pool, count + 1)
        eventually(lambda: name in mine(visit(search, show="attention")))
        html = visit(search, show="attention")
        row = words(mine(html)[name])
        assert f"{count} of {count + 1} ready" in row
        assert "Image can't be pulled" in row
        assert "search/ranker" not in mine(html)
        (told,) = [each for each in search.get(POOLS)["pools"] if each["pool"] == name]
        assert told["state"] == "image_unavailable"
        assert told["problem"] in row
        assert "Not healthy now:" in search.http.get(f"/ops/workers/{name}/scale").text
    eventually(lambda: name not in mine(visit(search, show="attention")))


@pytest.fixture
def calm(viewer: Client) -> None:
    """Whatever other tests began has ended."""
    eventually(lambda: {pool["state"] for pool in viewer.get(POOLS)["pools"]} == {"healthy"})


DENIED = "you are in no group that may scale:{team}/*; {have}; ask {team}-oncall, platform-admins"
WHY: dict[str, dict[str, tuple[bool, str]]] = {
    ADS: {
        "ads": (True, "ads-oncall may scale ads/*"),
        "search": (False, DENIED.format(team="search", have="ads-oncall may scale ads/*")),
    },
    SEARCH: {
        "ads": (False, DENIED.format(team="ads", have="search-oncall may scale search/*")),
        "search": (True, "search-oncall may scale search/*"),
    },
    ADMIN: dict.fromkeys(("ads", "search"), (True, "platform-admins may do everything")),
    VIEWER: {
        team: (False, DENIED.format(team=team, have="your groups may scale nothing")) for team in ("ads", "search")
    },
}


def expected_pool(stack: Stack, pool: Pool, email: str) -> dict[str, Any]:
    """All that the API has to say of a healthy pool to a person; the counts are those of the cluster."""
    workload = namespace_as_admin(stack, pool.namespace).workload(pool)
    may_scale, why = WHY[email][pool.team]
    return {
        "pool": pool.name,
        "team": pool.team,
        "role": pool.role,
        **pool.model_dump(include={"owner", "namespace", "kind", "workload", "min", "max"}),
        "desired": workload["spec"]["replicas"],
        "ready": workload["status"]["readyReplicas"],
        "state": "healthy",
        "problem": None,
        "may_scale": may_scale,
        "why": why,
    }


@pytest.mark.usefixtures("calm")
@pytest.mark.parametrize("email", list(WHY))
def test_the_pools_are_told_in_full_to_each_person(
    client_of: Callable[[str], Client], stack: Stack, email: str
) -> None:
    answer = client_of(email).get(POOLS)
    catalog = load_catalog(REPOSITORY / "dags" / "catalog")
    assert list(catalog.pools) == [*ADS_POOLS, *SEARCH_POOLS]
    assert answer == {
        "pools": [expected_pool(stack, pool, email) for pool in catalog.pools.values()],
        "problems": [],
        "seen_at": answer["seen_at"],
    }


RIGHTS: dict[str, list[tuple[str, str, int | None]]] = {
    ADS: [
        ("ads-oncall", "run:purge-cache", None),
        ("ads-oncall", "run:rebuild-report", None),
        ("ads-oncall", "run:repeat", None),  # of the tests' own operations
        ("ads-oncall", "run:rotate-logs", None),
        ("ads-oncall", "scale:ads/*", 10),
        ("ads-oncall", "set:ads/*", None),
    ],
    SEARCH: [
        ("search-oncall", "run:purge-cache", None),
        ("search-oncall", "run:repair-orders", None),
        ("search-oncall", "scale:search/*", 10),
        ("search-oncall", "set:search/*", None),
    ],
    ADMIN: [("platform-admins", "*", None)],
    VIEWER: [],
}


@pytest.mark.parametrize("email", list(RIGHTS))
def test_everybody_is_told_in_full_what_they_may_do(client_of: Callable[[str], Client], email: str) -> None:
    answer = client_of(email).get(ME)
    rights = [*RIGHTS[email], ("staff", "view:*", None)]
    assert [grant.pop("grant_id") > 0 for grant in answer["grants"]] == [True] * len(rights)
    assert answer == {
        "user": email,
        "groups": list(dict.fromkeys(group for group, _, _ in rights)),
        "grants": [
            {
                "group": group,
                "action": action,
                "limits": {"min": None, "max": None, "max_change": step},
                "valid_from": None,
                "expires_at": None,
                "origin": "catalog",
                "approver": "platform-admins" if action == "scale:search/*" else None,
            }
            for group, action, step in rights
        ],
        "synced_at": answer["synced_at"],
        "max_age_seconds": 6 * 3600,
        "stale": False,
    }
    assert datetime.fromisoformat(answer["synced_at"]) <= datetime.now(UTC)


def test_a_change_by_others_is_seen(search: Client, search_namespace: Place) -> None:
    pool, name = search_namespace.pool(WorkloadKind.DEPLOYMENT, "ranker"), "search/ranker"
    count = int(search_namespace.workload(pool)["spec"]["replicas"])
    search_namespace.set_count(pool, count + 1)
    try:
        eventually(lambda: f"{count + 1} of {count + 1} ready" in words(mine(visit(search))[name]))
    finally:
        search_namespace.set_count(pool, count)

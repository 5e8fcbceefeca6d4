"""The JSON about access: what somebody may, why, who may, and how the sources are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from ops_dashboard import access
from ops_dashboard.catalog import Limits
from ops_dashboard.directory import SyncReport
from tests.pages.test_sources import hold
from tests.support.company import ADMIN, ADS, COMPANY, GONE, SCHEDULED, SEARCH, VIEWER, let_see_others
from tests.support.product_site import Site

ME, EXPLAIN, SOURCES = (f"/ops/api/v1/access/{name}" for name in ("me", "explain", "sources"))
SIX_HOURS = 6 * 3600.0


@pytest.fixture
def seeing(company: psycopg.Connection) -> None:
    """Everybody but the viewer sees what others may."""
    let_see_others(company)


def get(site: Site, reader: str, path: str, status: int = 200, **query: str) -> dict[str, Any]:
    with site.client(reader) as client:
        answer = client.get(path, params=query)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def grant_out(company: psycopg.Connection, action: str) -> dict[str, Any]:
    """A grant as programs are told of it."""
    (grant,) = [each for each in access.live_grants(company) if each.action == action]
    return {
        "grant_id": grant.grant_id,
        "group": grant.group,
        "action": action,
        "limits": {"min": grant.limits.min, "max": grant.limits.max, "max_change": grant.limits.max_change},
        "valid_from": None,
        "expires_at": None,
        "origin": "catalog",
        "approver": None,
    }


def test_me_tells_groups_grants_and_how_old_they_are(site: Site, company: psycopg.Connection) -> None:
    answer = get(site, ADS, ME)
    assert answer == {
        "user": ADS,
        "groups": ["ads-oncall", "everybody"],
        "grants": [grant_out(company, "scale:ads/*"), grant_out(company, "view:workers")],
        "synced_at": answer["synced_at"],
        "max_age_seconds": SIX_HOURS,
        "stale": False,
    }
    assert datetime.fromisoformat(answer["synced_at"]).tzinfo is not None


def test_me_is_stale_beyond_the_limit(site: Site) -> None:
    site.later = timedelta(hours=7)
    assert get(site, ADS, ME)["stale"] is True


def test_me_of_somebody_unknown(site: Site) -> None:
    answer = get(site, "nobody@example.com", ME)
    assert (answer["groups"], answer["grants"], answer["max_age_seconds"], answer["stale"]) == ([], [], None, False)
    assert answer["synced_at"] is not None


@pytest.mark.usefixtures("seeing")
def test_explain_tells_the_decision_and_all_it_rests_on(site: Site, company: psycopg.Connection) -> None:
    answer = get(site, ADS, EXPLAIN, action="view:workers")
    grant = grant_out(company, "view:workers")
    paths = {ADMIN: "platform-admins", ADS: "ads-oncall", SEARCH: "search-oncall"}
    names = {user.email: user.name for user in COMPANY.users.entries}
    assert answer == {
        "user": ADS,
        "action": "view:workers",
        "allowed": True,
        "reason": "everybody may view workers",
        "grant": grant,
        "path": ["everybody", "ads-oncall"],
        "synced_at": answer["synced_at"],
        "max_age_seconds": SIX_HOURS,
        "people": [
            {"email": email, "name": names[email], "path": ["everybody", group], "grant": grant}
            for email, group in paths.items()
        ],
        "people_count": 3,
    }


@pytest.mark.usefixtures("seeing")
@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("", "you are in no group that may scale:search/*; ads-oncall may scale ads/*; ask search-oncall"),
        (f" {VIEWER} ", "you are in no group that may scale:search/*; you are in no group at all"),
        (GONE, "your account is suspended"),
        ("nobody@example.com", "you (nobody@example.com) are not in the company directory"),
    ],
)
def test_explain_is_about_whoever_is_named(site: Site, user: str, reason: str) -> None:
    answer = get(site, ADS, EXPLAIN, action="scale:search/ranker", user=user)
    assert (answer["user"], answer["allowed"]) == (user.strip() or ADS, False)
    assert (answer["grant"], answer["path"]) == (None, [])
    assert answer["reason"].startswith(reason)
    assert [person["email"] for person in answer["people"]] == [SEARCH, ADMIN]


@pytest.mark.usefixtures("seeing")
@pytest.mark.parametrize("reader", [VIEWER, GONE, "nobody@example.com"])
def test_explain_tells_of_others_to_those_only_who_may_see_them(site: Site, reader: str) -> None:
    get(site, reader, EXPLAIN, 403, action="scale:search/ranker", user=SEARCH)
    answer = get(site, reader, EXPLAIN, action="scale:search/ranker", user=reader)
    assert (answer["allowed"], answer["people"], answer["people_count"]) == (False, None, None)


def test_explain_knows_the_caller_by_a_name_in_other_letters(site: Site) -> None:
    answer = get(site, VIEWER, EXPLAIN, action="scale:search/ranker", user=VIEWER.upper())
    assert answer["reason"].startswith("you are in no group that may scale:search/*")


def test_explain_names_the_grant_that_comes_closest(site: Site, company: psycopg.Connection) -> None:
    company.execute(
        "INSERT INTO ops.grants (group_name, action, origin, created_by, expires_at, created_at)"
        " VALUES ('ads-oncall', 'run:purge', 'page', 'x', clock_timestamp() - interval '1 hour',"
        " clock_timestamp() - interval '2 hours')"
    )
    company.commit()
    answer = get(site, ADS, EXPLAIN, action="run:purge")
    assert (answer["allowed"], answer["grant"]["action"], answer["path"]) == (False, "run:purge", ["ads-oncall"])
    assert " expired at " in answer["reason"]


@pytest.mark.usefixtures("seeing")
def test_explain_counts_all_who_may_and_names_the_first(site: Site, company: psycopg.Connection) -> None:
    access.give_grant(company, "everybody", "run:purge", Limits(), None, by=ADMIN, reason="x")
    answer = get(site, ADS, EXPLAIN, action="run:purge")
    assert (len(answer["people"]), answer["people_count"]) == (3, 3)


@pytest.mark.parametrize("action", ["", "scale", "Scale:ads/bidder", "<b>", "scale:" + "x" * 300, "drop:table"])
def test_a_bad_action_is_told_with_what_is_accepted(site: Site, action: str) -> None:
    answer = get(site, ADS, EXPLAIN, 422, action=action)
    assert answer["detail"].startswith(f"action: '{action[:20]}")
    assert "scale, run, set, view or manage with a resource" in answer["detail"]


def test_a_missing_action_is_told(site: Site) -> None:
    assert get(site, ADS, EXPLAIN, 422)["detail"].startswith("action: ")


def test_sources_tell_their_age_and_size(site: Site) -> None:
    (source,) = get(site, VIEWER, SOURCES)["sources"]
    (run,) = source.pop("runs")
    assert 0 <= source.pop("age_seconds") < 60
    assert source == {
        "source": "file",
        "origin": "a file",
        "applied_at": source["applied_at"],
        "max_age_seconds": SIX_HOURS,
        "stale": False,
        "users": 5,
        "groups": 4,
        "memberships": 4,
        "unread_groups": [],
        "held": None,
    }
    assert (run["state"], run["asked_by"], run["dag_run_id"]) == ("applied", SCHEDULED.by, SCHEDULED.dag_run_id)
    assert run["differences"]["memberships_added"] == 4
    site.later = timedelta(hours=7)
    (source,) = get(site, VIEWER, SOURCES)["sources"]
    assert source["stale"] is True


@pytest.fixture
def held(company: psycopg.Connection) -> SyncReport:
    return hold(company)


def test_a_held_sync_is_told_in_full_to_those_who_may_manage_access(site: Site, held: SyncReport) -> None:
    (source,) = get(site, ADMIN, SOURCES)["sources"]
    assert source["held"] == source["runs"][0]
    assert (source["held"]["sync_id"], source["held"]["digest"]) == (held.sync_id, held.digest)
    assert source["held"]["reasons"] == list(held.reasons)
    assert source["held"]["evidence"] == ["all users", "all groups"]
    granted = {group["name"]: group for group in source["held"]["differences"]["granted"]}
    assert granted["ads-oncall"] == {
        "name": "ads-oncall",
        "opened": False,
        "passes": False,
        "lost_before": 0,
        "gained_before": 0,
        "had": 1,
        "loses": 1,
        "gains": 0,
        "losers": [ADS],
        "gainers": [],
    }


def test_others_are_told_how_many_but_not_who(site: Site, held: SyncReport) -> None:
    with site.client(VIEWER) as client:
        answer = client.get(SOURCES)
    assert ADS not in answer.text
    assert SEARCH not in answer.text
    found = answer.json()["sources"][0]["held"]
    assert (found["sync_id"], found["evidence"]) == (held.sync_id, None)
    assert [(group["loses"], group["losers"]) for group in found["differences"]["granted"]] == [
        (1, None),
        (2, None),
        (1, None),
    ]


def test_every_route_is_documented(site: Site) -> None:
    document = get(site, VIEWER, "/ops/openapi.json")
    for path in (ME, EXPLAIN, SOURCES):
        assert document["paths"][path.removeprefix("/ops")]["get"]["responses"]["200"]["content"]
    with site.client(VIEWER) as client:
        page = client.get("/ops/docs").text
    assert "sources[].held.differences" in page or "sources[].unread_groups[]" in page


def test_a_stranger_is_told_nothing(site: Site) -> None:
    with site.client(VIEWER) as client:
        client.cookies.clear()
        for path in (ME, EXPLAIN, SOURCES):
            assert client.get(path, params={"action": "view:workers"}).status_code == 401

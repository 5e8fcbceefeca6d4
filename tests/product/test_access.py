"""The access pages on a running product: what is asked for on them is carried out by Airflow, and shows."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest

from demo.browserless import Form
from demo.client import Client
from demo.stack import Stack
from ops_dashboard import database, directory
from ops_dashboard.acts import CHANGE_GRANT_DAG_ID, DECIDE_SYNC_DAG_ID
from ops_dashboard.directory import Asked, DirectoryGroup, DirectoryUser, SyncReport, SyncRules, SyncState
from tests.product.test_run_page import badge, ended
from tests.support.company import snapshot
from tests.support.product_site import rows, words
from tests.support.running_stack import ADMIN, ADS, SEARCH

pytestmark = pytest.mark.stack

ACCESS, GRANTS, SOURCES = "/ops/access", "/ops/access/grants", "/ops/access/sources"


def visit(client: Client, path: str, **query: str) -> str:
    answer = client.http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


def carried_out(client: Client, location: str) -> str:
    """Wait for the run that a form led to, and return its page."""
    record = ended(client, location.rsplit("/", 1)[1])
    assert record["outcome"] == "succeeded", record
    return visit(client, location)


def test_a_grant_is_given_used_and_revoked_from_the_pages(admin: Client, search: Client) -> None:
    action = "scale:ads/indexer"
    assert words(visit(search, ACCESS, action=action)).startswith(f"You may not {action}")

    location = Form.read(admin, f"{GRANTS}/give").post(
        group="search-oncall", action=action, min="", max="4", max_change="", expires_at="", reason="they help out"
    )
    html = carried_out(admin, location)
    assert words(html).startswith(f"Give search-oncall → {action} Asked by you")
    assert badge(html) == "Done"
    assert f"search-oncall → {action}, at most 4" in words(html)

    text = words(visit(search, ACCESS, action=action))
    assert text.startswith(f"You may {action}")
    assert "Limits at most 4" in text
    assert f"Given by {ADMIN}" in text
    (row,) = rows(visit(admin, GRANTS, group="search-oncall", origin="page"), "Grants")
    assert row.endswith(f"they help out Revoke search-oncall → {action}")

    number = admin.get("/ops/api/v1/access/explain", action=action, user=SEARCH)["grant"]["grant_id"]
    html = carried_out(admin, Form.read(admin, f"{GRANTS}/{number}/revoke").post(reason="all is calm"))
    assert words(html).startswith(f"Revoke search-oncall → {action} Asked by you")
    assert ": revoked Done" in words(html)
    assert words(visit(search, ACCESS, action=action)).startswith(f"You may not {action}")
    assert admin.http.get(f"{GRANTS}/{number}/revoke").status_code == 404


def test_who_goes_round_the_page_is_denied_by_the_task_and_told_why(search: Client) -> None:
    conf: dict[str, object] = {"change": "grant", "group": "search-oncall", "action": "scale:ads/*", "reason": "mine"}
    run_id = search.trigger(CHANGE_GRANT_DAG_ID, conf)
    assert ended(search, run_id)["outcome"] == "denied"
    html = visit(search, f"/ops/runs/{CHANGE_GRANT_DAG_ID}/{run_id}")
    assert badge(html) == "Denied"
    (why,) = [part.partition('"')[0] for part in html.split('href="') if "Why?" in part.partition("</a>")[0]]
    text = words(search.http.get(why.replace("&amp;", "&")).text)
    assert text.startswith("You may not manage:grants/scale/ads/*")
    assert "Recorded: you are in no group that may manage:grants" in text


def test_why_is_answered_for_a_denied_scaling(ads: Client, viewer: Client) -> None:
    run_id = ads.trigger("ops_scale_workers", {"pool": "search/ranker", "replicas": 6, "reason": "not mine"})
    ended(ads, run_id)
    text = words(visit(viewer, ACCESS, action="scale:search/ranker", user=ADS, run_id=run_id))
    assert text.startswith(f"{ADS} may not scale:search/ranker")
    assert "Recorded: you are in no group that may scale:search/*" in text
    assert "They are told: “you are in no group that may scale:search/*" in text


@pytest.fixture
def writer(stack: Stack) -> Iterator[psycopg.Connection]:
    """Writes what a task would write, with its rights."""
    assert stack.database is not None
    with database.connect_url(stack.database.url("ops_dashboard", "ops_dashboard")) as connection:
        yield connection


def first_sync(connection: psycopg.Connection, source: str) -> SyncReport:
    """The first sync of a new source, which is held."""
    users = [DirectoryUser("u-1", f"somebody@{source}.example.com", "Somebody", active=True)]
    groups = [DirectoryGroup("g-1", f"{source}-team", ("u-1",), ())]
    asked = Asked("the schedule", "scheduled__1")
    report = directory.sync(connection, snapshot(users, groups, source=source), SyncRules(), asked)
    assert report.state is SyncState.HELD
    return report


@pytest.mark.parametrize(
    ("decision", "after", "told"),
    [("release", "applied", "Released by you"), ("discard", "discarded", "Discarded by you")],
)
def test_a_held_sync_is_decided_from_its_page(
    admin: Client, viewer: Client, writer: psycopg.Connection, decision: str, after: str, told: str
) -> None:
    source = f"s{uuid4().hex[:8]}"
    path = f"{SOURCES}/{source}/runs/{first_sync(writer, source).sync_id}"
    assert f'href="{path}">Look at what it would change</a>' in visit(viewer, SOURCES)
    assert f"somebody@{source}.example.com" not in visit(viewer, path)
    assert f"somebody@{source}.example.com" in visit(admin, path)

    location = Form.read(admin, f"{path}/{decision}").post(reason="as announced")
    assert location.startswith(f"/ops/runs/{DECIDE_SYNC_DAG_ID}/")
    html = carried_out(admin, location)
    assert words(html).startswith(f"{decision.capitalize()} the sync of {source} Asked by you")
    assert f"held → to {after} Done" in words(html)

    assert told in words(visit(admin, path))
    known = admin.get("/ops/api/v1/access/explain", action="view:audit", user=f"somebody@{source}.example.com")
    assert ("not in the company directory" in known["reason"]) == (decision == "discard")
    assert admin.http.get(f"{path}/{decision}").status_code == 409


def test_the_sync_of_the_demo_is_told_with_its_dag_run(admin: Client, viewer: Client) -> None:
    (source,) = [each for each in viewer.get("/ops/api/v1/access/sources")["sources"] if each["source"] == "file"]
    run = source["runs"][-1]
    assert run["state"] == "applied"
    assert run["asked_by"] in {ADMIN, "the schedule"}
    html = visit(admin, f"{SOURCES}/file/runs/{run['sync_id']}")
    assert f'href="/dags/ops_sync_groups/runs/{quote(run["dag_run_id"], safe="")}" data-outer' in html
    assert admin.get(f"/api/v2/dags/ops_sync_groups/dagRuns/{run['dag_run_id']}")["state"] == "success"


def test_a_dry_run_shows_what_it_would_change(admin: Client, viewer: Client) -> None:
    run_id = admin.trigger("ops_sync_groups", {"dry_run": True})
    assert admin.wait_for_run("ops_sync_groups", run_id) == "success"
    (source,) = [each for each in viewer.get("/ops/api/v1/access/sources")["sources"] if each["source"] == "file"]
    (run,) = [each for each in source["runs"] if each["dag_run_id"] == run_id]
    assert run["state"] == "rehearsed"
    assert "It would change nothing. Dry run" in words(visit(viewer, f"{SOURCES}/file/runs/{run['sync_id']}"))

"""The Operations page: whose operations, how they last went, and what waits for the reader's approval."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg
import pytest

from ops_dashboard.catalog import CatalogGrant, Limits
from ops_dashboard.ledger import Event
from ops_dashboard.web.errors import Problem
from tests.pages.operation_site import API, HOSTILE, PAGE, ran, visit
from tests.support.company import ADMIN, ADS, SEARCH, VIEWER, grant, with_grants
from tests.support.product_site import Site, rows, words


@pytest.fixture
def site(operation_site: Site) -> Site:
    return operation_site


@pytest.mark.parametrize(
    ("reader", "mine", "others"),
    [
        (ADS, ["missing-script", "rebuild-report"], ["purge-cache", "rotate-logs"]),
        (SEARCH, ["purge-cache"], ["missing-script", "rebuild-report", "rotate-logs"]),
        (ADMIN, ["missing-script", "purge-cache", "rebuild-report", "rotate-logs"], []),
    ],
)
def test_a_persons_own_come_first(site: Site, reader: str, mine: list[str], others: list[str]) -> None:
    html = visit(site, reader)
    for label, names in (("Your operations", mine), ("Operations of others", others)):
        assert [name for row in rows(html, label) for name in names if f" {name} " in row] == names
        assert len(rows(html, label)) == len(names)


def test_a_row_tells_what_it_is_and_leads_on_or_says_who_may(site: Site) -> None:
    html = visit(site, ADS)
    assert rows(html, "Your operations")[1] == (
        "Rebuild a report rebuild-report Computes one day again."
        " Ads Serving reports, ads no run on record Run Rebuild a report"
    )
    assert rows(html, "Operations of others")[0].endswith("Search Platform cache no run on record search-oncall")
    assert "<b>Rotate</b>" not in html


def test_who_may_not_look_is_told_so_and_strangers_sign_in(site: Site) -> None:
    refused = visit(site, VIEWER, status=403)
    assert "no group that may view:operations" in words(refused)
    assert '<a class="btn" href="/ops/access?action=view%3Aoperations">Who may view:operations</a>' in refused
    with httpx.Client(base_url=site.address) as client:
        assert {client.get(path).status_code for path in (PAGE, f"{PAGE}/purge-cache", API)} == {401}
    with site.client(VIEWER) as client:
        assert client.get(API).status_code == 403
        assert client.get(f"{PAGE}/purge-cache").status_code == 403


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "REPORT again"}, ["rebuild-report"]),
        ({"q": "search platform"}, ["purge-cache"]),
        ({"q": "cache"}, ["purge-cache"]),
        ({"tag": "ads"}, ["rebuild-report"]),
        ({"tag": "ads", "q": "cache"}, []),
        ({"show": "mine"}, ["missing-script", "rebuild-report"]),
        ({"show": "running"}, ["purge-cache"]),
        ({"show": "failed"}, ["rebuild-report"]),
        ({"q": HOSTILE}, []),
    ],
)
def test_filters(site: Site, company: psycopg.Connection, query: dict[str, str], names: list[str]) -> None:
    ran(company, "purge-cache", Event.STARTED, actor=SEARCH)
    ran(company, "rebuild-report", Event.STARTED, Event.FAILED)
    ran(company, "rotate-logs", Event.STARTED, Event.SUCCEEDED)
    html = visit(site, ADS, PAGE, 200, **query)
    shown = rows(html, "Your operations") + rows(html, "Operations of others")
    assert len(shown) == len(names)
    assert all(f" {name} " in row for name, row in zip(names, shown, strict=True))
    assert "<script>alert" not in html
    if not rows(html, "Your operations"):
        assert "No operation of yours fits the filter." in html


def test_an_unknown_filter_is_refused(site: Site) -> None:
    assert "accepted are mine, running, failed" in visit(site, ADS, status=400, show="all")


def test_the_last_run_is_told_and_a_full_operation_is_watched(site: Site, company: psycopg.Connection) -> None:
    ran(company, "rebuild-report", Event.STARTED, Event.SUCCEEDED, actor=SEARCH)
    assert f"Done by {SEARCH}" in rows(visit(site, ADS), "Your operations")[1]
    run_id = ran(company, "rebuild-report", Event.STARTED)
    html = visit(site, ADS)
    assert rows(html, "Your operations")[1].endswith("Watch Rebuild a report")
    assert f'href="/ops/runs/ops_run_rebuild-report/{run_id}"' in html
    ran(company, "purge-cache", Event.STARTED)
    assert rows(visit(site, SEARCH), "Your operations")[0].endswith("Run Purge a cache"), "one of two"


PURGE = {"region": "eu", "shard": "e1", "reason": f"stale {HOSTILE}"}
BODY = "Somebody in the group `{group}` has to approve it, and not who asked.\n\n**Reason**\n\n    more"


def waiting(
    site: Site,
    asked_by: str = SEARCH,
    dag_id: str = "ops_run_purge-cache",
    run_id: str = "page__1",
    conf: dict[str, Any] = PURGE,
    group: str = "search-oncall",  # of operations the catalog tells it
) -> None:
    site.airflow.asked[run_id] = {
        "dag_id": dag_id,
        "conf": conf,
        "triggering_user_name": asked_by,
        "state": "running",
        "run_after": site.now().isoformat(),
    }
    task = {"dag_id": dag_id, "dag_run_id": run_id}
    site.airflow.waiting.append({"task_instance": task, "body": BODY.format(group=group)})


def test_who_approves_sees_what_waits_and_is_led_to_it(site: Site) -> None:
    waiting(site)
    waiting(site, dag_id="ops_run_gone", run_id="page__2")
    html = visit(site, ADMIN)
    (row,) = rows(html, "Waiting for your approval")
    assert row.startswith("Purge a cache purge-cache “stale")
    assert f"region eu, shard e1 to be answered in 9 min {SEARCH}" in row
    assert 'href="/ops/runs/ops_run_purge-cache/page__1"' in html
    assert "<script>alert" not in html


@pytest.mark.parametrize(
    ("reader", "asked_by"), [(ADS, SEARCH), (SEARCH, SEARCH), (ADMIN, ADMIN), (ADMIN, "ADMIN@platform.example.com")]
)
def test_nobody_else_and_nobody_who_asked_sees_it(site: Site, reader: str, asked_by: str) -> None:
    waiting(site, asked_by)
    assert "Waiting for your approval" not in visit(site, reader)


def test_what_waits_is_told_on_its_own_page_to_who_asked_too(site: Site) -> None:
    waiting(site)
    waiting(site, dag_id="ops_run_other", run_id="page__2")
    html = visit(site, SEARCH, f"{PAGE}/purge-cache")
    assert "Waiting for approval: asked for just now" in words(html)
    assert 'href="/ops/runs/ops_run_purge-cache/page__1"' in html
    assert "page__2" not in html
    assert "Waiting for approval" not in visit(site, ADS, f"{PAGE}/rebuild-report")


def test_what_is_beyond_the_limits_of_a_grant_waits_there_too(site: Site, company: psycopg.Connection) -> None:
    conf = {"pool": "ads/bidder", "replicas": 60, "reason": "sale"}
    waiting(site, ADS, "ops_scale_workers", "page__3", conf, group="search-oncall")
    assert "Waiting for your approval" not in visit(site, SEARCH), "no grant has an approver"
    limited = CatalogGrant(group="ads-oncall", action="scale:ads/*", limits=Limits(max=20), approver="search-oncall")
    with_grants(company, grant("everybody", "view:operations"), limited)
    company.commit()
    (row,) = rows(visit(site, SEARCH), "Waiting for your approval")
    assert row.startswith("scale ads/bidder “sale” pool ads/bidder, replicas 60 oncall@ads.example.com")


def test_the_page_does_without_airflow(site: Site) -> None:
    site.airflow.failure = Problem(504, "Airflow does not answer", "Airflow's API gave no answer within 20 seconds.")
    html = visit(site, ADMIN)
    assert "can't be seen: Airflow's API gave no answer within 20 seconds. Load the page again." in words(html)
    assert len(rows(html, "Your operations")) == 4
    assert "can't be seen" not in visit(site, ADS), "who approves nothing need not wait for Airflow"
    form = visit(site, ADS, f"{PAGE}/rebuild-report")
    assert "It may not run now: Airflow tells nothing of DAG ops_run_rebuild-report" in words(form)
    assert "Review" in form

"""The Operations page: whose operations, and how they last went."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import httpx
import psycopg
import pytest

from ops_dashboard.ledger import Event
from ops_dashboard.web.errors import Problem
from tests.pages.operation_site import API, HOSTILE, PAGE, listings, ran, visit
from tests.support.company import ADMIN, ADS, SEARCH, VIEWER
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


def test_the_page_does_without_airflow(site: Site) -> None:
    site.airflow.failure = Problem(504, "Airflow does not answer", "Airflow's API gave no answer within 20 seconds.")
    assert len(rows(visit(site, ADMIN), "Your operations")) == 4
    form = visit(site, ADS, f"{PAGE}/rebuild-report")
    assert "It may not run now: Airflow tells nothing of DAG ops_run_rebuild-report" in words(form)
    assert "Review" in form


def test_what_a_script_says_can_be_read_with_its_fingerprint(site: Site, scripts_folder: Path) -> None:
    content = "import os\n\nprint('\u202e<b>')\t# é\n".encode() + b"\xff"
    (scripts_folder / "rebuild.py").write_bytes(content)
    html = visit(site, SEARCH, f"{PAGE}/rebuild-report/source")
    assert listings(html)["rebuild.py"] == "import os\n\nprint('\\u202e<b>')\t# é\n\\xff"
    assert sha256(content).hexdigest() in html
    assert f'href="{PAGE}/rebuild-report/source"' in visit(site, ADS, f"{PAGE}/rebuild-report")


def test_a_script_that_is_not_there_is_told_so(site: Site) -> None:
    assert "there is no such file" in words(visit(site, ADS, f"{PAGE}/missing-script/source", 503))

"""The page of one operation: what it tells, and what comes of what is typed."""

from __future__ import annotations

import re
from html import unescape

import psycopg
import pytest

from ops_dashboard.ledger import Event
from tests.pages.operation_site import GIVEN, HOSTILE, PAGE, hidden, mistake, post, ran, value, visit
from tests.support.company import ADMIN, ADS, SEARCH
from tests.support.product_site import Site, send, words


@pytest.fixture
def site(operation_site: Site) -> Site:
    return operation_site


def test_the_page_tells_all_before_it_is_run(site: Site, company: psycopg.Connection) -> None:
    ran(company, "rebuild-report", Event.STARTED, Event.SUCCEEDED, values={"report": "clicks", "name": None})
    text = words(visit(site, ADS, f"{PAGE}/rebuild-report"))
    for part in (
        "Rebuild a report rebuild-report Computes one day again. Readers see the old numbers until it is done.",
        "Owner Ads Serving",
        "Python script rebuild.py",
        "Usually takes 1 s Ends after 2 min At once one run at a time",
        "After a failure tried again up to 2 times; doing it twice does no harm",
        "Approval not needed Your right ads-oncall → run:rebuild-report Tags reports, ads",
        "report clicks Backlog at 40 k, INC-2214 you",
        "Fill in the example",
    ):
        assert part in text


def test_who_may_not_run_it_sees_what_it_is_and_who_may(site: Site) -> None:
    html = visit(site, SEARCH, f"{PAGE}/rebuild-report")
    assert "<form" not in html
    text = words(html)
    assert "You may not run this: you are in no group that may run:rebuild-report" in text
    assert "Who may ads-oncall, platform-admins" in text
    assert 'href="/ops/access?action=run%3Arebuild-report"' in html
    form = visit(site, SEARCH, f"{PAGE}/purge-cache")
    with site.client(SEARCH) as client:
        answer = client.post(
            f"{PAGE}/rebuild-report", data={**hidden(form), **GIVEN}, headers={"Sec-Fetch-Site": "same-origin"}
        )
    assert answer.status_code == 403
    assert site.airflow.asked == {}


@pytest.mark.parametrize("name", ["unknown", "rebuild-reports", "%3Cscript%3E", "Rebuild-Report"])
def test_an_unknown_operation_is_not_found(site: Site, name: str) -> None:
    text = words(visit(site, ADS, f"{PAGE}/{name}", status=404))
    assert "No operation" in text or "no operation" in text


def test_the_address_fills_in_the_form(site: Site) -> None:
    html = visit(site, ADS, f"{PAGE}/rebuild-report", day="2026-02-03", name=HOSTILE, reason="again", unknown="x")
    assert value(html, "p_day") == "2026-02-03"
    assert value(html, "p_depth") == "3"
    assert value(html, "p_name") == HOSTILE
    assert "again</textarea>" in html
    (example,) = re.findall(r'href="([^"]+)">Fill in the example', html)
    with site.client(ADS) as client:
        filled = client.get(unescape(example)).text
    assert [value(filled, f"p_{name}") for name in ("report", "day", "depth", "name")] == [
        "clicks", "2026-11-01", "5", "me",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("p_report", "", "missing; accepted is revenue or clicks"),
        ("p_day", HOSTILE, "is not accepted; accepted is a date such as 2026-12-31"),
        ("p_day", "tomorrow", "'tomorrow' is not accepted; accepted is a date such as 2026-12-31"),
        ("p_day", "2026-02-30", "'2026-02-30' is not accepted; accepted is a date such as 2026-12-31"),
        ("p_depth", "31", "31 is not accepted; accepted is a whole number from 1 to 30"),
        ("p_depth", "2.5", "'2.5' is not accepted; accepted is a whole number from 1 to 30"),
        ("p_depth", "", "missing; accepted is a whole number from 1 to 30"),
        ("p_name", "x" * 201, "is not accepted; accepted is text of at most 200 characters on one line"),
        ("p_comment", "x" * 2001, "is not accepted; accepted is text of at most 2000 characters"),
        ("reason", "  ", "is not accepted; accepted is a few words that say why, at most 500 characters"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_typed_is_lost(
    site: Site, field: str, typed: str, told: str
) -> None:
    for step in ("review", "run"):
        answer = post(site, ADS, "rebuild-report", **GIVEN | {field: typed, "step": step})
        assert answer.status_code == 422
        assert told in mistake(answer.text, field)
        assert {name: value(answer.text, name) for name in GIVEN} == GIVEN | {field: typed}
        assert "<script>alert" not in answer.text
    assert site.airflow.asked == {}


def test_all_mistakes_are_told_at_once(site: Site) -> None:
    answer = post(site, ADS, "rebuild-report", **GIVEN | {"p_report": "", "p_day": "x", "p_depth": "0", "reason": ""})
    assert all(mistake(answer.text, field) for field in ("p_report", "p_day", "p_depth", "reason"))


def test_a_script_that_is_missing_is_told_before_the_run(site: Site) -> None:
    answer = post(site, ADS, "missing-script", reason="why not")
    assert answer.status_code == 503
    assert "It can't be run now: script gone.sh: there is no such file" in words(answer.text)
    assert "why not</textarea>" in answer.text


def test_warnings_come_before_the_click(site: Site, company: psycopg.Connection) -> None:
    site.airflow.paused.add("ops_run_rebuild-report")
    ran(company, "rebuild-report", Event.STARTED, actor=ADMIN)
    text = words(visit(site, ADS, f"{PAGE}/rebuild-report"))
    assert "DAG ops_run_rebuild-report is paused in Airflow" in text
    assert f"Running now: one run at a time, and one asked for by {ADMIN} has not ended: see its run" in text


def test_where_airflow_refuses_the_request_stays_the_same(site: Site) -> None:
    with site.client(ADS) as client:
        sent = {**hidden(send(client, f"{PAGE}/rebuild-report", **GIVEN).text), "step": "run"}
        site.airflow.paused.add("ops_run_rebuild-report")
        answer = client.post(f"{PAGE}/rebuild-report", data=sent, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 409
        assert "This is switched off: DAG ops_run_rebuild-report is paused" in words(answer.text)
        again = {name: text for name, text in hidden(answer.text).items() if name != "csrf_token"}
        assert again == {name: text for name, text in sent.items() if name not in {"csrf_token", "step"}}

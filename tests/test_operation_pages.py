"""The Operations page, the page of one operation, and their JSON: who sees what, and what comes of what is typed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from demo.environment import REPOSITORY
from ops_dashboard import ledger
from ops_dashboard.acts import parse, run_request
from ops_dashboard.catalog import CatalogGrant, Limits, load_catalog
from ops_dashboard.ledger import Details, Event
from ops_dashboard.operations import prepare
from ops_dashboard.operations.choices import Choice, ChoicesError
from ops_dashboard.settings import settings
from ops_dashboard.web.errors import Problem
from tests.company import ADMIN, ADS, GRANTS, SEARCH, VIEWER, grant, with_grants
from tests.ledger_records import request, soon
from tests.product_site import Site, rows, send, served, words

PAGE, API = "/ops/operations", "/ops/api/v1/operations"
CATALOG = """
operations:
  rebuild-report:
    title: Rebuild a report
    description: |
      Computes one day again.

      Readers see the old numbers until it is done.
    owner: Ads Serving
    tags: [reports, ads]
    parameters:
      report: {type: string, enum: [revenue, clicks], title: Report}
      day: {type: string, format: date}
      depth: {type: integer, minimum: 1, maximum: 30, default: 3}
      name: {type: string, optional: true}
      comment: {type: string, format: multiline, optional: true}
    script: {file: rebuild.py, interpreter: python, arguments: [report]}
    timeout: 120
    idempotent: true
    retries: 2
    example: {report: clicks, day: 2026-11-01, depth: 5, name: me}
  purge-cache:
    title: Purge a cache
    description: Empties it.
    owner: Search Platform
    tags: [cache]
    parameters:
      region: {type: string, choices: {query: regions.sql, connection: cache_db}}
      shard: {type: string, choices: {query: shards.sql, connection: cache_db, needs: [region]}}
    script: {file: purge.sh, interpreter: bash}
    concurrency: {limit: 2}
    approval: {group: platform-admins, within: 600}
  rotate-logs:
    title: <b>Rotate</b>
    owner: Data Platform
    script: {file: rotate.sh, interpreter: sh}
  missing-script:
    title: Without a script
    owner: Nobody
    script: {file: gone.sh, interpreter: sh}
"""
GIVEN = {"p_report": "revenue", "p_day": "2026-11-01", "p_depth": "4", "p_name": "", "p_comment": "", "reason": "late"}
HOSTILE = '"><script>alert(1)</script>{{ 7*7 }}'


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    folder = tmp_path / "scripts"
    folder.mkdir()
    for name in ("rebuild.py", "purge.sh", "rotate.sh"):
        (folder / name).write_text("true\n")
    return folder


@pytest.fixture
def site(
    app_url: str, company: psycopg.Connection, scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """The site with a catalog of operations of its own."""
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "all.yaml").write_text(CATALOG)
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(catalog))
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__SCRIPTS_FOLDER", str(scripts))
    settings.cache_clear()
    with_grants(
        company,
        *GRANTS,
        grant("everybody", "view:operations"),
        grant("ads-oncall", "run:rebuild-report"),
        grant("ads-oncall", "run:missing-script"),
        grant("search-oncall", "run:purge-cache"),
    )
    company.commit()
    with served(app_url) as started:
        yield started
    settings.cache_clear()


@pytest.fixture
def offers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Sequence[str] | Exception]:
    """What there is to choose from, by parameter and what it depends on."""
    answers: dict[str, Sequence[str] | Exception] = {"region": ["eu", "us"], "shard eu": ["e1", "e2"], "shard us": []}

    def offered(_operation: object, name: str, values: dict[str, str]) -> tuple[Choice, ...]:
        answer = answers[" ".join((name, *values.values()))]
        if isinstance(answer, Exception):
            raise answer
        return tuple(Choice(value, f"Label of {value}") for value in answer)

    monkeypatch.setattr("ops_dashboard.web.pages.operations.typed.offered", offered)
    monkeypatch.setattr("ops_dashboard.web.pages.operations.run_form.check_choices", lambda *_: None)
    return answers


def visit(site: Site, reader: str, path: str = PAGE, status: int = 200, **query: str) -> str:
    with site.client(reader) as client:
        answer = client.get(path, params=query)
    assert answer.status_code == status, answer.text
    return answer.text


def post(site: Site, reader: str, name: str, **fields: str) -> httpx.Response:
    with site.client(reader) as client:
        return send(client, f"{PAGE}/{name}", **fields)


def hidden(html: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html)
    return {name: unescape(value) for name, value in found}


def listings(html: str) -> dict[str, str]:
    """What exactly will run, part by part."""
    found = re.findall(r'<pre class="output"[^>]* aria-label="([^"]+)">(.*?)</pre>', html, re.DOTALL)
    return {title: unescape(text).rstrip("\n") for title, text in found}


def mistake(html: str, field: str) -> str:
    """What is told at a field."""
    found = re.search(rf'id="field-{field}-error"[^>]*>(.*?)</p>', html, re.DOTALL)
    return unescape(found[1]).strip() if found else ""


def ran(
    connection: psycopg.Connection, name: str, *steps: Event, actor: str = ADS, values: dict[str, Any] | None = None
) -> str:
    asked = request(action="run", resource=name, dag_id=f"ops_run_{name}", actor=actor, task_id="run")
    for step in steps:
        ledger.append(connection, asked, step, Details(time_limit=soon(), requested=json.dumps(values or {})))
    connection.commit()
    return asked.run_id


# The list


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
        " Ads Serving reports, ads never run Run Rebuild a report"
    )
    assert rows(html, "Operations of others")[0].endswith("Search Platform cache never run search-oncall")
    assert "<b>Rotate</b>" not in html


def test_who_may_not_look_is_told_so_and_strangers_sign_in(site: Site) -> None:
    assert "no group that may view:operations" in words(visit(site, VIEWER, status=403))
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


# Waiting for approval


PURGE = {"region": "eu", "shard": "e1", "reason": f"stale {HOSTILE}"}
BODY = "Somebody of the group `{group}` has to approve it, and not who asked.\n\n**Reason**\n\n    more"


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


# The page of one operation


def test_the_page_tells_all_before_it_is_run(site: Site, company: psycopg.Connection) -> None:
    ran(company, "rebuild-report", Event.STARTED, Event.SUCCEEDED, values={"report": "clicks", "name": None})
    text = words(visit(site, ADS, f"{PAGE}/rebuild-report"))
    for part in (
        "Rebuild a report rebuild-report Computes one day again. Readers see the old numbers until it is done.",
        "Owner Ads Serving",
        "Python script rebuild.py",
        "Usually takes 1 s Ended after 2 min At once one run at a time",
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


def value(html: str, field: str) -> str:
    """What a field shows."""
    tag = re.search(rf'<(input|select|textarea)[^>]* name="{field}"[^>]*>', html)
    assert tag, f"no field {field}"
    if tag[1] == "input":
        return unescape(re.search(r' value="([^"]*)"', tag[0])[1])  # type: ignore[index]
    inner = html[tag.end() : html.index(f"</{tag[1]}>", tag.end())]
    if tag[1] == "textarea":
        return unescape(inner.removeprefix("\n"))
    chosen = re.search(r'<option value="([^"]*)"\s+selected', inner)
    return unescape(chosen[1]) if chosen else ""


def test_the_review_shows_exactly_what_will_run_and_asks_for_nothing(site: Site, scripts: Path) -> None:
    answer = post(site, ADS, "rebuild-report", **GIVEN | {"p_comment": 'a "b"\r\nc', "step": "review"})
    assert answer.status_code == 200
    shown = listings(answer.text)
    assert shown["Command"].endswith(" -I -u rebuild.py revenue")
    assert json.loads(shown["Standard input"]) == {
        "report": "revenue", "day": "2026-11-01", "depth": 4, "name": None, "comment": 'a "b"\nc',
    }  # fmt: skip
    assert shown["Script"].startswith("rebuild.py, sha256 ")
    assert shown["Ends after"] == "120 seconds"
    assert "Run now" in answer.text
    assert site.airflow.asked == {}


def test_what_was_reviewed_runs_once_and_its_page_follows(site: Site) -> None:
    with site.client(ADS) as client:
        review = send(client, f"{PAGE}/rebuild-report", **GIVEN, step="review").text
        sent = {**hidden(review), "step": "run"}
        answers = [
            client.post(f"{PAGE}/rebuild-report", data=sent, headers={"Sec-Fetch-Site": "same-origin"})
            for _ in range(2)
        ]
    assert {answer.status_code for answer in answers} == {303}
    ((run_id, run),) = site.airflow.asked.items()
    assert {answer.headers["location"] for answer in answers} == {f"/ops/runs/ops_run_rebuild-report/{run_id}"}
    assert (run["dag_id"], run["triggering_user_name"]) == ("ops_run_rebuild-report", ADS)
    assert run["conf"] == {
        "report": "revenue", "day": "2026-11-01", "depth": 4, "name": None, "comment": None, "reason": "late",
    }  # fmt: skip


def test_a_script_that_changed_meanwhile_is_shown_again(site: Site, scripts: Path) -> None:
    with site.client(ADS) as client:
        sent = {**hidden(send(client, f"{PAGE}/rebuild-report", **GIVEN).text), "step": "run"}
        (scripts / "rebuild.py").write_text("something else\n")
        answer = client.post(f"{PAGE}/rebuild-report", data=sent, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 409
    assert "What would run is not what you were shown." in answer.text
    assert hidden(answer.text)["seen"] != sent["seen"]
    assert site.airflow.asked == {}


def test_nothing_runs_that_was_not_looked_at(site: Site) -> None:
    answer = post(site, ADS, "rebuild-report", **GIVEN, step="run")
    assert answer.status_code == 409
    assert "Run now" in answer.text
    assert site.airflow.asked == {}


def test_change_leads_back_to_the_form_with_all_that_was_typed(site: Site) -> None:
    given = GIVEN | {"p_name": HOSTILE, "p_comment": "one\r\ntwo"}
    with site.client(ADS) as client:
        review = send(client, f"{PAGE}/rebuild-report", **given)
        assert "<script>alert" not in review.text
        answer = client.post(
            f"{PAGE}/rebuild-report",
            data={**hidden(review.text), "step": "change"},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
    assert answer.status_code == 200
    assert {field: value(answer.text, field).replace("\r", "") for field in given} == {
        field: text.replace("\r", "") for field, text in given.items()
    }
    assert "<script>alert" not in answer.text


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


# A second person, and choices


@pytest.mark.usefixtures("offers")
def test_what_takes_a_second_person_says_so_and_asks_for_approval(site: Site) -> None:
    html = visit(site, SEARCH, f"{PAGE}/purge-cache")
    told = "Takes a second person: Somebody of platform-admins, and not you, has to approve it within 10 min."
    assert told in words(html)
    assert "Approval takes somebody of platform-admins, within 10 min" in words(html)
    review = post(site, SEARCH, "purge-cache", p_region="eu", p_shard="e1", reason="stale").text
    assert told in words(review)
    assert "Ask for approval" in review
    assert "Run now" not in review


def options(html: str, field: str) -> list[str]:
    select = re.search(rf'<select[^>]* name="{field}".*?</select>', html, re.DOTALL)
    assert select
    return [unescape(found) for found in re.findall(r'<option value="([^"]+)"', select[0])]


@pytest.mark.usefixtures("offers")
def test_choices_follow_what_they_depend_on(site: Site) -> None:
    html = visit(site, SEARCH, f"{PAGE}/purge-cache")
    assert (options(html, "p_region"), options(html, "p_shard")) == (["eu", "us"], [])
    assert "Choose Region first." in html
    assert 'data-renews="p_shard" data-on="p_region"' in html
    answer = post(site, SEARCH, "purge-cache", p_region="eu", p_shard="", reason="half typed", step="choices")
    assert answer.status_code == 200
    assert (value(answer.text, "p_region"), options(answer.text, "p_shard")) == ("eu", ["e1", "e2"])
    assert "half typed</textarea>" in answer.text
    assert 'class="mistake"' not in answer.text
    none = post(site, SEARCH, "purge-cache", p_region="us", step="choices").text
    assert options(none, "p_shard") == []
    assert "there are none for what stands there now." in none


def test_choices_that_cant_be_told_are_told_at_the_field(
    site: Site, offers: dict[str, Sequence[str] | Exception]
) -> None:
    offers["region"] = ChoicesError("the database can't be reached")
    html = visit(site, SEARCH, f"{PAGE}/purge-cache", region="eu")
    assert mistake(html, "p_region") == "what there is to choose from can't be told: the database can't be reached"
    assert value(html, "p_region") == "eu"


def test_choices_are_checked_before_the_review(site: Site, offers: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ChoicesError("the query took too long")

    monkeypatch.setattr("ops_dashboard.web.pages.operations.run_form.check_choices", refuse)
    answer = post(site, SEARCH, "purge-cache", p_region="eu", p_shard="e1", reason="stale")
    assert answer.status_code == 503
    assert "It can't be run now: the query took too long." in words(answer.text)


# JSON


def test_the_json_tells_all(site: Site, company: psycopg.Connection) -> None:
    run_id = ran(company, "rebuild-report", Event.STARTED, Event.SUCCEEDED)
    with site.client(ADS) as client:
        told = {each["name"]: each for each in client.get(API).json()["operations"]}
    assert list(told) == ["missing-script", "purge-cache", "rebuild-report", "rotate-logs"]
    mine = told["rebuild-report"]
    assert mine["last_run"] == {
        "run_id": run_id, "outcome": "succeeded", "actor": ADS, "at": mine["last_run"]["at"],
    }  # fmt: skip
    schema = mine["parameters"]
    assert (schema["type"], schema["additionalProperties"], schema["required"]) == ("object", False, ["report", "day"])
    assert schema["properties"]["depth"]["maximum"] == 30
    assert (mine["may_run"], mine["why"]) == (True, "ads-oncall may run rebuild-report")
    assert {name: mine[name] for name in ("owner", "tags", "dag_id", "approval", "timeout", "idempotent")} == {
        "owner": "Ads Serving",
        "tags": ["reports", "ads"],
        "dag_id": "ops_run_rebuild-report",
        "approval": None,
        "timeout": 120,
        "idempotent": True,
    }
    assert mine["example"] == {"report": "clicks", "day": "2026-11-01", "depth": 5, "name": "me"}
    theirs = told["purge-cache"]
    assert (theirs["may_run"], theirs["approval"], theirs["last_run"]) == (False, "platform-admins", None)
    assert "you are in no group that may run:purge-cache" in theirs["why"]


def test_the_json_is_documented(site: Site) -> None:
    with site.client(ADS) as client:
        document = client.get("/ops/openapi.json").json()
    assert "/api/v1/operations" in document["paths"]


def test_the_repositorys_own_operations_can_be_previewed() -> None:
    for operation in load_catalog(REPOSITORY / "dags" / "catalog").operations.values():
        asked = parse(run_request(operation), {**operation.example, "reason": "an example"})
        prepare(operation, asked.parameters, REPOSITORY / "dags" / "scripts")

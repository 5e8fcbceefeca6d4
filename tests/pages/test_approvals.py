"""What waits for a second person: who is told where, and that no list forgets it or tells of what is over."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from ops_dashboard import ledger
from ops_dashboard.acts import Preview, approval_in_markdown
from ops_dashboard.ledger import Details, Event, Request
from ops_dashboard.web.errors import Problem
from tests.pages.operation_site import API, HOSTILE, PAGE, visit
from tests.support.company import ADMIN, ADS, SEARCH, VIEWER, grant, with_grants
from tests.support.ledger_records import request
from tests.support.product_site import Site, rows, words

APPROVALS = "/ops/approvals"
TO_ANSWER, OWN = "For you to answer", "You asked for"
VALUES = {"region": "eu", "shard": "e1"}
MINUTES = timedelta(minutes=10)


@pytest.fixture
def site(operation_site: Site) -> Site:
    return operation_site


def waits(site: Site, connection: psycopg.Connection, approver: str = "platform-admins", **asked: str) -> Request:
    """Somebody has asked for what takes a second person, by the ledger and by Airflow."""
    usual = {"actor": SEARCH, "action": "run", "resource": "purge-cache", "reason": f"stale {HOSTILE}"}
    made = request(**{**usual, "dag_id": "ops_run_purge-cache", "task_id": "run", **asked})
    is_scale = made.action == "scale"
    details: dict[str, Any] = {"before": 6, "requested": 25} if is_scale else {"requested": json.dumps(VALUES)}
    within = MINUTES.total_seconds()
    ledger.append(
        connection, made, Event.WAITING, Details(approver=approver, within=within, time_limit=MINUTES, **details)
    )
    connection.commit()
    task = {"dag_id": made.dag_id, "dag_run_id": made.run_id, "task_id": made.task_id, "state": "awaiting_input"}
    body = approval_in_markdown(approver, made.reason, Preview((("Change", "as asked for"),)))
    asked_at = datetime.now(UTC).isoformat()
    detail = {"task_instance": task, "body": body, "created_at": asked_at, "response_received": False}
    site.airflow.waiting.append(detail)
    run = {"dag_id": made.dag_id, "conf": {}, "triggering_user_name": made.actor, "run_after": asked_at}
    site.airflow.asked[made.run_id] = {**run, "state": "running"}
    return made


def scale(site: Site, connection: psycopg.Connection, **asked: str) -> Request:
    usual = {"action": "scale", "resource": "ads/bidder", "dag_id": "ops_scale_workers", "task_id": "scale"}
    return waits(site, connection, **{**usual, "reason": "sale", **asked})


def count_on_tab(html: str) -> str:
    tab = html.partition(f'<a href="{APPROVALS}"')[2].partition("</a>")[0]
    return words(f"<a{tab}").removeprefix("Approvals").strip()


def test_who_approves_is_told_on_every_tab_and_led_to_the_answer(site: Site, company: psycopg.Connection) -> None:
    asked = waits(site, company)
    html = visit(site, ADMIN, APPROVALS)
    (row,) = rows(html, TO_ANSWER)
    assert row.startswith("Purge a cache purge-cache “stale")
    assert f"region eu, shard e1 to be answered in 9 min {SEARCH} just now Answer" in row
    assert f'href="/ops/runs/{asked.dag_id}/{asked.run_id}/answer"' in html
    assert "<script>alert" not in html
    assert "Nothing that you asked for waits." in words(html)
    assert count_on_tab(visit(site, ADMIN, PAGE)) == "1"


def test_who_asked_is_told_for_whom_it_waits_and_can_not_answer(site: Site, company: psycopg.Connection) -> None:
    asked = waits(site, company)
    html = visit(site, SEARCH, APPROVALS)
    (row,) = rows(html, OWN)
    assert "region eu, shard e1 to be answered in 9 min somebody in platform-admins since just now Look" in row
    assert f'href="/ops/runs/{asked.dag_id}/{asked.run_id}"' in html
    assert "Nothing waits for your answer." in words(html)
    assert count_on_tab(html) == ""


@pytest.mark.parametrize(
    ("reader", "asked_by"), [(ADS, SEARCH), (VIEWER, SEARCH), (ADMIN, ADMIN), (ADMIN, "ADMIN@platform.example.com")]
)
def test_nobody_else_and_nobody_who_asked_is_to_answer(
    site: Site, company: psycopg.Connection, reader: str, asked_by: str
) -> None:
    waits(site, company, actor=asked_by)
    assert "Nothing waits for your answer." in words(visit(site, reader, APPROVALS))


def test_what_is_beyond_the_limits_of_a_grant_waits_there_too(site: Site, company: psycopg.Connection) -> None:
    scale(site, company, approver="search-oncall", actor=ADS)
    waits(site, company)
    (row,) = rows(visit(site, SEARCH, APPROVALS), TO_ANSWER)
    assert row.startswith(f"Scale ads/bidder “sale” 6 → 25 to be answered in 9 min {ADS}")


def test_an_operation_tells_what_of_it_waits_in_the_list_and_above_its_form(
    site: Site, company: psycopg.Connection
) -> None:
    asked = waits(site, company)
    waits(site, company, resource="rebuild-report", dag_id="ops_run_rebuild-report")
    (row,) = rows(visit(site, SEARCH), "Your operations")
    assert "no run on record region eu, shard e1 waits for approval Run" in row
    form = visit(site, SEARCH, f"{PAGE}/purge-cache")
    assert (
        "Waiting for approval: region eu, shard e1, asked for by you just now . Somebody in platform-admins"
        in words(form)
    )
    assert f'href="/ops/runs/{asked.dag_id}/{asked.run_id}"' in form
    assert words(form).count("Waiting for approval:") == 1
    assert "Waiting for approval" not in visit(site, ADS, f"{PAGE}/missing-script")


def test_what_waits_takes_nobodys_place(site: Site, company: psycopg.Connection) -> None:
    """Rebuilding a report goes on once at a time."""
    waits(site, company, actor=ADS, resource="rebuild-report", dag_id="ops_run_rebuild-report")
    (row,) = [row for row in rows(visit(site, ADS), "Your operations") if "rebuild-report" in row]
    assert row.endswith("Run Rebuild a report")
    assert rows(visit(site, ADS, show="running"), "Your operations") == []
    assert "Running now" not in words(visit(site, ADS, f"{PAGE}/rebuild-report"))


def test_several_that_wait_are_counted(site: Site, company: psycopg.Connection) -> None:
    waits(site, company)
    waits(site, company, actor=ADS)
    (row,) = rows(visit(site, SEARCH), "Your operations")
    assert "region eu, shard e1 waits for approval , 1 more" in row
    assert count_on_tab(visit(site, ADMIN)) == "2"


def test_what_waits_is_in_the_audit_with_the_time_it_was_asked_for(site: Site, company: psycopg.Connection) -> None:
    asked = waits(site, company, reason="stale")
    (row,) = rows(visit(site, ADMIN, "/ops/audit"), "Requests, newest first")
    assert row.endswith(
        f"{SEARCH} waits for somebody in platform-admins run purge-cache stale region eu, shard e1 Waiting"
    )
    for outcome, found in (("running", 1), ("refused", 0)):
        with site.client(ADMIN) as client:
            entries = client.get("/ops/api/v1/ledger", params={"outcome": outcome}).json()["entries"]
        assert len(entries) == found
        for entry in entries:
            assert (entry["run_id"], entry["is_waiting"], entry["approver"]) == (asked.run_id, True, "platform-admins")


def test_what_airflow_has_ended_by_hand_can_not_be_answered(site: Site, company: psycopg.Connection) -> None:
    waits(site, company)
    site.airflow.waiting.clear()
    for reader, table in ((ADMIN, TO_ANSWER), (SEARCH, OWN)):
        html = visit(site, reader, APPROVALS)
        (row,) = rows(html, table)
        assert "ended in Airflow" in row
        assert "/answer" not in html


def test_what_airflow_has_an_answer_to_is_no_longer_to_be_answered(site: Site, company: psycopg.Connection) -> None:
    """Until its task has written so, which takes as long as Airflow takes to go on with it."""
    waits(site, company)
    (detail,) = site.airflow.waiting
    site.airflow.waiting[:] = [
        {**detail, "response_received": True, "task_instance": {**detail["task_instance"], "state": "queued"}}
    ]
    for reader, table in ((ADMIN, TO_ANSWER), (SEARCH, OWN)):
        html = visit(site, reader, APPROVALS)
        (row,) = rows(html, table)
        assert "answered, about to be carried out" in row
        assert "/answer" not in html


def test_what_is_about_to_be_carried_out_waits_for_nobody(site: Site, company: psycopg.Connection) -> None:
    asked = waits(site, company)
    ledger.append(company, asked, Event.ANSWERED, Details(answered_by=ADMIN))
    company.commit()
    assert count_on_tab(visit(site, ADMIN)) == ""
    html = visit(site, ADMIN, APPROVALS)
    assert rows(html, TO_ANSWER) == []
    assert len(rows(html, "Answered lately")) == 1


def test_who_approves_may_look_at_what_came_of_it_and_nobody_else(site: Site, company: psycopg.Connection) -> None:
    with_grants(company, grant("search-oncall", "run:purge-cache"))
    asked = waits(site, company)
    path = f"/ops/runs/{asked.dag_id}/{asked.run_id}"
    for steps in ((), (Event.ANSWERED, Details(answered_by=ADMIN)), (Event.REFUSED, Details(message="too late"))):
        if steps:
            ledger.append(company, asked, *steps)
            company.commit()
        for reader, status in ((SEARCH, 200), (ADMIN, 200), (ADS, 403), (VIEWER, 403)):
            visit(site, reader, path, status)


def test_an_answer_whose_task_was_lost_is_told_so(site: Site, company: psycopg.Connection) -> None:
    asked = waits(site, company)
    ledger.append(company, asked, Event.ANSWERED, Details(answered_by=ADMIN))
    company.commit()
    site.airflow.asked[asked.run_id]["state"] = "failed"
    text = words(visit(site, SEARCH, f"/ops/runs/{asked.dag_id}/{asked.run_id}"))
    assert "It was answered, but its task was lost before anything was done; ask anew." in text


def test_who_may_not_run_it_is_not_told_with_which_values(site: Site, company: psycopg.Connection) -> None:
    waits(site, company)
    with_grants(company, grant("everybody", "view:operations"), grant("search-oncall", "run:purge-cache"))
    company.commit()
    (row,) = [row for row in rows(visit(site, ADS), "Operations of others") if "purge-cache" in row]
    assert "1 waits for approval" in row
    assert "region" not in row


def test_what_was_answered_is_told_to_both(site: Site, company: psycopg.Connection) -> None:
    asked = waits(site, company, reason="stale")
    ledger.append(company, asked, Event.ANSWERED, Details(answered_by=ADMIN, note="not now"))
    ledger.append(company, asked, Event.REFUSED, Details(message=f"{ADMIN} rejected it: not now"))
    company.commit()
    for reader, by in ((ADMIN, "you"), (SEARCH, ADMIN)):
        (row,) = rows(visit(site, reader, APPROVALS), "Answered lately")
        assert row.startswith("Purge a cache purge-cache “stale” region eu, shard e1")
        assert row.endswith(f"rejected it: not now {by} just now Refused")
    assert "Answered lately" not in visit(site, ADS, APPROVALS)
    (row,) = rows(visit(site, ADMIN, "/ops/audit"), "Requests, newest first")
    assert re.search(rf"{SEARCH} answered by you \d\d:\d\d:\d\d : “not now” run purge-cache", row)


def test_the_audit_can_be_asked_for_what_waits(site: Site, company: psycopg.Connection) -> None:
    waits(site, company)
    company.commit()
    assert len(rows(visit(site, ADMIN, "/ops/audit", outcome="waiting"), "Requests, newest first")) == 1
    assert "waiting, denied" in words(visit(site, ADMIN, "/ops/audit", 400, outcome="waits"))


def test_who_approves_an_operation_reads_what_it_does_and_its_script(site: Site, company: psycopg.Connection) -> None:
    asked = waits(site, company, reason="stale")
    path = f"/ops/runs/{asked.dag_id}/{asked.run_id}/answer"
    html = visit(site, ADMIN, path)
    text = words(html)
    assert f"Asked by {SEARCH} just now To be answered in 9 min Operation Purge a cache" in text
    assert "Empties it." in text
    assert "Region eu Shard e1" in text
    assert 'href="/ops/operations/purge-cache/source"' in html
    assert [word for word in ("Approve", "Reject", "Cancel") if f" {word}" in text] == ["Approve", "Reject", "Cancel"]
    withdraw = words(visit(site, SEARCH, path))
    assert "Withdraw" in withdraw
    assert "Reject" not in withdraw
    assert "Somebody in platform-admins has to answer it." in words(visit(site, ADS, path, 403))


def test_who_approves_reads_what_was_left_empty(site: Site, company: psycopg.Connection) -> None:
    asked = waits(site, company)
    values = json.dumps({"region": "eu", "shard": None})
    ledger.append(company, asked, Event.REFUSED, Details(message="to begin with"))
    made = request(actor=SEARCH, action="run", resource="purge-cache", dag_id=asked.dag_id, task_id="run")
    details = Details(approver="platform-admins", within=600, time_limit=MINUTES, requested=values)
    ledger.append(company, made, Event.WAITING, details)
    company.commit()
    (detail,) = site.airflow.waiting
    detail["task_instance"]["dag_run_id"] = made.run_id
    site.airflow.asked[made.run_id] = site.airflow.asked[asked.run_id]
    assert "Region eu Shard left empty" in words(visit(site, ADMIN, f"/ops/runs/{made.dag_id}/{made.run_id}/answer"))


def test_what_airflow_can_not_tell_is_told_by_the_ledger(site: Site, company: psycopg.Connection) -> None:
    waits(site, company)
    site.airflow.failure = Problem(504, "Airflow does not answer", "Airflow's API gave no answer within 20 seconds.")
    assert len(rows(visit(site, ADMIN, APPROVALS), TO_ANSWER)) == 1


def test_more_than_airflow_tells_at_once_are_told_by_the_ledger(site: Site, company: psycopg.Connection) -> None:
    waits(site, company)
    site.airflow.waiting[:] = [
        {"task_instance": {"dag_id": "x", "dag_run_id": str(each)}, "response_received": False} for each in range(101)
    ]
    assert len(rows(visit(site, ADMIN, APPROVALS), TO_ANSWER)) == 1


def test_nothing_is_asked_of_airflow_when_nothing_waits(site: Site) -> None:
    site.airflow.failure = Problem(504, "Airflow does not answer", "Airflow's API gave no answer within 20 seconds.")
    assert len(rows(visit(site, ADMIN), "Your operations")) == 4


def test_strangers_sign_in(site: Site) -> None:
    with httpx.Client(base_url=site.address) as client:
        assert {client.get(path).status_code for path in (APPROVALS, API)} == {401}

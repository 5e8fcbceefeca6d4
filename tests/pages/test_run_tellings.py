"""How runs read, by what they did: on their own page, in the audit, and where they lead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from ops_dashboard import ledger
from ops_dashboard.acts import CHANGE_GRANT_DAG_ID, CHANGE_SETTING_DAG_ID, DECIDE_SYNC_DAG_ID, SCALE_DAG_ID
from ops_dashboard.ledger import Details, Event
from tests.support.company import ADMIN, ADS, GRANTS, SEARCH, VIEWER, grant, with_grants
from tests.support.ledger_records import request, soon
from tests.support.product_site import Site, rows, words

GRANT = "ads-oncall → scale:ads/*, 1 to 20"
REASON = "their own pools"
GIVE: dict[str, Any] = {
    "change": "grant",
    "group": "ads-oncall",
    "action": "scale:ads/*",
    "limits": {"min": 1, "max": 20},
    "reason": REASON,
}
REVOKE: dict[str, Any] = {"change": "revoke", "group": "ads-oncall", "action": "scale:ads/*", "reason": REASON}
RELEASE: dict[str, Any] = {"source": "google", "digest": "ab" * 32, "decision": "release", "reason": REASON}


def in_airflow(site: Site, dag_id: str, conf: Mapping[str, Any], state: str = "queued") -> str:
    """A run that Airflow knows of."""
    site.airflow.asked["run-x"] = {
        "dag_id": dag_id,
        "conf": conf,
        "triggering_user_name": ADMIN,
        "state": state,
        "run_after": datetime.now(UTC).isoformat(),
    }
    return "run-x"


def recorded(connection: psycopg.Connection, dag_id: str, resource: str, *steps: tuple[Event, Details]) -> str:
    """A run that the ledger knows of."""
    verb = "scale" if dag_id == SCALE_DAG_ID else "manage"
    asked = request(actor=ADMIN, action=verb, resource=resource, dag_id=dag_id, run_id="run-x", reason=REASON)
    for event, details in steps:
        ledger.append(connection, asked, event, details)
    connection.commit()
    return asked.run_id


def done(before: str | None, requested: str, after: str) -> tuple[tuple[Event, Details], ...]:
    """The steps of an act that worked."""
    grant = "platform-admins → *"
    return (
        (Event.STARTED, Details(before=before, requested=requested, grant=grant, time_limit=soon())),
        (Event.CHANGED, Details(before=before, requested=requested, after=after)),
        (Event.SUCCEEDED, Details(before=before, requested=requested, after=after, seconds=0.1)),
    )


def visit(site: Site, dag_id: str, reader: str = ADMIN) -> str:
    with site.client(reader) as client:
        answer = client.get(f"/ops/runs/{dag_id}/run-x")
    assert answer.status_code == 200, answer.text
    return answer.text


def tab(html: str) -> list[str]:
    return re.findall(r'aria-current="page">(\w+)</a>', html)


@pytest.mark.parametrize(
    ("dag_id", "conf", "headline", "change"),
    [
        (CHANGE_GRANT_DAG_ID, GIVE, "Give ads-oncall → scale:ads/*", GRANT),
        (CHANGE_GRANT_DAG_ID, REVOKE, "Revoke ads-oncall → scale:ads/*", "revocation of ads-oncall → scale:ads/*"),
        (DECIDE_SYNC_DAG_ID, RELEASE, "Release the sync of google", "release of sync abababababab of google"),
        (SCALE_DAG_ID, {"pool": "ads/x", "replicas": 9, "expected": 6, "reason": REASON}, "Scaling ads/x", "6 → to 9"),
    ],
)
def test_a_run_that_waits_says_what_is_asked_for(
    site: Site, dag_id: str, conf: Mapping[str, Any], headline: str, change: str
) -> None:
    in_airflow(site, dag_id, conf)
    html = visit(site, dag_id)
    text = words(html)
    assert text.startswith(f"{headline} Asked by you ")
    assert f"“{REASON}” {change} Waiting" in text
    assert "Waiting for Airflow to start the task" in text
    assert "data-every" in html


@pytest.mark.parametrize(
    ("dag_id", "conf"),
    [
        (CHANGE_GRANT_DAG_ID, {"group": "<b>", "action": 7}),
        (CHANGE_GRANT_DAG_ID, {"change": ["grant"], "group": "x" * 5000, "action": "<b>"}),
        (DECIDE_SYNC_DAG_ID, {"source": "<b>", "decision": {}}),
        (DECIDE_SYNC_DAG_ID, {}),
        (SCALE_DAG_ID, {"pool": "<b>", "replicas": "9"}),
    ],
)
def test_values_that_are_not_accepted_break_no_page(site: Site, dag_id: str, conf: Mapping[str, Any]) -> None:
    in_airflow(site, dag_id, conf)
    main = visit(site, dag_id).partition("<main")[2]
    assert "Waiting" in main
    assert "<b>" not in main
    assert len(main) < 10_000


@pytest.mark.parametrize(
    ("dag_id", "resource", "steps", "change", "way_on"),
    [
        (
            CHANGE_GRANT_DAG_ID,
            "grants/scale/ads/*",
            done(None, GRANT, f"grant 7, {GRANT}"),
            f"grant 7, {GRANT}",
            "/ops/access/grants",
        ),
        (
            CHANGE_GRANT_DAG_ID,
            "grants/scale/ads/*",
            done(f"grant 7, {GRANT}", "revocation of grant 7", "revoked"),
            f"grant 7, {GRANT} : revoked",
            "/ops/access/grants",
        ),
        (DECIDE_SYNC_DAG_ID, "access", done("held", "release", "applied"), "held → to applied", "/ops/access/sources"),
    ],
)
def test_a_run_that_airflow_has_forgotten_is_told_from_the_ledger(
    site: Site,
    company: psycopg.Connection,
    dag_id: str,
    resource: str,
    steps: tuple[tuple[Event, Details], ...],
    change: str,
    way_on: str,
) -> None:
    recorded(company, dag_id, resource, *steps)
    html = visit(site, dag_id)
    text = words(html)
    assert text.startswith(f"Manage {resource} Asked by you ")
    assert f"“{REASON}” {change} Done" in text
    assert "Allowed by platform-admins → * (done)" in text
    assert "Carried out (done)" in text
    assert "ready" not in text
    assert f'href="{way_on}"' in html
    assert tab(html) == ["Access"]
    assert "Why?" not in text


def test_a_denied_run_leads_to_why(site: Site, company: psycopg.Connection) -> None:
    refusal = Details(requested=GRANT, message="you may not")
    run_id = recorded(company, CHANGE_GRANT_DAG_ID, "grants/scale/ads/*", (Event.DENIED, refusal))
    html = visit(site, CHANGE_GRANT_DAG_ID)
    (href,) = re.findall(r'<a class="btn" href="([^"]+)">Why\?<span', html)
    with site.client(ADMIN) as client:
        why = client.get(href.replace("&amp;", "&"))
    assert why.status_code == 200
    assert words(why.text).startswith("You may manage:grants/scale/ads/*")
    assert "Recorded: you may not" in words(why.text)
    assert f"run_id={run_id}" in href


def test_a_run_that_has_not_changed_anything_yet_shows_the_steps_ahead(site: Site, company: psycopg.Connection) -> None:
    recorded(company, CHANGE_GRANT_DAG_ID, "grants/x", done(None, GRANT, "x")[0])
    text = words(visit(site, CHANGE_GRANT_DAG_ID))
    assert f"“{REASON}” {GRANT} Running" in text
    assert "Carried out (now)" in text


@pytest.mark.parametrize(
    ("event", "ready", "told"),
    [
        (Event.FAILED, 3, "Not all ready (failed)"),
        (Event.FAILED, None, "Readiness not known (failed)"),
        (Event.UNKNOWN, None, "Readiness not known (failed)"),
    ],
)
def test_what_was_never_read_is_not_told_as_not_ready(
    site: Site, company: psycopg.Connection, event: Event, ready: int | None, told: str
) -> None:
    steps = (
        (Event.STARTED, Details(before=6, requested=9, time_limit=soon())),
        (Event.CHANGED, Details(before=6, requested=9, after=9)),
        (event, Details(before=6, requested=9, after=9, ready=ready, message="the cluster is gone")),
    )
    recorded(company, SCALE_DAG_ID, "ads/x", *steps)
    assert told in words(visit(site, SCALE_DAG_ID))


@pytest.mark.parametrize(
    ("dag_id", "verb", "resource"), [(SCALE_DAG_ID, "scale", "ads/x"), (CHANGE_SETTING_DAG_ID, "set", "ads/x")]
)
@pytest.mark.parametrize(("reader", "offered"), [(ADMIN, True), (SEARCH, False)])
def test_setting_back_is_offered_to_who_may_only(
    site: Site, company: psycopg.Connection, dag_id: str, verb: str, resource: str, reader: str, offered: bool
) -> None:
    with_grants(company, *GRANTS, grant("everybody", "view:audit"))
    asked = request(actor=ADMIN, action=verb, resource=resource, dag_id=dag_id, run_id="run-x")
    for event in (Event.STARTED, Event.CHANGED, Event.SUCCEEDED):
        ledger.append(company, asked, event, Details(before=6, requested=9, after=9, time_limit=soon()))
    company.commit()
    assert ("Set back to 6" in words(visit(site, dag_id, reader))) == offered


@pytest.mark.parametrize(
    ("dag_id", "verb", "form"),
    [
        (SCALE_DAG_ID, "scale", "/ops/workers/ads/x/scale?replicas=9"),
        (CHANGE_SETTING_DAG_ID, "set", "/ops/settings/ads/x?value=9"),
    ],
)
@pytest.mark.parametrize(
    ("reader", "by", "offered"), [(ADMIN, "a → b", True), (SEARCH, "a → b", False), (ADMIN, None, False)]
)
def test_what_came_to_nothing_can_be_asked_for_again(
    site: Site,
    company: psycopg.Connection,
    dag_id: str,
    verb: str,
    form: str,
    reader: str,
    by: str | None,
    offered: bool,
) -> None:
    """Without a grant on record there was a mistake in it, such as a name that the catalog does not have."""
    with_grants(company, *GRANTS, grant("everybody", "view:audit"))
    asked = request(actor=ADMIN, action=verb, resource="ads/x", dag_id=dag_id, run_id="run-x")
    ledger.append(company, asked, Event.REFUSED, Details(before=6, requested=9, grant=by, message="not now"))
    company.commit()
    assert (f'href="{form}">Ask again</a>' in visit(site, dag_id, reader)) == offered


def test_runs_of_a_dag_that_is_gone_read_plainly(site: Site, company: psycopg.Connection) -> None:
    steps = (
        (Event.STARTED, Details(before=500, requested=250, time_limit=soon())),
        (Event.CHANGED, Details(before=500, requested=250, after=250)),
        (Event.SUCCEEDED, Details(before=500, requested=250, after=250)),
    )
    recorded(company, "ops_of_last_year", "ads/batch-size", *steps)
    html = visit(site, "ops_of_last_year")
    assert words(html).startswith("Request ads/batch-size Asked by you ")
    assert "500 → to 250 Done" in words(html)
    assert tab(html) == ["Audit"]


@pytest.mark.parametrize(
    ("dag_id", "steps", "effect"),
    [
        (CHANGE_GRANT_DAG_ID, done(None, GRANT, f"grant 7, {GRANT}"), f"grant 7, {GRANT}"),
        (CHANGE_GRANT_DAG_ID, done(f"grant 7, {GRANT}", "x", "revoked"), f"revoked: grant 7, {GRANT}"),
        (CHANGE_GRANT_DAG_ID, ((Event.DENIED, Details(requested=GRANT)),), f"asked for {GRANT}"),
        (DECIDE_SYNC_DAG_ID, done("held", "x", "discarded"), "held → discarded"),
        (SCALE_DAG_ID, ((Event.REFUSED, Details(requested=99)),), "asked for 99"),
        (SCALE_DAG_ID, ((Event.REFUSED, Details()),), "–"),
    ],
)
def test_the_audit_says_what_came_of_it(
    site: Site, company: psycopg.Connection, dag_id: str, steps: tuple[tuple[Event, Details], ...], effect: str
) -> None:
    recorded(company, dag_id, "what/ever", *steps)
    with site.client(ADMIN) as client:
        html = client.get("/ops/audit").text
    cells = [words(cell) for cell in re.findall(r"<td.*?</td>", html, re.DOTALL)]
    assert cells[3] == effect


def test_the_audit_names_who_approved(site: Site, company: psycopg.Connection) -> None:
    waiting = Details(before=6, requested=40, approver="leads", within=60, time_limit=soon())
    answer = Details(answered_by=ADS, note="quota is there")
    started = Details(approved_by=ADS, time_limit=soon())
    steps = ((Event.WAITING, waiting), (Event.ANSWERED, answer), (Event.STARTED, started))
    recorded(company, SCALE_DAG_ID, "ads/bidder", *steps)
    with site.client(ADMIN) as client:
        (row,) = rows(client.get("/ops/audit").text, "Requests, newest first")
    assert re.search(rf"you approved by {ADS} \d\d:\d\d:\d\d : “quota is there” scale", row)


def test_others_may_look_only_if_they_may_see_the_audit(site: Site, company: psycopg.Connection) -> None:
    recorded(company, CHANGE_GRANT_DAG_ID, "grants/x", *done(None, GRANT, "x"))
    with site.client(VIEWER) as client:
        assert client.get(f"/ops/runs/{CHANGE_GRANT_DAG_ID}/run-x").status_code == 403
    with site.client(ADS) as client:
        assert client.get(f"/ops/runs/{CHANGE_GRANT_DAG_ID}/run-x").status_code == 403


def test_a_cancellation_leads_to_what_was_cancelled(site: Site, company: psycopg.Connection) -> None:
    recorded(company, "ops_cancel_run", "rebuild-report", *done("running", "page__7", "failed"))
    html = visit(site, "ops_cancel_run")
    assert 'href="/ops/runs/ops_run_rebuild-report/page__7"' in html


def test_what_was_cancelled_is_told_as_that_and_by_whom(site: Site, company: psycopg.Connection) -> None:
    steps = (
        (Event.STARTED, Details(requested="{}", time_limit=soon())),
        (
            Event.FAILED,
            Details(message="act was ended: cancelled by grace", cancelled_by="grace"),
        ),
    )
    recorded(company, "ops_run_rebuild-report", "rebuild-report", *steps)
    text = words(visit(site, "ops_run_rebuild-report"))
    assert "Cancelled by grace" in text
    assert "Failed" not in text
    assert "Cancelled" in words(visit(site, "ops_run_rebuild-report"))

"""Another's rights: by triggering, clearing, answering, looking, forging and posting what is not one's own."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx
import jwt
import pytest

from demo.browserless import Form
from demo.client import Client
from tests.attacks.acting import REPEAT, Happened, ask, told
from tests.product.operation_runs import CANCEL, GOOD, LOGS, PURGE, PURGED, REPORT, answer, waiting_run
from tests.product.over_rest import eventually, records
from tests.support.running_stack import SCALE_DAG

pytestmark = [pytest.mark.stack]

ROTATED: dict[str, Any] = {"service": "bidder", "reason": "x"}
SETTING = "ops_change_setting"
ACTS: list[tuple[str, dict[str, Any]]] = [
    (LOGS, ROTATED),
    (SCALE_DAG, {"pool": "ads/bidder", "replicas": 3, "reason": "x"}),
    (SETTING, {"setting": "ads/batch-size", "value": 7, "reason": "x"}),
]


@pytest.mark.attack("CVE-2021-45230", "CVE-2026-22683")
@pytest.mark.parametrize(("dag_id", "conf"), ACTS, ids=[each[0] for each in ACTS])
@pytest.mark.parametrize("who", ["search", "viewer"])
def test_an_act_that_the_pages_do_not_offer(
    request: pytest.FixtureRequest, happened: Happened, who: str, dag_id: str, conf: dict[str, Any]
) -> None:
    client: Client = request.getfixturevalue(who)
    answered = ask(client, dag_id, conf)
    answered.assert_nothing_ran()
    assert (answered.outcome, answered.record["actor"]) == ("denied", client.email)
    happened(str(answered))


@pytest.mark.attack("GHSA-6qr9-g2xw-cw92")
@pytest.mark.parametrize(("dag_id", "conf"), ACTS, ids=[each[0] for each in ACTS])
def test_an_act_of_nobody(anonymous: httpx.Client, happened: Happened, dag_id: str, conf: dict[str, Any]) -> None:
    answered = anonymous.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
    assert answered.status_code == 401
    happened(told(answered))


@pytest.mark.attack
@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_somebody_made_up(
    ads: Client, anonymous: httpx.Client, happened: Happened, algorithm: str
) -> None:
    claims = {**jwt.decode(ads.token, options={"verify_signature": False}), "sub": "1", "exp": int(time.time()) + 600}
    token = jwt.encode(claims, "" if algorithm == "none" else "guessed" * 10, algorithm=algorithm)
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("/ops/api/v1/access/me", "/api/v2/dags"):
        answered = anonymous.get(path, headers=headers)
        assert answered.status_code in {401, 403}, answered.text
    happened(told(answered))


HOSTILE_IDS = ["'; touch x #", "$(id)", "{{ 7*7 }}", "../../x", "a/b", "<script>alert(1)</script>", "a\nb"]


@pytest.mark.attack("CVE-2022-40127")
@pytest.mark.parametrize("run_id", HOSTILE_IDS)
def test_a_hostile_run_id(ads: Client, happened: Happened, run_id: str) -> None:
    body = {"logical_date": None, "dag_run_id": run_id, "conf": {"text": "a", "reason": "x"}}
    answered = ads.http.post(f"/api/v2/dags/{REPEAT}/dagRuns", json=body)
    assert answered.is_client_error, answered.text
    happened(told(answered))


@pytest.mark.attack
@pytest.mark.parametrize("run_id", ["~", "."])
def test_a_run_id_that_means_another_place_in_an_address(ads: Client, happened: Happened, run_id: str) -> None:
    """A second person would look at the page of another request, and approve this one."""
    body = {"logical_date": None, "dag_run_id": run_id, "conf": {"text": "a", "reason": "x"}}
    ads.http.post(f"/api/v2/dags/{REPEAT}/dagRuns", json=body).raise_for_status()
    eventually(lambda: records(ads, run_id) != [])
    (record,) = records(ads, run_id)
    assert (record["outcome"], record["started_at"]) == ("refused", None)
    assert ads.http.get(f"/ops/runs/{REPEAT}/{run_id}/answer").status_code == 404
    happened(f"refused, on record: {record['message']}")


@pytest.mark.attack("CVE-2022-40127")
def test_a_hostile_note(ads: Client, happened: Happened) -> None:
    note = "{{ 7*7 }} $(id) <script>alert(1)</script>"
    answered = ask(ads, REPEAT, {"text": "a", "reason": "x"}, note=note)
    assert answered.outcome == "succeeded"
    page = ads.http.get(f"/ops/runs/{REPEAT}/{answered.record['run_id']}").text
    assert "<script>alert" not in page
    assert "49" not in answered.record["after"]
    happened("kept by Airflow, read by nothing of the product")


@pytest.mark.attack
@pytest.mark.parametrize("forged", ["triggering_user_name", "triggered_by", "run_type", "clear_number"])
def test_a_forged_field_of_a_request(ads: Client, happened: Happened, forged: str) -> None:
    answered = ask(ads, REPEAT, {"text": "a", "reason": "x"}, **{forged: "admin@platform.example.com"})
    assert answered.at_the_door
    happened(str(answered))


@pytest.mark.attack("CVE-2023-42792", "GHSA-h3jj-5f3v-3685")
def test_another_ones_run_cleared(ads: Client, search: Client, happened: Happened) -> None:
    run_id = _done(ads)
    answered = search.http.post(f"/api/v2/dags/{LOGS}/dagRuns/{run_id}/clear", json={"dry_run": False})
    assert answered.status_code == 403
    assert len(records(ads, run_id)) == 1
    happened(told(answered))


@pytest.mark.attack("CVE-2023-42792", "GHSA-h3jj-5f3v-3685")
def test_a_run_cleared_by_who_may_clear(ads: Client, admin: Client, happened: Happened) -> None:
    run_id = _done(ads)
    admin.http.post(f"/api/v2/dags/{LOGS}/dagRuns/{run_id}/clear", json={"dry_run": False}).raise_for_status()
    eventually(lambda: len(records(admin, run_id)) == 2)
    newest, first = records(admin, run_id)
    assert (newest["outcome"], newest["started_at"], first["outcome"]) == ("refused", None, "succeeded")
    happened(f"refused, on record: {newest['message']}")


def _done(client: Client) -> str:
    run_id = client.trigger(LOGS, dict(ROTATED))
    assert client.wait_for_run(LOGS, run_id) == "success"
    return run_id


TASK = "/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/run"
MEDDLING: list[tuple[str, str, str, dict[str, Any]]] = [
    ("a task marked successful", "PATCH", TASK, {"new_state": "success"}),
    ("a run marked failed", "PATCH", "/api/v2/dags/{dag_id}/dagRuns/{run_id}", {"state": "failed"}),
    ("a run deleted", "DELETE", "/api/v2/dags/{dag_id}/dagRuns/{run_id}", {}),
    ("a result written", "POST", f"{TASK}/xcomEntries", {"key": "return_value", "value": 1}),
    ("a task cleared", "POST", "/api/v2/dags/{dag_id}/clearTaskInstances", {"dry_run": False}),
    ("a DAG deleted", "DELETE", "/api/v2/dags/{dag_id}", {}),
    ("code read", "GET", "/api/v2/dagSources/{dag_id}", {}),
    ("connections read", "GET", "/api/v2/connections", {}),
    ("a variable set", "PATCH", "/api/v2/variables/search_ranking_model", {"key": "x", "value": "y"}),
    ("a variable made", "POST", "/api/v2/variables", {"key": "x", "value": "y"}),
    ("a pool made", "POST", "/api/v2/pools", {"name": "x", "slots": 1}),
    ("import errors read", "GET", "/api/v2/importErrors", {}),
    ("Airflow's configuration read", "GET", "/api/v2/config", {}),
    ("a role made", "POST", "/auth/fab/v1/roles", {"name": "x", "actions": []}),
    ("a user made", "POST", "/auth/fab/v1/users", {"username": "x", "password": "y"}),
]


@pytest.mark.attack("CVE-2021-45230", "CVE-2024-27906")
@pytest.mark.parametrize(("method", "path", "body"), [row[1:] for row in MEDDLING], ids=[row[0] for row in MEDDLING])
def test_airflow_itself_by_who_may_only_ask(
    ads: Client, search: Client, happened: Happened, method: str, path: str, body: dict[str, Any]
) -> None:
    run_id = _done(ads)
    answered = search.http.request(method, path.format(dag_id=LOGS, run_id=run_id), json=body or None)
    assert answered.status_code == 403, answered.text
    happened(told(answered))


@pytest.mark.attack("GHSA-5679-7qrc-5m7j", "GHSA-phmw-jx86-x666", "CVE-2021-41111")
def test_another_ones_output_looked_at(ads: Client, search: Client, happened: Happened) -> None:
    secret = "7f3c-seen-by-those-who-may-run-it"
    run_id = ask(ads, REPEAT, {"text": secret, "reason": "x"}).record["run_id"]
    path = f"/ops/runs/{REPEAT}/{run_id}"
    assert secret in ads.http.get(path).text
    assert "Output" not in search.http.get(path).text
    happened("the run's page is shown without its output")


@pytest.mark.attack("CVE-2021-41112")
def test_another_ones_run_cancelled(ads: Client, search: Client, happened: Happened) -> None:
    run_id = ads.trigger(REPORT, GOOD | {"report": "revenue"})
    eventually(lambda: [record["outcome"] for record in records(ads, run_id)] == ["running"])
    assert search.http.get(f"/ops/runs/{REPORT}/{run_id}/cancel").status_code == 403
    answered = ask(search, CANCEL, {"operation": "rebuild-report", "run_id": run_id, "reason": "x"})
    answered.assert_nothing_ran()
    assert ads.wait_for_run(REPORT, run_id) == "success"
    happened(str(answered))


@pytest.mark.attack("CVE-2021-41111")
def test_another_ones_run_cancelled_as_ones_own_operation(ads: Client, search: Client, happened: Happened) -> None:
    """The right is judged for one operation, the run is of another."""
    run_id = ads.trigger(REPORT, GOOD | {"report": "clicks"})
    eventually(lambda: [record["outcome"] for record in records(ads, run_id)] == ["running"])
    answered = ask(search, CANCEL, {"operation": "repair-orders", "run_id": run_id, "reason": "x"})
    answered.assert_nothing_ran()
    assert ads.wait_for_run(REPORT, run_id) == "success"
    happened(str(answered))


APPROVALS = [
    ("one's own request approved", "search", "Approve", "approved by who asked"),
    ("approved by who is not in the group", "ads", "Approve", "who is not in platform-admins"),
    ("approved by who may only look", "viewer", "Approve", "who is not in platform-admins"),
]


@pytest.mark.attack
@pytest.mark.parametrize(
    ("who", "choice", "message"), [row[1:] for row in APPROVALS], ids=[row[0] for row in APPROVALS]
)
def test_approval(
    request: pytest.FixtureRequest, search: Client, happened: Happened, who: str, choice: str, message: str
) -> None:
    answering: Client = request.getfixturevalue(who)
    run_id = waiting_run(search, PURGE, dict(PURGED))
    answer(answering, PURGE, run_id, choice).raise_for_status()
    assert search.wait_for_run(PURGE, run_id) == "failed"
    (record,) = records(search, run_id)
    assert (record["outcome"], record["started_at"]) == ("refused", None)
    assert message in record["message"]
    happened(f"refused, on record: {record['message']}")


@pytest.mark.attack
def test_approval_by_marking_the_task_successful(search: Client, admin: Client, happened: Happened) -> None:
    run_id = waiting_run(search, PURGE, dict(PURGED))
    path = TASK.format(dag_id=PURGE, run_id=run_id)
    admin.http.patch(path, json={"new_state": "success"}).raise_for_status()
    search.wait_for_run(PURGE, run_id)
    (record,) = records(search, run_id)
    assert (record["started_at"], record["after"]) == (None, None)
    happened("the run is over and nothing was done: what acts is the task that waits, not one after it")


FORMS = [
    f"/ops/operations/{LOGS.removeprefix('ops_run_')}",
    "/ops/workers/ads/bidder/scale",
    "/ops/settings/ads/batch-size",
]
FOREIGN: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("without its token", {"csrf_token": ""}, {"Sec-Fetch-Site": "same-origin"}),
    ("from another site", {}, {"Sec-Fetch-Site": "cross-site"}),
    ("from a sibling site", {}, {"Sec-Fetch-Site": "same-site"}),
    ("from a foreign origin", {}, {"Origin": "https://evil.example"}),
]


@pytest.mark.attack("GHSA-w24g-24qg-v4w2", "CVE-2021-39132")
@pytest.mark.parametrize(("fields", "headers"), [row[1:] for row in FOREIGN], ids=[row[0] for row in FOREIGN])
@pytest.mark.parametrize("path", FORMS)
def test_a_form_posted(
    ads: Client, happened: Happened, path: str, fields: dict[str, str], headers: dict[str, str]
) -> None:
    form = Form.read(ads, path)
    answered = ads.http.post(path, data={**form.hidden, "reason": "x", **fields}, headers=headers)
    assert answered.status_code == 403, answered.text
    happened(f"403 {answered.reason_phrase}")


@pytest.mark.attack("GHSA-w24g-24qg-v4w2")
@pytest.mark.parametrize("path", FORMS)
def test_another_ones_form_posted(ads: Client, admin: Client, happened: Happened, path: str) -> None:
    """Its token is bound to the person and the session that it was shown to."""
    form = Form.read(admin, path)
    answered = ads.http.post(path, data={**form.hidden, "reason": "x"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert answered.status_code == 403, answered.text
    happened(f"403 {answered.reason_phrase}")


@pytest.mark.attack("CVE-2021-41112", "GHSA-phmw-jx86-x666")
def test_pages_without_a_login(anonymous: httpx.Client, ads: Client, happened: Happened) -> None:
    """All routes there are, by the app's own word."""
    routes: dict[str, dict[str, Any]] = ads.get("/ops/openapi.json")["paths"]
    tried = [(method, f"/ops{path}") for path, methods in routes.items() for method in methods]
    tried += [("get", path) for path in ("/ops/workers", "/ops/operations", "/ops/settings", "/ops/audit", *FORMS)]
    tried += [("post", path) for path in FORMS]
    for method, path in tried:
        assert anonymous.request(method, path).status_code == 401, (method, path)
    happened(f"401 from each of {len(tried)} routes")


@pytest.mark.attack
@pytest.mark.parametrize("query", ["' OR 1=1 --", "'; DROP TABLE ops.ledger; --", "%", "_", "\\", "{{ 7*7 }}", "$1"])
@pytest.mark.parametrize("name", ["q", "resource", "actor"])
def test_a_query_in_a_filter(ads: Client, happened: Happened, name: str, query: str) -> None:
    answered = ads.http.get("/ops/api/v1/ledger", params={name: query})
    found = answered.json().get("entries", []) if answered.is_success else []
    words = re.findall(r"\w+", query.lower())
    assert answered.status_code in {200, 422}, answered.text
    assert all(word in str(each.values()).lower() for each in found for word in words)
    happened(f"{answered.status_code}, {len(found)} records, each with all of its words")


@pytest.mark.attack
@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "....//etc/passwd", "x%00y"])
@pytest.mark.parametrize("folder", ["/ops/static", "/ops/operations", "/ops/settings/ads", f"/ops/runs/{REPEAT}"])
def test_a_path_out_of_the_folder(ads: Client, happened: Happened, folder: str, path: str) -> None:
    answered = ads.http.get(f"{folder}/{path}")
    assert answered.status_code in {400, 404}, answered.text
    assert "root:" not in answered.text
    happened(f"{answered.status_code} {answered.reason_phrase}")

"""Operations on the running product: allowed, denied, anonymous, approved by two, cancelled, and every bad input."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from demo.browserless import Form
from demo.client import Client
from demo.environment import REPOSITORY
from demo.stack import Stack
from tests.product.operation_runs import CANCEL, GOOD, LOGS, PURGE, PURGED, REPAIR, REPORT, answer, page, waiting_run
from tests.product.over_rest import desired, eventually, records
from tests.support.running_stack import SCALE_DAG

pytestmark = pytest.mark.stack


def act(client: Client, dag_id: str, conf: dict[str, object]) -> tuple[str, dict[str, Any]]:
    """Trigger, wait, and return the state of the run and its one record."""
    run_id = client.trigger(dag_id, conf)
    state = client.wait_for_run(dag_id, run_id)
    (record,) = records(client, run_id)
    return state, record


def test_a_script_runs_is_followed_and_its_record_says_what_ran(ads: Client) -> None:
    run_id = ads.trigger(REPORT, dict(GOOD))
    eventually(lambda: "part 2:" in page(ads, REPORT, run_id))
    text = page(ads, REPORT, run_id)
    assert "Running" in text
    assert "Cancel" in text
    assert ads.wait_for_run(REPORT, run_id) == "success"
    (record,) = records(ads, run_id)
    assert (record["outcome"], record["action"], record["resource"]) == ("succeeded", "run", "rebuild-report")
    assert '"rows": ' in record["after"]
    assert record["script"] == sha256((REPOSITORY / "dags/scripts/rebuild_report.py").read_bytes()).hexdigest()
    assert record["requested"] == '{"report": "clicks", "day": "2026-11-01", "depth": 2, "comment": null}'
    text = page(ads, REPORT, run_id)
    assert "part 10:" in text
    assert "Run again" in text


def test_a_shell_script_gets_its_argument(ads: Client) -> None:
    state, record = act(ads, LOGS, {"service": "bidder", "reason": "disk is full"})
    assert (state, record["outcome"]) == ("success", "succeeded")


def test_statements_repair_rows_once(search: Client, stack: Stack) -> None:
    assert stack.database is not None
    with psycopg.connect(stack.database.url("demo_data")) as connection:
        count = (
            "SELECT count(*) FROM demo_orders WHERE status = 'stuck' AND region = 'eu-west' AND batch = '2026-11-02'"
        )
        ((stuck,),) = connection.execute(count).fetchall()
    conf = {"region": "eu-west", "batch": "2026-11-02", "reason": "stuck since noon"}
    state, record = act(search, REPAIR, dict(conf))
    assert (state, record["outcome"], record["after"]) == ("success", "succeeded", f'{{"rows": {stuck}}}')
    state, record = act(search, REPAIR, dict(conf))
    assert (state, record["outcome"]) == ("failed", "refused")
    assert "batch: " in record["message"]


def test_another_teams_on_call_is_denied_on_record(search: Client, viewer: Client) -> None:
    for client in (search, viewer):
        state, record = act(client, REPORT, dict(GOOD))
        assert (state, record["outcome"], record["actor"]) == ("failed", "denied", client.email)
        assert "in no group that may run:rebuild-report" in record["message"]
        assert record["started_at"] is None


def test_a_stranger_can_ask_for_nothing(anonymous: httpx.Client) -> None:
    for dag_id in (REPORT, CANCEL):
        answered = anonymous.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": GOOD})
        assert answered.status_code in {401, 403}


BAD: list[tuple[str, dict[str, object], str]] = [
    ("text for a number", GOOD | {"depth": "3"}, "depth: '3' is not accepted"),
    ("true for a number", GOOD | {"depth": True}, "depth: True is not accepted"),
    ("a fraction", GOOD | {"depth": 2.5}, "depth: 2.5 is not accepted"),
    ("a float", GOOD | {"depth": 2.0}, "depth: 2.0 is not accepted"),
    ("too many", GOOD | {"depth": 31}, "depth: 31 is not accepted; accepted is a whole number from 1 to 30"),
    ("none of the choices", GOOD | {"report": "sales"}, "report: 'sales' is not accepted"),
    ("a template", GOOD | {"report": "{{ 7*7 }}"}, "report: '{{ 7*7 }}' is not accepted"),
    ("no date", GOOD | {"day": "2026-02-30"}, "day: '2026-02-30' is not accepted"),
    ("a line break", GOOD | {"day": "2026-11-01\n"}, "day: "),
    ("an unknown key", GOOD | {"LD_PRELOAD": "/tmp/x.so"}, "LD_PRELOAD: unknown"),
    ("a forged user", GOOD | {"user": "admin"}, "user: unknown"),
    ("a blank reason", GOOD | {"reason": "  "}, "reason: "),
    ("an invisible mark", GOOD | {"comment": "a\u202eb"}, "comment: "),
]


@pytest.mark.parametrize(("conf", "message"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
def test_bad_values_are_refused_at_the_door_or_on_record(ads: Client, conf: dict[str, object], message: str) -> None:
    answered = ads.http.post(f"/api/v2/dags/{REPORT}/dagRuns", json={"logical_date": None, "conf": conf})
    if answered.is_success:
        run_id = answered.json()["dag_run_id"]
        assert ads.wait_for_run(REPORT, run_id) == "failed"
        (record,) = records(ads, run_id)
        assert (record["outcome"], record["started_at"]) == ("refused", None)
        assert message in record["message"]
    else:
        assert answered.status_code in {400, 422}, answered.text


def test_one_report_is_rebuilt_once_at_a_time_and_another_beside_it(ads: Client) -> None:
    conf: dict[str, object] = GOOD | {"report": "delivery"}
    first = ads.trigger(REPORT, conf)
    eventually(lambda: [record["outcome"] for record in records(ads, first)] == ["running"])
    second = ads.trigger(REPORT, conf)
    other = ads.trigger(REPORT, conf | {"report": "revenue"})
    assert ads.wait_for_run(REPORT, second) == "failed"
    (refused,) = records(ads, second)
    assert refused["outcome"] == "refused"
    assert first in refused["message"]
    assert [ads.wait_for_run(REPORT, run_id) for run_id in (first, other)] == ["success", "success"]


def test_a_lost_task_keeps_nobody_from_asking_again(ads: Client) -> None:
    """Its record says `running` until a run that would be beside it finds that Airflow has ended it."""
    conf: dict[str, object] = GOOD | {"report": "delivery"}
    lost = ads.trigger(REPORT, conf)
    eventually(lambda: "part 1:" in page(ads, REPORT, lost))
    (script,) = [each for each in psutil.process_iter() if "rebuild_report.py" in " ".join(command_of(each))]
    task = script.parent()
    assert task is not None
    task.kill()
    assert ads.wait_for_run(REPORT, lost) == "failed"
    (record,) = records(ads, lost)
    assert record["outcome"] == "running"
    assert "The task was lost" in page(ads, REPORT, lost)
    state, again = act(ads, REPORT, conf)
    assert (state, again["outcome"]) == ("success", "succeeded")
    (record,) = records(ads, lost)
    assert (record["outcome"], record["finished_at"] is not None) == ("unknown", True)
    assert "Airflow has ended the run, and it has not written how it ended" in record["message"]


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_cleared_run_does_not_run_again(ads: Client, admin: Client) -> None:
    run_id = ads.trigger(LOGS, {"service": "indexer", "reason": "once"})
    assert ads.wait_for_run(LOGS, run_id) == "success"
    admin.http.post(f"/api/v2/dags/{LOGS}/dagRuns/{run_id}/clear", json={"dry_run": False}).raise_for_status()
    eventually(lambda: len(records(admin, run_id)) == 2)
    assert records(admin, run_id)[0]["outcome"] == "refused"


def test_who_may_run_it_cancels_it_and_both_acts_are_on_record(ads: Client) -> None:
    run_id = ads.trigger(REPORT, GOOD | {"report": "revenue"})
    eventually(lambda: "part 1:" in page(ads, REPORT, run_id))
    form = Form.read(ads, f"/ops/runs/{REPORT}/{run_id}/cancel")
    cancelling = form.post(reason="wrong day").rsplit("/", 1)[1]
    assert ads.wait_for_run(CANCEL, cancelling) == "success"
    assert ads.wait_for_run(REPORT, run_id) == "failed"
    (record,) = records(ads, run_id)
    assert record["outcome"] == "failed"
    assert f"cancelled by {ads.email}" in record["message"]
    assert record["cancelled_by"] == ads.email
    text = page(ads, REPORT, run_id)
    assert "Cancelled" in text
    assert "Cancelled by you" in text
    (told,) = records(ads, cancelling)
    assert (told["action"], told["resource"], told["outcome"]) == ("cancel", "rebuild-report", "succeeded")
    state, again = act(ads, CANCEL, {"operation": "rebuild-report", "run_id": run_id, "reason": "again"})
    assert (state, again["outcome"]) == ("failed", "refused")
    assert "has ended already" in again["message"]
    assert ads.http.get(f"/ops/runs/{REPORT}/{run_id}/cancel").status_code == 409


def test_nobody_else_cancels_it(ads: Client, search: Client) -> None:
    run_id = ads.trigger(REPORT, dict(GOOD))
    eventually(lambda: [record["outcome"] for record in records(ads, run_id)] == ["running"])
    assert search.http.get(f"/ops/runs/{REPORT}/{run_id}/cancel").status_code == 403
    state, record = act(search, CANCEL, {"operation": "rebuild-report", "run_id": run_id, "reason": "not mine"})
    assert (state, record["outcome"]) == ("failed", "denied")
    assert ads.wait_for_run(REPORT, run_id) == "success"


def test_what_a_script_says_is_for_who_may_run_it(ads: Client, search: Client) -> None:
    run_id = ads.trigger(LOGS, {"service": "reporter", "reason": "look"})
    assert ads.wait_for_run(LOGS, run_id) == "success"
    assert "Output" in page(ads, LOGS, run_id)
    assert "Output" not in page(search, LOGS, run_id)


def test_two_people_approve_on_the_pages(search: Client, admin: Client, ads: Client) -> None:
    run_id = waiting_run(search, PURGE, dict(PURGED))
    (record,) = records(search, run_id)
    assert (record["outcome"], record["is_waiting"], record["approver"]) == ("running", True, "platform-admins")
    assert "so somebody else has to answer: somebody in platform-admins" in page(search, PURGE, run_id)
    told = page(admin, PURGE, run_id)
    assert "Approve or reject" in told
    assert run_id in admin.http.get("/ops/approvals").text
    assert f"runs/{PURGE}/{run_id}/answer" not in search.http.get("/ops/approvals").text
    assert "purge_cache.py, sha256" in told
    path = f"/ops/runs/{PURGE}/{run_id}/answer"
    assert ads.http.get(path).status_code == 403
    Form.read(admin, path).post(choice="approve", note="agreed")
    assert search.wait_for_run(PURGE, run_id) == "success"
    (record,) = records(search, run_id)
    assert (record["outcome"], record["actor"], record["approved_by"]) == ("succeeded", search.email, admin.email)
    assert (record["answered_by"], record["note"]) == (admin.email, "agreed")
    assert "Approved by admin@platform.example.com: “agreed”" in page(search, PURGE, run_id)
    assert admin.http.get(path).status_code == 409


def test_more_than_a_grant_allows_takes_a_second_person(search: Client, admin: Client) -> None:
    before = desired(search, "search/crawler")
    wanted = before + 11 if before + 11 <= 40 else before - 11
    run_id = waiting_run(search, SCALE_DAG, {"pool": "search/crawler", "replicas": wanted, "reason": "recrawl"})
    assert f"{before} → {wanted}" in page(admin, SCALE_DAG, run_id)
    assert desired(search, "search/crawler") == before
    for path in ("/ops/workers", "/ops/workers/search/crawler/scale", "/ops/approvals", f"/ops/audit?run_id={run_id}"):
        assert f"/ops/runs/{SCALE_DAG}/{run_id}" in search.http.get(path).text
    Form.read(admin, f"/ops/runs/{SCALE_DAG}/{run_id}/answer").post(choice="approve", note="")
    assert search.wait_for_run(SCALE_DAG, run_id) == "success"
    (record,) = records(search, run_id)
    assert (record["outcome"], record["after"], record["approved_by"]) == ("succeeded", wanted, admin.email)


@pytest.mark.parametrize(
    ("who", "choice", "message"),
    [
        ("search", "Approve", "approved by who asked"),
        ("ads", "Approve", "who is not in platform-admins"),
        ("search", "Reject", "withdrawn by who asked"),
        ("admin", "Reject", "rejected it: not today"),
    ],
)
def test_no_other_answer_lets_it_run(
    client_of: Callable[[str], Client], search: Client, who: str, choice: str, message: str, request: Any
) -> None:
    answering: Client = request.getfixturevalue(who)
    run_id = waiting_run(search, PURGE, dict(PURGED))
    answer(answering, PURGE, run_id, choice, "not today").raise_for_status()
    assert search.wait_for_run(PURGE, run_id) == "failed"
    (record,) = records(search, run_id)
    assert (record["outcome"], record["started_at"]) == ("refused", None)
    assert message in record["message"]


def test_marking_the_waiting_task_successful_runs_nothing(search: Client, admin: Client) -> None:
    run_id = waiting_run(search, PURGE, dict(PURGED))
    path = f"/api/v2/dags/{PURGE}/dagRuns/{run_id}/taskInstances/run"
    admin.http.patch(path, json={"new_state": "success"}).raise_for_status()
    search.wait_for_run(PURGE, run_id)
    (record,) = records(search, run_id)
    assert (record["started_at"], record["after"]) == (None, None)
    assert "It was ended in Airflow while it waited for approval" in page(search, PURGE, run_id)
    assert "ended in Airflow" in search.http.get("/ops/approvals").text


def test_the_json_of_operations_is_what_may_be_run(ads: Client, viewer: Client, anonymous: httpx.Client) -> None:
    found = {each["name"]: each for each in ads.get("/ops/api/v1/operations")["operations"]}
    assert found["rebuild-report"]["may_run"]
    assert not found["repair-orders"]["may_run"]
    assert found["purge-cache"]["approval"] == "platform-admins"
    assert not any(each["may_run"] for each in viewer.get("/ops/api/v1/operations")["operations"])
    assert anonymous.get("/ops/api/v1/operations").status_code == 401

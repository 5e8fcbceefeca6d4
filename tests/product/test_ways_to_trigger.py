"""However a run comes about, on a running product: Airflow's form, other DAGs, old tokens, paused, many at once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from playwright.sync_api import Browser, expect

from demo.client import Client
from demo.stack import Stack
from ops_dashboard.catalog import WorkloadKind
from tests.product.over_rest import RUNS, desired, eventually, records
from tests.product.test_run_page import ended, namespace_as_admin, one_more_or_less, paused
from tests.support.browser import WIDE, signed_in
from tests.support.running_stack import ADMIN, SCALE_DAG, SEARCH

pytestmark = pytest.mark.stack

SYNC_DAG = "ops_sync_groups"


def number_of_runs(client: Client) -> int:
    return int(client.get(RUNS, limit=1)["total_entries"])


def signed(stack: Stack, claims: dict[str, Any]) -> str:
    """A token that only Airflow itself could have made."""
    return jwt.encode(claims, stack.environment["AIRFLOW__API_AUTH__JWT_SECRET"], algorithm="HS512")


@pytest.mark.browser
def test_airflows_own_form_has_the_same_effect(chromium: Browser, stack: Stack, search: Client) -> None:
    before = desired(search, "search/ranker")
    wanted = one_more_or_less(search, "search/ranker", least=2)
    reason = f"through the form {uuid4().hex}"
    context = signed_in(chromium, stack, SEARCH, viewport=WIDE)
    page = context.new_page()
    page.goto(f"/dags/{SCALE_DAG}")
    page.get_by_role("button", name="Trigger").first.click()
    dialog = page.get_by_role("dialog")
    trigger = dialog.get_by_test_id("trigger-dag-submit")
    dialog.locator("[name=element_pool]").fill("search/ranker")
    dialog.locator("[name=element_replicas]").fill(str(wanted))
    expect(trigger).to_be_disabled()
    dialog.locator("[name=element_reason]").fill(reason)
    dialog.locator("[name=element_reason]").blur()
    expect(trigger).to_be_enabled()
    trigger.click()
    expect(dialog).to_be_hidden()
    context.close()

    eventually(lambda: len(search.get("/ops/api/v1/ledger", q=reason)["entries"]) == 1)
    (found,) = search.get("/ops/api/v1/ledger", q=reason)["entries"]
    record = ended(search, found["run_id"])
    assert (record["outcome"], record["actor"], record["reason"]) == ("succeeded", SEARCH, reason)
    assert (record["before"], record["requested"], record["after"]) == (before, wanted, wanted)
    assert desired(search, "search/ranker") == wanted


def test_the_dag_declares_that_only_people_may_trigger_it(admin: Client) -> None:
    assert admin.get(f"/api/v2/dags/{SCALE_DAG}/details")["allowed_run_types"] == ["manual"]


@pytest.mark.attack("CVE-2021-45230", then="400: the DAG takes runs by people only")
def test_a_backfill_is_refused(admin: Client) -> None:
    before = number_of_runs(admin)
    body = {
        "dag_id": SCALE_DAG,
        "from_date": "2026-01-01T00:00:00Z",
        "to_date": "2026-01-02T00:00:00Z",
        "dag_run_conf": {"pool": "search/ranker", "replicas": 6, "reason": "x"},
    }
    answer = admin.http.post("/api/v2/backfills", json=body)
    assert answer.status_code == 400
    assert "does not allow backfill runs" in answer.text
    assert number_of_runs(admin) == before


@pytest.mark.attack("CVE-2021-41111", then="400: the DAG takes runs by people only")
def test_another_dag_is_refused(stack: Stack, admin: Client, search: Client) -> None:
    """What a TriggerDagRunOperator sends, in the name of a task whose run a person with all rights has triggered."""
    before = number_of_runs(admin)
    parent = admin.trigger(SYNC_DAG, {})
    assert admin.wait_for_run(SYNC_DAG, parent) == "success"
    (task, *_) = admin.get(f"/api/v2/dags/{SYNC_DAG}/dagRuns/{parent}/taskInstances")["task_instances"]
    now = int(time.time())
    claims = {"sub": task["id"], "aud": "urn:airflow.apache.org:task", "iat": now, "nbf": now, "exp": now + 60}
    answer = httpx.post(
        f"{stack.url}/execution/dag-runs/{SCALE_DAG}/from_another_dag",
        headers={"Authorization": f"Bearer {signed(stack, claims)}"},
        json={"conf": {"pool": "search/ranker", "replicas": 6, "reason": "x"}},
        timeout=30,
    )
    assert (answer.status_code, answer.json()["detail"]["reason"]) == (400, "denied_run_type")
    assert number_of_runs(admin) == before
    assert records(search, "from_another_dag") == []


FORGERIES: list[dict[str, object]] = [
    {"triggering_user_name": ADMIN},
    {"triggered_by": "ui"},
    {"run_type": "scheduled"},
    {"clear_number": 0},
]


@pytest.mark.parametrize("forged", FORGERIES, ids=[next(iter(forged)) for forged in FORGERIES])
def test_a_run_cannot_say_itself_who_asked(ads: Client, forged: dict[str, object]) -> None:
    before = number_of_runs(ads)
    conf = {"pool": "search/ranker", "replicas": 6, "reason": "x"}
    answer = ads.http.post(RUNS, json={"logical_date": None, "conf": conf, **forged})
    assert answer.status_code == 422
    assert number_of_runs(ads) == before


def test_nothing_is_done_while_the_dag_is_paused(search: Client, admin: Client) -> None:
    """The scheduler goes on with other DAGs meanwhile, so it has passed over this run."""
    before = desired(search, "search/ranker")
    wanted = one_more_or_less(search, "search/ranker", least=2)
    with paused(admin):
        conf = {"pool": "search/ranker", "replicas": wanted, "reason": "can wait", "expected": before}
        run_id = search.trigger(SCALE_DAG, conf)
        assert admin.wait_for_run(SYNC_DAG, admin.trigger(SYNC_DAG, {})) == "success"
        assert search.get(f"{RUNS}/{run_id}")["state"] == "queued"
        assert records(search, run_id) == []
        assert desired(search, "search/ranker") == before
    record = ended(search, run_id)
    assert (record["outcome"], record["before"], record["after"]) == ("succeeded", before, wanted)


@pytest.mark.attack(then="refused, on record: ask anew")
def test_a_run_whose_right_time_has_long_passed_is_refused(search: Client) -> None:
    before = desired(search, "search/ranker")
    body = {
        "logical_date": None,
        "dag_run_id": f"old__{uuid4()}",
        "run_after": "2026-01-01T00:00:00Z",
        "conf": {"pool": "search/ranker", "replicas": before + 1, "reason": "from a queue of last year"},
    }
    search.http.post(RUNS, json=body).raise_for_status()
    record = ended(search, str(body["dag_run_id"]))
    assert (record["outcome"], record["changed_at"]) == ("refused", None)
    assert "things may have changed since: ask anew" in record["message"]
    assert desired(search, "search/ranker") == before


# Of each pool its kind, its minimum, and how many ask for it.
RUSH: dict[str, tuple[WorkloadKind, int, int]] = {
    "search/crawler": (WorkloadKind.DEPLOYMENT, 4, 5),
    "search/ranker": (WorkloadKind.DEPLOYMENT, 2, 10),
    "search/suggester": (WorkloadKind.STATEFUL_SET, 1, 5),
}


def times_changed(stack: Stack) -> dict[str, int]:
    """How often the cluster has seen the specification of each pool change."""
    place = namespace_as_admin(stack, "search")
    workloads = {name: place.workload(place.pool(kind, name.split("/")[1])) for name, (kind, _, _) in RUSH.items()}
    return {name: int(workload["metadata"]["generation"]) for name, workload in workloads.items()}


def ask_for_different_counts(pool: str, present: int) -> list[dict[str, object]]:
    _, least, number = RUSH[pool]
    lowest = max(least, present - number + 1)
    return [{"pool": pool, "replicas": count, "reason": "rush"} for count in range(lowest, lowest + number)]


def test_of_many_requests_at_once_each_is_told_and_each_accepted_one_has_one_effect(
    stack: Stack, search: Client
) -> None:
    first, changed_before = {pool: desired(search, pool) for pool in RUSH}, times_changed(stack)
    asked = [conf for pool, count in first.items() for conf in ask_for_different_counts(pool, count)]
    with ThreadPoolExecutor(len(asked)) as threads:
        runs = list(threads.map(lambda conf: search.trigger(SCALE_DAG, conf), asked))

    told = [ended(search, run_id) for run_id in runs]
    assert [(record["resource"], record["requested"]) for record in told] == [
        (conf["pool"], conf["replicas"]) for conf in asked
    ]
    refused = [record for record in told if record["outcome"] == "refused"]
    accepted = [record for record in told if record["outcome"] == "succeeded"]
    assert len(refused) + len(accepted) == len(asked) == 20
    assert all(record["changed_at"] is None for record in refused)

    changed = times_changed(stack)
    for pool, count in first.items():
        story = sorted((record for record in accepted if record["resource"] == pool), key=lambda each: each["seq"])
        assert [count, *(record["after"] for record in story)] == [
            *(record["before"] for record in story),
            desired(search, pool),
        ]
        assert story, f"{pool}: none was accepted"
        assert changed[pool] - changed_before[pool] == sum(record["before"] != record["after"] for record in story)


def expired(stack: Stack, client: Client) -> str:
    """The person's token as it will be when it has ended."""
    claims = jwt.decode(client.token, options={"verify_signature": False})
    now = int(time.time())
    return signed(stack, {**claims, "iat": now - 7200, "nbf": now - 7200, "exp": now - 3600})


def in_a_header(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def in_the_cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"_token={token}"}


CARRIERS = pytest.mark.parametrize("carried", [in_a_header, in_the_cookie])


@CARRIERS
def test_a_token_that_we_sign_as_airflow_does_is_accepted(
    stack: Stack, search: Client, anonymous: httpx.Client, carried: Callable[[str], dict[str, str]]
) -> None:
    """Else the tests of expired ones would prove nothing."""
    token = signed(stack, jwt.decode(search.token, options={"verify_signature": False}))
    assert anonymous.get("/ops/api/v1/access/me", headers=carried(token)).json()["user"] == SEARCH


@CARRIERS
def test_an_expired_token_leads_to_the_login(
    stack: Stack, search: Client, anonymous: httpx.Client, carried: Callable[[str], dict[str, str]]
) -> None:
    answer = anonymous.get("/ops/audit?outcome=denied", headers=carried(expired(stack, search)))
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/html")
    (login,) = re.findall(r'href="(/auth/login[^"]*)"', answer.text)
    assert "/ops/audit" in login
    assert "outcome" in login


@CARRIERS
@pytest.mark.parametrize("path", ["/ops/api/v1/pools", "/ops/api/v1/ledger", "/ops/api/v1/access/me"])
def test_an_expired_token_is_told_to_programs(
    stack: Stack, search: Client, anonymous: httpx.Client, carried: Callable[[str], dict[str, str]], path: str
) -> None:
    answer = anonymous.get(path, headers=carried(expired(stack, search)))
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.json()["title"] == "Sign in first"


@pytest.mark.attack(then="401")
@CARRIERS
def test_an_expired_token_asks_for_nothing(
    stack: Stack, search: Client, anonymous: httpx.Client, carried: Callable[[str], dict[str, str]]
) -> None:
    before = number_of_runs(search)
    headers = carried(expired(stack, search))
    conf = {"pool": "search/ranker", "replicas": 6, "reason": "too late"}
    assert anonymous.post(RUNS, json={"logical_date": None, "conf": conf}, headers=headers).status_code == 401
    form = {"replicas": "6", "reason": "too late", "expected": "5"}
    same_site = {**headers, "Sec-Fetch-Site": "same-origin"}
    assert anonymous.post("/ops/workers/search/ranker/scale", data=form, headers=same_site).status_code == 401
    assert number_of_runs(search) == before

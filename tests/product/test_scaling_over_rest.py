"""Scaling through Airflow's own REST API, on a running product: allowed, denied, anonymous, and every bad input."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from demo.client import Client
from tests.product.over_rest import RUNS, desired, eventually, records
from tests.support.running_stack import SCALE_DAG

pytestmark = pytest.mark.stack


def act(client: Client, conf: dict[str, object]) -> tuple[str, dict[str, Any]]:
    """Trigger, wait, and return the state of the run and its one record."""
    run_id = client.trigger(SCALE_DAG, conf)
    state = client.wait_for_run(SCALE_DAG, run_id)
    (record,) = records(client, run_id)
    return state, record


def test_the_teams_own_on_call_scales_and_the_ledger_tells_all(ads: Client) -> None:
    before = desired(ads, "ads/reporter")
    wanted = before + 1
    state, record = act(ads, {"pool": "ads/reporter", "replicas": wanted, "reason": "more reports", "expected": before})
    assert (state, record["outcome"]) == ("success", "succeeded")
    assert (record["before"], record["requested"], record["after"], record["ready"]) == (before, wanted, wanted, wanted)
    assert (record["actor"], record["action"], record["resource"]) == (ads.email, "scale", "ads/reporter")
    assert (record["reason"], record["grant"]) == ("more reports", "ads-oncall → scale:ads/*")
    assert desired(ads, "ads/reporter") == wanted


def test_a_stateful_set_is_scaled_like_a_deployment(ads: Client) -> None:
    before = desired(ads, "ads/indexer")
    state, record = act(ads, {"pool": "ads/indexer", "replicas": before + 1, "reason": "index grows"})
    assert (state, record["after"], record["ready"]) == ("success", before + 1, before + 1)


def test_another_teams_on_call_is_denied_on_record_and_nothing_changes(search: Client) -> None:
    before = desired(search, "ads/bidder")
    state, record = act(search, {"pool": "ads/bidder", "replicas": before + 1, "reason": "not mine"})
    assert (state, record["outcome"], record["actor"]) == ("failed", "denied", search.email)
    assert "you are in no group that may scale:ads/*" in record["message"]
    assert "search-oncall may scale search/*" in record["message"]
    assert (record["before"], record["after"]) == (None, None)
    assert desired(search, "ads/bidder") == before


def test_a_change_beyond_the_grants_step_is_denied_with_the_numbers(ads: Client) -> None:
    state, record = act(ads, {"pool": "ads/bidder", "replicas": 20, "reason": "all of it"})
    assert (state, record["outcome"]) == ("failed", "denied")
    assert "changes of at most 10 at a time" in record["message"]


@pytest.mark.parametrize("who", ["no credential", "broken token"])
def test_a_stranger_can_ask_for_nothing(anonymous: httpx.Client, who: str) -> None:
    headers = {} if who == "no credential" else {"Authorization": "Bearer abc.def.ghi"}
    body = {"logical_date": None, "conf": {"pool": "ads/bidder", "replicas": 9, "reason": "?"}}
    assert anonymous.post(RUNS, json=body, headers=headers).status_code in {401, 403}


# What Airflow itself refuses by the DAG's declared parameters: no run, no record, a message that names the field.
REFUSED_AT_THE_DOOR: list[tuple[str, str]] = [
    ("negative", '{"pool": "ads/bidder", "replicas": -1, "reason": "x"}'),
    ("half a worker", '{"pool": "ads/bidder", "replicas": 3.5, "reason": "x"}'),
    ("text", '{"pool": "ads/bidder", "replicas": "3", "reason": "x"}'),
    ("true", '{"pool": "ads/bidder", "replicas": true, "reason": "x"}'),
    ("null", '{"pool": "ads/bidder", "replicas": null, "reason": "x"}'),
    ("NaN", '{"pool": "ads/bidder", "replicas": NaN, "reason": "x"}'),
    ("Infinity", '{"pool": "ads/bidder", "replicas": Infinity, "reason": "x"}'),
    ("400 digits", f'{{"pool": "ads/bidder", "replicas": {10**400}, "reason": "x"}}'),
    ("400 digits expected", f'{{"pool": "ads/bidder", "replicas": 7, "expected": {10**400}, "reason": "x"}}'),
    ("no replicas", '{"pool": "ads/bidder", "reason": "x"}'),
    ("no reason", '{"pool": "ads/bidder", "replicas": 7}'),
    ("empty reason", '{"pool": "ads/bidder", "replicas": 7, "reason": ""}'),
    ("reason of 501 characters", json.dumps({"pool": "ads/bidder", "replicas": 7, "reason": "x" * 501})),
    ("no pool", '{"replicas": 7, "reason": "x"}'),
]


@pytest.mark.parametrize(
    "conf", [conf for _, conf in REFUSED_AT_THE_DOOR], ids=[name for name, _ in REFUSED_AT_THE_DOOR]
)
def test_what_the_declared_parameters_exclude_is_refused_at_the_door(ads: Client, conf: str) -> None:
    body = f'{{"logical_date": null, "conf": {conf}}}'
    answer = ads.http.post(RUNS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}, answer.text


# What only the task can judge: the run fails, its one record says `refused` and why.
REFUSED_IN_THE_TASK: list[tuple[str, dict[str, object], str]] = [
    ("below the pool's minimum", {"pool": "ads/bidder", "replicas": 0, "reason": "x"}, "2 to 20 workers"),
    ("above the pool's maximum", {"pool": "ads/bidder", "replicas": 21, "reason": "x"}, "2 to 20 workers"),
    ("2^31", {"pool": "ads/bidder", "replicas": 2**31, "reason": "x"}, "replicas: 2147483648 is not accepted"),
    ("unknown pool", {"pool": "ads/bidderr", "replicas": 7, "reason": "x"}, "did you mean ads/bidder"),
    ("path as pool", {"pool": "../x", "replicas": 7, "reason": "x"}, "no pool '../x'"),
    ("pool with a newline", {"pool": "ads/bidder\n", "replicas": 7, "reason": "x"}, "no pool"),
    ("blank reason", {"pool": "ads/bidder", "replicas": 7, "reason": " \n "}, "reason: "),
    ("unknown key", {"pool": "ads/bidder", "replicas": 7, "reason": "x", "force": True}, "force: unknown"),
    ("forged user", {"pool": "ads/bidder", "replicas": 7, "reason": "x", "user": "admin"}, "user: unknown"),
    ("another count than was seen", {"pool": "ads/bidder", "replicas": 7, "reason": "x", "expected": 19}, "19 was"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("conf", "message"),
    [(conf, message) for _, conf, message in REFUSED_IN_THE_TASK],
    ids=[name for name, _, _ in REFUSED_IN_THE_TASK],
)
def test_what_only_the_task_can_judge_is_refused_on_record(ads: Client, conf: dict[str, object], message: str) -> None:
    state, record = act(ads, conf)
    assert (state, record["outcome"], record["actor"]) == ("failed", "refused", ads.email)
    assert message in record["message"]
    assert record["changed_at"] is None


def test_an_exponent_is_no_whole_number(ads: Client) -> None:
    """JSON Schema takes 1e2 for an integer, so Airflow lets it in; the task does not."""
    run_id = "exponent"
    conf = '{"pool": "ads/bidder", "replicas": 1e1, "reason": "x"}'
    body = f'{{"logical_date": null, "dag_run_id": "{run_id}", "conf": {conf}}}'
    answer = ads.http.post(RUNS, content=body, headers={"Content-Type": "application/json"})
    if answer.is_success:
        assert ads.wait_for_run(SCALE_DAG, run_id) == "failed"
        (record,) = records(ads, run_id)
        assert (record["outcome"], record["requested"]) == ("refused", None)
        assert "replicas: 10.0 is not accepted" in record["message"]
    else:
        assert answer.status_code in {400, 422}


def test_a_cleared_run_does_not_act_again(ads: Client, admin: Client) -> None:
    before = desired(ads, "ads/reporter")
    run_id = ads.trigger(SCALE_DAG, {"pool": "ads/reporter", "replicas": before - 1, "reason": "fewer"})
    assert ads.wait_for_run(SCALE_DAG, run_id) == "success"
    _, moved_on = act(ads, {"pool": "ads/reporter", "replicas": before, "reason": "back again"})
    assert moved_on["outcome"] == "succeeded"

    for body in ({"dry_run": False}, {"dry_run": False, "only_failed": False}):
        admin.http.post(f"{RUNS}/{run_id}/clear", json=body).raise_for_status()
        assert admin.wait_for_run(SCALE_DAG, run_id) == "failed"

    replays = [record for record in records(admin, run_id) if record["outcome"] == "refused"]
    assert replays, records(admin, run_id)
    assert all("was executed before" in record["message"] for record in replays)
    assert desired(ads, "ads/reporter") == before


def test_a_task_cleared_while_it_runs_does_not_act_again(ads: Client, admin: Client) -> None:
    """`clear_number` does not rise when the run itself is not reset; the task's own try number does."""
    before = desired(ads, "ads/bidder")
    wanted = before + 8 if before <= 10 else before - 8
    run_id = ads.trigger(SCALE_DAG, {"pool": "ads/bidder", "replicas": wanted, "reason": "a long rollout"})
    eventually(lambda: [record["changed_at"] is not None for record in records(ads, run_id)] == [True])

    body = {
        "dry_run": False,
        "task_ids": ["scale"],
        "dag_run_id": run_id,
        "reset_dag_runs": False,
        "only_failed": False,
    }
    admin.http.post(f"/api/v2/dags/{SCALE_DAG}/clearTaskInstances", json=body).raise_for_status()
    eventually(lambda: len(records(admin, run_id)) == 2)
    replay, original = records(admin, run_id)
    assert replay["outcome"] == "refused"
    assert "was executed before" in replay["message"]
    assert (original["before"], original["after"]) == (before, wanted)
    assert desired(ads, "ads/bidder") == wanted


@pytest.mark.parametrize("forbidden", ["clear", "patch", "delete", "pause another DAG", "trigger the sync"])
def test_the_role_allows_nothing_but_asking(ads: Client, forbidden: str) -> None:
    run_id = ads.trigger(SCALE_DAG, {"pool": "ads/bidder", "replicas": 99, "reason": "refused anyway"})
    ads.wait_for_run(SCALE_DAG, run_id)
    answer = {
        "clear": lambda: ads.http.post(f"{RUNS}/{run_id}/clear", json={"dry_run": False}),
        "patch": lambda: ads.http.patch(f"{RUNS}/{run_id}", json={"state": "success"}),
        "delete": lambda: ads.http.delete(f"{RUNS}/{run_id}"),
        "pause another DAG": lambda: ads.http.patch("/api/v2/dags/ops_sync_groups", json={"is_paused": True}),
        "trigger the sync": lambda: ads.http.post("/api/v2/dags/ops_sync_groups/dagRuns", json={"logical_date": None}),
    }[forbidden]()
    assert answer.status_code == 403


def test_two_requests_for_one_pool_at_once_have_one_effect(ads: Client) -> None:
    before = desired(ads, "ads/reporter")
    conf = {"pool": "ads/reporter", "replicas": before - 1, "reason": "race", "expected": before}
    runs = [ads.trigger(SCALE_DAG, conf) for _ in range(3)]
    states = sorted(ads.wait_for_run(SCALE_DAG, run_id) for run_id in runs)
    outcomes = sorted(record["outcome"] for run_id in runs for record in records(ads, run_id))
    assert states == ["failed", "failed", "success"]
    assert outcomes == ["refused", "refused", "succeeded"]
    act(ads, {"pool": "ads/reporter", "replicas": before, "reason": "back"})


def test_the_same_run_id_asks_once(ads: Client) -> None:
    conf = {"pool": "ads/bidder", "replicas": 99, "reason": "refused anyway"}
    run_id = ads.trigger(SCALE_DAG, conf)
    again = ads.http.post(RUNS, json={"logical_date": None, "dag_run_id": run_id, "conf": conf})
    assert again.status_code == 409


def test_the_openapi_document_names_the_json_routes(ads: Client) -> None:
    document = json.loads(ads.http.get("/ops/openapi.json").text)
    assert {"/api/v1/pools", "/api/v1/ledger", "/api/v1/access/me"} <= set(document["paths"])

"""Changing settings through Airflow's REST API, on a running product: allowed, denied, anonymous, every bad input."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from demo.client import Client
from ops_dashboard.acts import CHANGE_SETTING_DAG_ID

pytestmark = pytest.mark.stack

RUNS = f"/api/v2/dags/{CHANGE_SETTING_DAG_ID}/dagRuns"
SIZE, MODEL = "ads/batch-size", "search/ranking-model"
MODELS = ["lambdamart", "bm25", "two-tower"]


def setting(client: Client, name: str) -> dict[str, Any]:
    return next(found for found in client.get("/ops/api/v1/settings")["settings"] if found["setting"] == name)


def value(client: Client, name: str) -> Any:
    return setting(client, name)["value"]


def records(client: Client, run_id: str) -> list[dict[str, Any]]:
    return list(client.get("/ops/api/v1/ledger", run_id=run_id)["entries"])


def act(client: Client, conf: dict[str, object]) -> tuple[str, dict[str, Any]]:
    """Trigger, wait, and return the state of the run and its one record."""
    run_id = client.trigger(CHANGE_SETTING_DAG_ID, conf)
    state = client.wait_for_run(CHANGE_SETTING_DAG_ID, run_id)
    (record,) = records(client, run_id)
    return state, record


def test_the_teams_own_on_call_sets_and_the_workload_is_restarted(ads: Client) -> None:
    before = value(ads, SIZE)
    wanted = before + 1
    state, record = act(ads, {"setting": SIZE, "value": wanted, "reason": "bigger", "expected": before})
    assert (state, record["outcome"], record["message"]) == ("success", "succeeded", None)
    assert (record["before"], record["requested"], record["after"]) == (before, wanted, wanted)
    assert (record["actor"], record["action"], record["resource"]) == (ads.email, "set", SIZE)
    assert (record["reason"], record["grant"]) == ("bigger", "ads-oncall → set:ads/*")
    assert record["ready"] is not None
    found = setting(ads, SIZE)
    assert (found["value"], found["state"], found["may_set"]) == (wanted, "set", True)
    assert found["last_change"]["run_id"] == record["run_id"]


def test_a_change_is_undone_by_a_change_that_takes_it_for_granted(ads: Client) -> None:
    before = value(ads, SIZE)
    _, done = act(ads, {"setting": SIZE, "value": before + 5, "reason": "try", "expected": before})
    undo: dict[str, object] = {"setting": SIZE, "value": done["before"], "expected": done["after"], "reason": "back"}
    assert act(ads, undo)[1]["outcome"] == "succeeded"
    assert value(ads, SIZE) == before
    _, again = act(ads, undo)
    assert again["outcome"] == "refused"
    assert (
        f"{before + 5} was seen before asking, but {SIZE} was changed from {before + 5} to {before} by {ads.email}"
        in again["message"]
    )


def test_a_variable_is_set_and_read_back(search: Client) -> None:
    before = value(search, MODEL)
    wanted = next(model for model in MODELS if model != before)
    state, record = act(search, {"setting": MODEL, "value": wanted, "reason": "test", "expected": before})
    assert (state, record["before"], record["after"], record["ready"]) == ("success", before, wanted, None)
    assert value(search, MODEL) == wanted


def test_another_teams_on_call_is_denied_on_record_and_nothing_changes(search: Client) -> None:
    before = value(search, SIZE)
    state, record = act(search, {"setting": SIZE, "value": before + 1, "reason": "not mine"})
    assert (state, record["outcome"], record["actor"]) == ("failed", "denied", search.email)
    assert "you are in no group that may set:ads/*" in record["message"]
    assert (record["before"], record["after"]) == (None, None)
    assert value(search, SIZE) == before
    assert not setting(search, SIZE)["may_set"]


@pytest.mark.parametrize("who", ["no credential", "broken token"])
def test_a_stranger_can_ask_for_nothing(anonymous: httpx.Client, who: str) -> None:
    headers = {} if who == "no credential" else {"Authorization": "Bearer abc.def.ghi"}
    body = {"logical_date": None, "conf": {"setting": SIZE, "value": 9, "reason": "?"}}
    assert anonymous.post(RUNS, json=body, headers=headers).status_code in {401, 403}
    assert anonymous.get("/ops/api/v1/settings", headers=headers).status_code == 401


# What Airflow itself refuses by the DAG's declared parameters: no run, no record, a message that names the field.
REFUSED_AT_THE_DOOR: list[tuple[str, str]] = [
    ("null", '{"setting": "ads/batch-size", "value": null, "reason": "x"}'),
    ("a list", '{"setting": "ads/batch-size", "value": [3], "reason": "x"}'),
    ("an object", '{"setting": "ads/batch-size", "value": {"a": 3}, "reason": "x"}'),
    ("NaN", '{"setting": "ads/batch-size", "value": NaN, "reason": "x"}'),
    ("Infinity", '{"setting": "ads/batch-size", "value": Infinity, "reason": "x"}'),
    ("400 digits", f'{{"setting": "ads/batch-size", "value": {10**400}, "reason": "x"}}'),
    ("400 digits expected", f'{{"setting": "ads/batch-size", "value": 7, "expected": {10**400}, "reason": "x"}}'),
    ("no value", '{"setting": "ads/batch-size", "reason": "x"}'),
    ("no reason", '{"setting": "ads/batch-size", "value": 7}'),
    ("empty reason", '{"setting": "ads/batch-size", "value": 7, "reason": ""}'),
    ("reason of 10 kB", f'{{"setting": "ads/batch-size", "value": 7, "reason": "{"x" * 10_240}"}}'),
    ("no setting", '{"value": 7, "reason": "x"}'),
    ("a number as setting", '{"setting": 7, "value": 7, "reason": "x"}'),
    ("expected_unset as text", '{"setting": "ads/batch-size", "value": 7, "expected_unset": "no", "reason": "x"}'),
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
    ("text", {"value": "3"}, "value: '3' is not accepted; accepted is"),
    ("half", {"value": 3.5}, "value: 3.5 is not accepted"),
    ("true", {"value": True}, "value: True is not accepted"),
    ("negative", {"value": -1}, "value: -1 is not accepted"),
    ("0", {"value": 0}, "value: 0 is not accepted"),
    ("above the maximum", {"value": 1001}, "value: 1001 is not accepted"),
    ("2^53", {"value": 2**53}, "value: 9007199254740992 is not accepted"),
    ("empty text", {"value": ""}, "value: '' is not accepted"),
    ("text of 10 kB", {"value": "x" * 10_240}, "value: 'xxx"),
    ("unknown setting", {"setting": "ads/batch-sise"}, "did you mean ads/batch-size?"),
    ("path as setting", {"setting": "../x"}, "no setting '../x'"),
    ("a pool as setting", {"setting": "ads/bidder"}, "no setting 'ads/bidder'"),
    ("setting with a newline", {"setting": "ads/batch-size\n"}, "no setting"),
    ("blank reason", {"reason": " \n "}, "reason: "),
    ("unknown key", {"force": True}, "force: unknown"),
    ("forged user", {"user": "admin"}, "user: unknown"),
    ("another value than was seen", {"expected": 9999}, "9999 was seen"),
    ("seen as text", {"expected": "1"}, "'1' was seen"),
    ("seen as true", {"expected": True}, "expected: True is not accepted; ads/batch-size is of type integer"),
    ("seen unset", {"expected_unset": True}, "ads/batch-size was seen without a value, but it is"),
    ("seen and unset", {"expected_unset": True, "expected": 3}, "expected_unset: True is not accepted"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "message"),
    [(changed, message) for _, changed, message in REFUSED_IN_THE_TASK],
    ids=[name for name, _, _ in REFUSED_IN_THE_TASK],
)
def test_what_only_the_task_can_judge_is_refused_on_record(
    ads: Client, changed: dict[str, object], message: str
) -> None:
    before = value(ads, SIZE)
    state, record = act(ads, {"setting": SIZE, "value": 7, "reason": "x", **changed})
    assert (state, record["outcome"], record["actor"]) == ("failed", "refused", ads.email)
    assert message in record["message"]
    assert record["changed_at"] is None
    assert value(ads, SIZE) == before


def test_an_exponent_is_no_whole_number(ads: Client) -> None:
    """JSON knows one kind of number; what is written with an exponent comes as a fraction, and stays one."""
    body = f'{{"logical_date": null, "dag_run_id": "e2", "conf": {{"setting": "{SIZE}", "value": 1e2, "reason": "x"}}}}'
    ads.http.post(RUNS, content=body, headers={"Content-Type": "application/json"}).raise_for_status()
    assert ads.wait_for_run(CHANGE_SETTING_DAG_ID, "e2") == "failed"
    (record,) = records(ads, "e2")
    assert "value: 100.0 is not accepted" in record["message"]


@pytest.mark.parametrize("model", ["bm26", "", "BM25", "bm25\n", 3, True])
def test_a_text_is_one_of_those_declared(search: Client, model: object) -> None:
    _, record = act(search, {"setting": MODEL, "value": model, "reason": "x"})
    assert record["outcome"] == "refused"
    assert f"value: {model!r} is not accepted; accepted is" in record["message"]


def test_a_cleared_run_does_not_act_again(search: Client, admin: Client) -> None:
    before = value(search, MODEL)
    wanted = next(model for model in MODELS if model != before)
    run_id = search.trigger(CHANGE_SETTING_DAG_ID, {"setting": MODEL, "value": wanted, "reason": "once"})
    assert search.wait_for_run(CHANGE_SETTING_DAG_ID, run_id) == "success"
    assert act(search, {"setting": MODEL, "value": before, "reason": "back again"})[1]["outcome"] == "succeeded"

    admin.http.post(f"{RUNS}/{run_id}/clear", json={"dry_run": False}).raise_for_status()
    assert admin.wait_for_run(CHANGE_SETTING_DAG_ID, run_id) == "failed"

    replays = [record for record in records(admin, run_id) if record["outcome"] == "refused"]
    assert replays
    assert all("was executed before" in record["message"] for record in replays)
    assert value(search, MODEL) == before


def test_of_many_requests_at_once_one_has_an_effect(ads: Client) -> None:
    before = value(ads, SIZE)
    conf: dict[str, object] = {"setting": SIZE, "value": before + 1, "reason": "race", "expected": before}
    with ThreadPoolExecutor(3) as threads:
        runs = list(threads.map(lambda _: ads.trigger(CHANGE_SETTING_DAG_ID, conf), range(3)))
    states = sorted(ads.wait_for_run(CHANGE_SETTING_DAG_ID, run_id) for run_id in runs)
    outcomes = sorted(record["outcome"] for run_id in runs for record in records(ads, run_id))
    assert states == ["failed", "failed", "success"]
    assert outcomes == ["refused", "refused", "succeeded"]
    assert value(ads, SIZE) == before + 1


def test_the_openapi_document_names_the_route(ads: Client) -> None:
    assert "/api/v1/settings" in ads.get("/ops/openapi.json")["paths"]

"""Changing grants and deciding held syncs through Airflow's REST API, on a running product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from demo.client import Client
from demo.stack import Stack
from ops_dashboard import database, directory
from ops_dashboard.acts import CHANGE_GRANT_DAG_ID, DECIDE_SYNC_DAG_ID, SCALE_DAG_ID
from ops_dashboard.directory import Asked, DirectoryGroup, DirectoryUser, SyncRules, SyncState
from tests.support.company import snapshot

pytestmark = pytest.mark.stack

GIVE: dict[str, Any] = {
    "change": "grant",
    "group": "search-oncall",
    "action": "scale:ads/reporter",
    "reason": "they help out",
}
REVOKE: dict[str, Any] = {**GIVE, "change": "revoke", "reason": "all is calm"}
DELEGATE: dict[str, Any] = {
    "change": "grant",
    "group": "ads-oncall",
    "action": "manage:grants/scale/ads/*",
    "reason": "their own team",
}
RELEASE: dict[str, Any] = {"source": "contractors", "digest": "0" * 64, "decision": "release", "reason": "as announced"}


def act(client: Client, dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
    """Trigger, wait, and return the one record; the state of the run agrees with it."""
    run_id = client.trigger(dag_id, conf)
    state = client.wait_for_run(dag_id, run_id)
    (record,) = client.get("/ops/api/v1/ledger", run_id=run_id)["entries"]
    assert (state == "success") == (record["outcome"] == "succeeded"), record
    assert record["actor"] == client.email
    return dict(record)


def change(client: Client, conf: dict[str, Any]) -> dict[str, Any]:
    return act(client, CHANGE_GRANT_DAG_ID, conf)


@pytest.fixture
def writer(stack: Stack) -> Iterator[psycopg.Connection]:
    """Writes what a task would write, with its rights."""
    assert stack.database is not None
    with database.connect_url(stack.database.url("ops_dashboard", "ops_dashboard")) as connection:
        yield connection


@pytest.fixture
def held(writer: psycopg.Connection) -> Iterator[Callable[[str], str]]:
    """Let the first sync of a new source be held, and return its digest; what is still held at the end is discarded."""
    digests: dict[str, str] = {}

    def hold(source: str) -> str:
        users = [DirectoryUser("c-1", f"new@{source}.example.com", "New", active=True)]
        groups = [DirectoryGroup("c-g", f"{source}-group", ("c-1",), ())]
        found = snapshot(users, groups, source=source)
        report = directory.sync(writer, found, SyncRules(), Asked("the schedule", "run-1"))
        assert report.digest is not None
        digests[source] = report.digest
        return report.digest

    yield hold
    for source, digest in digests.items():
        if sync_state(writer, source) is SyncState.HELD:
            directory.discard(writer, source, digest, by="the test", why="it is over")


def sync_state(connection: psycopg.Connection, source: str) -> SyncState:
    connection.rollback()
    state = directory.recent_runs(connection, source, limit=1)[0].state
    connection.rollback()
    return state


def test_a_right_is_handed_on_used_and_taken_back(admin: Client, ads: Client, search: Client) -> None:
    wider = {**GIVE, "action": "scale:*"}
    scale = {"pool": "ads/reporter", "replicas": 2, "reason": "helping out"}
    assert change(ads, GIVE)["outcome"] == "denied"

    delegated = change(admin, DELEGATE)
    assert (delegated["outcome"], delegated["grant"]) == ("succeeded", "platform-admins → *")
    limits = {"min": 1, "max": 3}
    given = change(ads, {**GIVE, "limits": limits, "expires_at": "2099-12-01T18:00:00.000Z"})
    words = "search-oncall → scale:ads/reporter, 1 to 3, until 2099-12-01 18:00 UTC"
    assert (given["outcome"], given["action"], given["resource"]) == (
        "succeeded",
        "manage",
        "grants/scale/ads/reporter",
    )
    assert (given["before"], given["requested"]) == (None, words)
    assert given["after"].endswith(f", {words}")
    denied = change(ads, wider)
    assert (denied["outcome"], denied["changed_at"]) == ("denied", None)

    assert act(search, SCALE_DAG_ID, scale)["grant"] == "search-oncall → scale:ads/reporter"
    assert "at most 3" in act(search, SCALE_DAG_ID, {**scale, "replicas": 4})["message"]
    revoked = change(ads, REVOKE)
    assert (revoked["outcome"], revoked["before"], revoked["after"]) == ("succeeded", given["after"], "revoked")
    assert act(search, SCALE_DAG_ID, scale)["outcome"] == "denied"

    assert change(admin, {**DELEGATE, "change": "revoke"})["outcome"] == "succeeded"
    assert change(ads, GIVE)["outcome"] == "denied"


@pytest.mark.parametrize("decision", ["release", "discard"])
def test_a_held_sync_is_decided_by_who_may(
    admin: Client,
    viewer: Client,
    writer: psycopg.Connection,
    held: Callable[[str], str],
    decision: str,
) -> None:
    source = f"to-{decision}"
    conf = {**RELEASE, "source": source, "digest": held(source), "decision": decision}
    denied = act(viewer, DECIDE_SYNC_DAG_ID, conf)
    assert (denied["outcome"], denied["resource"]) == ("denied", "access")
    assert sync_state(writer, source) is SyncState.HELD

    decided = act(admin, DECIDE_SYNC_DAG_ID, conf)
    state = {"release": SyncState.APPLIED, "discard": SyncState.DISCARDED}[decision]
    assert (decided["outcome"], decided["before"], decided["after"]) == ("succeeded", "held", state)
    assert sync_state(writer, source) is state
    assert "it may have been decided" in act(admin, DECIDE_SYNC_DAG_ID, conf)["message"]


@pytest.mark.parametrize(("dag_id", "conf"), [(CHANGE_GRANT_DAG_ID, GIVE), (DECIDE_SYNC_DAG_ID, RELEASE)])
@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer abc.def.ghi"}], ids=["no credential", "broken token"]
)
def test_a_stranger_can_ask_for_nothing(
    anonymous: httpx.Client, dag_id: str, conf: dict[str, Any], headers: dict[str, str]
) -> None:
    body = {"logical_date": None, "conf": conf}
    answer = anonymous.post(f"/api/v2/dags/{dag_id}/dagRuns", json=body, headers=headers)
    assert answer.status_code in {401, 403}


# What Airflow itself refuses by the DAG's declared parameters: no run, no record.
REFUSED_AT_THE_DOOR: list[tuple[str, str, dict[str, Any]]] = [
    ("other change", CHANGE_GRANT_DAG_ID, {**GIVE, "change": "edit"}),
    ("no change", CHANGE_GRANT_DAG_ID, {name: GIVE[name] for name in ("group", "action", "reason")}),
    ("no group", CHANGE_GRANT_DAG_ID, {**GIVE, "group": ""}),
    ("limits as text", CHANGE_GRANT_DAG_ID, {**GIVE, "limits": "1-20"}),
    ("limit as text", CHANGE_GRANT_DAG_ID, {**GIVE, "limits": {"max": "20"}}),
    ("unknown limit", CHANGE_GRANT_DAG_ID, {**GIVE, "limits": {"step": 5}}),
    ("number as text", CHANGE_GRANT_DAG_ID, {**REVOKE, "grant_id": "12"}),
    ("empty reason", CHANGE_GRANT_DAG_ID, {**GIVE, "reason": ""}),
    ("other decision", DECIDE_SYNC_DAG_ID, {**RELEASE, "decision": "apply"}),
    ("half a digest", DECIDE_SYNC_DAG_ID, {**RELEASE, "digest": "0" * 32}),
    ("no source", DECIDE_SYNC_DAG_ID, {**RELEASE, "source": ""}),
]


@pytest.mark.parametrize(
    ("dag_id", "conf"), [row[1:] for row in REFUSED_AT_THE_DOOR], ids=[row[0] for row in REFUSED_AT_THE_DOOR]
)
def test_what_the_declared_parameters_exclude_is_refused_at_the_door(
    admin: Client, dag_id: str, conf: dict[str, Any]
) -> None:
    answer = admin.http.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
    assert answer.status_code in {400, 422}, answer.text


# What only the task can judge: the run fails, its one record says `refused` and why.
REFUSED_IN_THE_TASK: list[tuple[str, str, dict[str, Any], str]] = [
    ("unknown group", CHANGE_GRANT_DAG_ID, {**GIVE, "group": "search-oncal"}, "did you mean search-oncall"),
    ("unknown verb", CHANGE_GRANT_DAG_ID, {**GIVE, "action": "drop:ads"}, "action: 'drop:ads' is not accepted"),
    ("past", CHANGE_GRANT_DAG_ID, {**GIVE, "expires_at": "2020-01-01T00:00:00Z"}, "has passed; accepted is a later"),
    ("no zone", CHANGE_GRANT_DAG_ID, {**GIVE, "expires_at": "2099-01-01T00:00:00"}, "with its offset from UTC"),
    ("limits reversed", CHANGE_GRANT_DAG_ID, {**GIVE, "limits": {"min": 3, "max": 1}}, "limits.max: 1 is not accepted"),
    ("forged user", CHANGE_GRANT_DAG_ID, {**GIVE, "created_by": "admin"}, "created_by: unknown"),
    ("of the catalog", CHANGE_GRANT_DAG_ID, {**REVOKE, "action": "scale:search/*"}, "change it in Git"),
    ("nothing there", CHANGE_GRANT_DAG_ID, REVOKE, "nothing to revoke"),
    ("unknown source", DECIDE_SYNC_DAG_ID, RELEASE, "contractors holds none"),
    ("blank reason", DECIDE_SYNC_DAG_ID, {**RELEASE, "reason": " "}, "reason: ' ' is not accepted"),
]


@pytest.mark.parametrize(
    ("dag_id", "conf", "message"), [row[1:] for row in REFUSED_IN_THE_TASK], ids=[row[0] for row in REFUSED_IN_THE_TASK]
)
def test_what_only_the_task_can_judge_is_refused_on_record(
    admin: Client, dag_id: str, conf: dict[str, Any], message: str
) -> None:
    record = act(admin, dag_id, conf)
    assert (record["outcome"], record["changed_at"]) == ("refused", None)
    assert message in record["message"]


def test_a_cleared_run_gives_nothing_again(admin: Client) -> None:
    run_id = admin.trigger(CHANGE_GRANT_DAG_ID, GIVE)
    assert admin.wait_for_run(CHANGE_GRANT_DAG_ID, run_id) == "success"
    assert change(admin, REVOKE)["outcome"] == "succeeded"
    path = f"/api/v2/dags/{CHANGE_GRANT_DAG_ID}/dagRuns/{run_id}/clear"
    admin.http.post(path, json={"dry_run": False}).raise_for_status()
    assert admin.wait_for_run(CHANGE_GRANT_DAG_ID, run_id) == "failed"
    assert "nothing to revoke" in change(admin, REVOKE)["message"]


@pytest.mark.parametrize(("dag_id", "conf"), [(CHANGE_GRANT_DAG_ID, REVOKE), (DECIDE_SYNC_DAG_ID, RELEASE)])
def test_pages_and_json_show_such_a_run(admin: Client, dag_id: str, conf: dict[str, Any]) -> None:
    record = act(admin, dag_id, conf)
    page = admin.http.get(f"/ops/runs/{dag_id}/{record['run_id']}")
    assert page.status_code == 200
    assert record["message"].partition(":")[0] in page.text
    audit = admin.http.get("/ops/audit", params={"action": "manage", "run_id": record["run_id"]})
    assert audit.status_code == 200
    assert record["resource"] in audit.text

"""The page of one run, on a running product: what it tells while the run goes on and however it has ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import yaml

from demo.client import Client
from demo.stack import Stack
from ops_dashboard import database, ledger
from ops_dashboard.catalog import Pool, WorkloadKind
from ops_dashboard.ledger import Details, Event
from tests.product.over_rest import RUNS, desired, eventually, records
from tests.support.clusters.cluster import Cluster
from tests.support.clusters.place import Place
from tests.support.ledger_records import request
from tests.support.running_stack import SCALE_DAG, SEARCH

pytestmark = pytest.mark.stack

BEHAVIOUR = "ops-test/behaviour"
HOSTILE = "<script>alert(1)</script> <b>{{7*7}} ${7*7} 'quoted' \"twice\" &amp; אבג"
TURNED_ROUND = "safe \u202egnp.exe"


def page(client: Client, run_id: str, dag_id: str = SCALE_DAG) -> str:
    answer = client.http.get(f"/ops/runs/{quote(dag_id, safe='')}/{quote(run_id, safe='')}")
    assert answer.status_code == 200, answer.text
    return answer.text.partition("<main")[2]


def words(html: str) -> str:
    """What a person reads."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def badge(html: str) -> str:
    return str(re.findall(r'<span class="badge \w+">([^<]+)</span>', html)[0])


def is_live(html: str) -> bool:
    """Whether the page will fetch itself again."""
    (attributes,) = re.findall(r'<div id="live"([^>]*)>', html)
    return "data-every=" in attributes


def ended(client: Client, run_id: str) -> dict[str, Any]:
    """The one record of a run, as soon as it tells how the run ended; Airflow itself may learn of it later."""
    eventually(lambda: [record["outcome"] != "running" for record in records(client, run_id)] == [True])
    (record,) = records(client, run_id)
    return record


def refused(client: Client, reason: str) -> str:
    """A run that asks for more than there may be."""
    return client.trigger(SCALE_DAG, {"pool": "search/ranker", "replicas": 99, "reason": reason})


@contextmanager
def paused(admin: Client) -> Iterator[None]:
    """What is asked for meanwhile waits."""
    path = f"/api/v2/dags/{SCALE_DAG}"
    admin.http.patch(path, json={"is_paused": True}).raise_for_status()
    try:
        yield
    finally:
        admin.http.patch(path, json={"is_paused": False}).raise_for_status()


def one_more_or_less(client: Client, pool: str, least: int) -> int:
    """A count that is not the present one; going down is quicker."""
    count = desired(client, pool)
    return count - 1 if count > least else count + 1


def namespace_as_admin(stack: Stack, namespace: str) -> Place:
    """The simulated cluster as its administrator sees it."""
    config = yaml.safe_load(stack.home.kubeconfig.read_text())
    tokens = {user["name"]: user["user"]["token"] for user in config["users"]}
    cluster = Cluster("simulator", config["clusters"][0]["cluster"]["server"], tokens["admin"])
    return Place(cluster, namespace, "demo_cluster", tokens["admin"])


@contextmanager
def stuck_pods(place: Place, pool: Pool) -> Iterator[None]:
    """Pods of this pool that are created meanwhile can't pull their image; afterwards it is as it was."""

    def behave(behaviour: str | None, kept: int) -> None:
        template = {"metadata": {"annotations": {BEHAVIOUR: behaviour}}}
        update = {"type": "RollingUpdate", "rollingUpdate": {"partition": kept}}
        place.patch(pool, {"spec": {"template": template, "updateStrategy": update}})

    count = int(place.workload(pool)["spec"]["replicas"])
    behave("image", count)  # what is there already stays as it is
    try:
        yield
    finally:
        behave(None, 0)
        place.set_count(pool, count)
        place.until_ready(pool, count)


@pytest.fixture
def ledger_writer(stack: Stack) -> Iterator[psycopg.Connection]:
    """Writes what a task would write, with its rights."""
    assert stack.database is not None
    with database.connect_url(stack.database.url("ops_dashboard", "ops_dashboard")) as connection:
        yield connection


@pytest.fixture(scope="module")
def stuck_run(stack: Stack) -> Iterator[str]:
    """A run whose new pods can't pull their image; the task watches that for a while, so it begins first."""
    place = namespace_as_admin(stack, "search")
    pool = place.pool(WorkloadKind.STATEFUL_SET, "suggester")
    with Client(stack.url, SEARCH) as client, stuck_pods(place, pool):
        count = desired(client, "search/suggester") + 1
        run_id = client.trigger(SCALE_DAG, {"pool": "search/suggester", "replicas": count, "reason": "new image"})
        yield run_id
        client.wait_for_run(SCALE_DAG, run_id)


def test_a_run_that_goes_on_is_live_and_tells_what_holds_it_up(search: Client, stuck_run: str) -> None:
    eventually(lambda: "Not all can start:" in page(search, stuck_run))
    html = page(search, stuck_run)
    assert (badge(html), is_live(html)) == ("Running", True)
    assert "Reload to see what has changed" in html
    (record,) = records(search, stuck_run)
    text = words(html)
    assert f"{record['before']} of {record['requested']} ready" in text
    assert f"Patched {record['before']} → {record['requested']} (done)" in text
    assert "Rolling out (now)" in text
    assert "Set back" not in text


def test_a_run_that_succeeded_tells_the_change_the_grant_and_the_way_back(search: Client, viewer: Client) -> None:
    wanted = one_more_or_less(search, "search/ranker", least=2)
    run_id = f"manual__{datetime.now(UTC).isoformat()}"
    search.trigger(SCALE_DAG, {"pool": "search/ranker", "replicas": wanted, "reason": "less to rank"}, run_id)
    record = ended(search, run_id)
    html = page(search, run_id)
    text = words(html)
    assert (badge(html), is_live(html)) == ("Done", False)
    assert f"{wanted} of {wanted} ready" in text
    assert "Asked by you" in text
    assert "“less to rank”" in text
    assert "Allowed by search-oncall → scale:search/* (done)" in text
    assert "All ready (done)" in text
    assert f'href="/ops/workers/search/ranker/scale?replicas={record["before"]}">Set back to' in html
    assert f'href="/ops/audit?run_id={quote(run_id, safe="")}"' in html
    assert f'href="/dags/{SCALE_DAG}/runs/{quote(run_id, safe="")}" data-outer' in html
    assert f"Asked by {SEARCH}" in words(page(viewer, run_id))


def test_a_run_that_was_denied_says_who_may(ads: Client) -> None:
    run_id = ads.trigger(SCALE_DAG, {"pool": "search/ranker", "replicas": 6, "reason": "not mine"})
    ended(ads, run_id)
    html = page(ads, run_id)
    text = words(html)
    assert (badge(html), is_live(html)) == ("Denied", False)
    assert "Nothing was changed: you are in no group that may scale:search/*" in text
    assert "Denied (failed)" in text
    assert "of 6 ready" not in text
    assert "Set back" not in text


def test_a_run_that_was_refused_says_what_is_accepted(search: Client) -> None:
    run_id = refused(search, "all of them")
    ended(search, run_id)
    html = page(search, run_id)
    text = words(html)
    assert (badge(html), is_live(html)) == ("Refused", False)
    assert "Nothing was changed: replicas: 99 is not accepted; search/ranker may have 2 to 16 workers" in text
    assert "Refused (failed)" in text
    assert "Set back" not in text


def test_what_a_person_wrote_arrives_literally_and_does_nothing(search: Client, viewer: Client) -> None:
    run_id = refused(search, HOSTILE)
    assert HOSTILE in words(page(search, run_id))
    assert ended(search, run_id)["reason"] == HOSTILE
    for path in (f"/ops/runs/{SCALE_DAG}/{run_id}", f"/ops/audit?run_id={run_id}"):
        html = viewer.http.get(path).text
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &lt;b&gt;{{7*7}} ${7*7}" in html
        assert HOSTILE in unescape(html)


def test_what_a_person_wrote_cannot_turn_the_line_round(search: Client, admin: Client) -> None:
    """Neither in the record nor before there is one, when the words are still Airflow's."""
    with paused(admin):
        run_id = refused(search, TURNED_ROUND)
        waiting = page(search, run_id)
    ended(search, run_id)
    for html in (waiting, page(search, run_id), search.http.get(f"/ops/audit?run_id={run_id}").text):
        assert "gnp.exe" in html
        assert "\u202e" not in html


def test_a_run_that_waits_for_its_task_says_so(search: Client, admin: Client) -> None:
    with paused(admin):
        run_id = refused(search, "patience")
        html = page(search, run_id)
    assert (badge(html), is_live(html)) == ("Waiting", True)
    assert "search/ranker" in words(html)
    assert "“patience”" in words(html)
    ended(search, run_id)
    assert badge(page(search, run_id)) == "Refused"


def test_a_run_that_was_executed_again_keeps_its_outcome_and_tells_of_the_replay(search: Client, admin: Client) -> None:
    count = desired(search, "search/ranker")
    run_id = search.trigger(SCALE_DAG, {"pool": "search/ranker", "replicas": count, "reason": "as it is"})
    assert search.wait_for_run(SCALE_DAG, run_id) == "success"
    admin.http.post(f"{RUNS}/{run_id}/clear", json={"dry_run": False, "only_failed": False}).raise_for_status()
    eventually(lambda: [record["outcome"] for record in records(search, run_id)] == ["refused", "succeeded"])
    html = page(search, run_id)
    assert (badge(html), is_live(html)) == ("Done", False)
    assert words(html).count("Also on record:") == 1
    assert "was executed before; ask anew" in words(html)
    assert f"{count} of {count} ready" in words(html)


def test_a_run_that_airflow_has_forgotten_is_told_from_the_ledger(search: Client, admin: Client) -> None:
    run_id = refused(search, "to be forgotten")
    search.wait_for_run(SCALE_DAG, run_id)
    admin.http.delete(f"{RUNS}/{run_id}").raise_for_status()
    assert search.http.get(f"{RUNS}/{run_id}").status_code == 404
    html = page(search, run_id)
    assert (badge(html), is_live(html)) == ("Refused", False)
    assert "“to be forgotten”" in words(html)
    assert "Open in Airflow" not in html
    assert "In the audit" in html


def test_a_run_of_a_dag_that_is_gone_is_told_from_the_ledger(viewer: Client, ledger_writer: psycopg.Connection) -> None:
    asked = request(dag_id="ops_of_last_year", run_id="manual__1", resource="search/long-gone", reason="it was there")
    ledger.append(ledger_writer, asked, Event.STARTED, Details(before=4, requested=6, time_limit=timedelta(minutes=1)))
    ledger.append(ledger_writer, asked, Event.CHANGED, Details(before=4, requested=6, after=6))
    ledger.append(ledger_writer, asked, Event.SUCCEEDED, Details(before=4, requested=6, after=6, ready=6, seconds=3))
    ledger_writer.commit()
    html = page(viewer, asked.run_id, asked.dag_id)
    assert (badge(html), is_live(html)) == ("Done", False)
    assert "6 of 6 ready · 3 s" in words(html)
    assert f"Asked by {asked.actor}" in words(html)
    assert "Open in Airflow" not in html


def test_a_run_that_was_never_heard_of_again_is_unknown(viewer: Client, ledger_writer: psycopg.Connection) -> None:
    asked = request(dag_id="ops_of_last_year", run_id="manual__2", resource="search/ranker")
    details = Details(before=4, requested=6, time_limit=timedelta(minutes=-1))
    ledger.append(ledger_writer, asked, Event.STARTED, details)
    ledger_writer.commit()
    html = page(viewer, asked.run_id, asked.dag_id)
    assert (badge(html), is_live(html)) == ("Unknown", False)
    assert "whether anything was changed is not known. Look at what is there before asking again." in words(html)


@pytest.mark.parametrize(
    "path",
    [
        f"{SCALE_DAG}/no-such-run",
        "no_such_dag/no-such-run",
        f"{SCALE_DAG}/{quote('<script>alert(1)</script>')}",
        f"{SCALE_DAG}/{quote('../../ops_sync_groups', safe='')}",
        f"{SCALE_DAG}/{'x' * 3000}",
    ],
)
def test_an_unknown_run_is_not_found(admin: Client, path: str) -> None:
    answer = admin.http.get(f"/ops/runs/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script>alert" not in answer.text
    assert "Traceback" not in answer.text


def test_a_run_id_is_looked_for_in_its_own_dag_only(search: Client, admin: Client) -> None:
    run_id = refused(search, "mine")
    ended(search, run_id)
    assert admin.http.get(f"/ops/runs/ops_sync_groups/{run_id}").status_code == 404


def test_a_run_that_failed_tells_why_and_how_far_it_came(search: Client, stuck_run: str) -> None:
    record = ended(search, stuck_run)
    html = page(search, stuck_run)
    text = words(html)
    assert (badge(html), is_live(html)) == ("Failed", False)
    assert f"{record['before']} of {record['requested']} ready" in text
    assert record["message"] in text
    assert "1 pod can't pull the image" in text
    assert "Not all ready (failed)" in text
    assert f"Set back to {record['before']}" in text

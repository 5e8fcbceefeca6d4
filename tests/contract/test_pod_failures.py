"""How operations in pods end short of success: with the cause in the record, and without a pod left behind."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from kubernetes.client import CoreV1Api
from kubernetes.client.exceptions import ApiException

from ops_dashboard.ledger import Outcome
from tests.contract.pod_acting import asking, cancel_when_running, failing, operator, terminate_when_running
from tests.support.acting import perform, records
from tests.support.clusters.pods import PodPlace

pytestmark = [pytest.mark.beyond_the_simulator, pytest.mark.usefixtures("impatient")]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"reason": "Error"}, "failed: exit code 3 (Error)"),
        ({"reason": "OOMKilled", "message": "no\nshard 7"}, "failed: exit code 3 (OOMKilled): no shard 7"),
        (
            {"of_pod": {"reason": "Evicted", "message": "the node was low on memory"}},
            "failed: exit code 3, Evicted: the node was low on memory",
        ),
    ],
    ids=["error", "memory", "evicted"],
)
def test_a_failure_tells_exit_code_and_reason(
    pod_place: PodPlace, pod_ledger: psycopg.Connection, others: ThreadPoolExecutor, told: dict[str, Any], words: str
) -> None:
    others.submit(pod_place.finish, 3, **told)
    record = failing(asking(), operator(pod_place.run()), pod_ledger)
    assert record.outcome is Outcome.FAILED
    assert words in str(record.message)
    assert pod_place.pods() == []


def test_a_cancelled_pod_is_gone(
    pod_place: PodPlace, pod_ledger: psycopg.Connection, others: ThreadPoolExecutor, product_database: str
) -> None:
    run = asking()
    others.submit(cancel_when_running, pod_place, product_database, run)
    record = failing(run, operator(pod_place.run(), idempotent=True, retries=3), pod_ledger)
    assert record.outcome is Outcome.FAILED
    assert "was ended before it had finished: cancelled by grace" in str(record.message)
    assert pod_place.pods() == []


def test_a_pod_that_takes_too_long_is_gone(pod_place: PodPlace, pod_ledger: psycopg.Connection) -> None:
    record = failing(asking(), operator(pod_place.run(), timeout=5), pod_ledger)
    assert "was ended because it had not finished after 5 seconds" in str(record.message)
    assert pod_place.pods() == []


def test_no_node_for_it_fails_within_the_time_for_a_start(pod_place: PodPlace, pod_ledger: psycopg.Connection) -> None:
    record = failing(asking(), operator(pod_place.run(cpu="900"), starts_within=2), pod_ledger)
    assert "did not start: unschedulable: 0/2 nodes are available: 2 Insufficient cpu" in str(record.message)
    assert pod_place.pods() == []


def test_a_timeout_while_it_waits_for_a_node_tells_so(pod_place: PodPlace, pod_ledger: psycopg.Connection) -> None:
    record = failing(asking(), operator(pod_place.run(cpu="900"), timeout=2), pod_ledger)
    assert "had not finished after 2 seconds; unschedulable: 0/2 nodes" in str(record.message)


def test_an_image_that_can_not_be_pulled_fails_at_once(
    pod_place: PodPlace, pod_ledger: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def image_fails(pod: Any) -> None:
        pod.metadata.annotations = {"ops-test/behaviour": "image"}

    monkeypatch.setattr("airflow.providers.cncf.kubernetes.operators.pod.pod_mutation_hook", image_fails)
    record = failing(asking(), operator(pod_place.run()), pod_ledger)
    assert "did not start: can't pull the image: Back-off pulling image" in str(record.message)
    assert pod_place.pods() == []


def test_a_full_quota_is_told(pod_place: PodPlace, pod_ledger: psycopg.Connection) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    assert (
        pod_place.cluster.request("POST", f"{pod_place.path.removesuffix('pods')}resourcequotas", quota).status == 201
    )
    record = failing(asking(), operator(pod_place.run()), pod_ledger)
    assert "exceeded quota: none" in str(record.message)


def test_a_namespace_that_is_not_open_tells_the_manifest(pod_place: PodPlace, pod_ledger: psycopg.Connection) -> None:
    record = failing(asking(), operator(pod_place.run(namespace="default")), pod_ledger)
    assert str(record.message) == (
        f"the cluster of connection {pod_place.connection} does not let its user run pods in namespace default,"
        " see deploy/rbac-pods.yaml"
    )


def test_a_connection_that_does_not_exist_is_told(pod_place: PodPlace, pod_ledger: psycopg.Connection) -> None:
    record = failing(asking(), operator(pod_place.run(connection="no_such_cluster")), pod_ledger)
    assert "the Airflow connection no_such_cluster cannot be used" in str(record.message)
    assert str(record.message).endswith("nothing was run")


def test_a_pod_that_somebody_else_removes_is_told(
    pod_place: PodPlace, pod_ledger: psycopg.Connection, others: ThreadPoolExecutor
) -> None:
    others.submit(pod_place.remove)
    record = failing(asking(), operator(pod_place.run()), pod_ledger)
    assert "is gone: somebody else has removed it" in str(record.message)


def test_a_task_that_is_killed_leaves_no_pod(
    pod_place: PodPlace, pod_ledger: psycopg.Connection, others: ThreadPoolExecutor
) -> None:
    pod = operator(pod_place.run())
    before = signal.signal(signal.SIGTERM, lambda *_: pod.on_kill())
    others.submit(terminate_when_running, pod_place)
    run = asking()
    try:
        with pytest.raises(BaseException, match="ended from outside"):
            perform(pod, run)
    finally:
        signal.signal(signal.SIGTERM, before)
    (record,) = records(pod_ledger, run)
    assert record.outcome is Outcome.UNKNOWN
    assert pod_place.pods() == []


def _cannot_delete(*_: object, **__: object) -> None:
    raise ApiException(status=500)


def test_a_pod_that_may_still_run_is_told(
    pod_place: PodPlace, pod_ledger: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops_operators.pod_launch._GONE_WITHIN_SECONDS", 2)
    monkeypatch.setattr(CoreV1Api, "delete_namespaced_pod", _cannot_delete)
    record = failing(asking(), operator(pod_place.run(), timeout=4, idempotent=True, retries=5), pod_ledger)
    assert record.outcome is Outcome.UNKNOWN
    assert "could not be removed and may still be running" in str(record.message)
    assert len(pod_place.pods()) == 1


def test_a_pod_that_has_ended_but_stays_is_a_success(
    pod_place: PodPlace, pod_ledger: psycopg.Connection, others: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops_operators.pod_launch._GONE_WITHIN_SECONDS", 2)
    monkeypatch.setattr(CoreV1Api, "delete_namespaced_pod", _cannot_delete)
    others.submit(pod_place.finish)
    run = asking()
    perform(operator(pod_place.run()), run)
    (record,) = records(pod_ledger, run)
    assert record.outcome is Outcome.SUCCEEDED

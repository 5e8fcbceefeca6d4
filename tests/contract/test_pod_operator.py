"""Operations in pods, from the run's conf to the cluster and the ledger, under the rights of deploy/rbac-pods.yaml."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from airflow.sdk.exceptions import AirflowFailException
from kubernetes.client import CoreV1Api
from kubernetes.client.exceptions import ApiException
from kubernetes.client.rest import RESTClientObject
from kubernetes.utils import create_from_yaml

from ops_dashboard import cancellations
from ops_dashboard.catalog import Operation, Parameter, PodRun, ValueType
from ops_dashboard.ledger import Entry, Outcome
from ops_operators.pod import PodOperator
from tests.acting import Run, perform, records
from tests.clusters.cluster import Cluster
from tests.clusters.kubelet import saying
from tests.clusters.place import eventually
from tests.clusters.pods import PodPlace
from tests.company import grant, with_grants
from tests.contract.conftest import DEPLOY

pytestmark = pytest.mark.beyond_the_simulator

MANIFEST = DEPLOY / "rbac-pods.yaml"
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def opened(deployed: Cluster) -> Cluster:
    with deployed.client() as client:
        create_from_yaml(client, str(MANIFEST))
    return deployed


@pytest.fixture
def place(opened: Cluster, connection: str, token: str) -> Iterator[PodPlace]:
    """A fresh namespace like the manifest's own; nothing but that manifest opens it."""
    documents = {each["kind"]: each for each in yaml.safe_load_all(MANIFEST.read_text())}
    name = f"pods-{next(_NUMBERS)}"
    place = PodPlace(opened, name, connection)
    namespace = {"metadata": documents["Namespace"]["metadata"] | {"name": name}}
    assert opened.request("POST", "/api/v1/namespaces", namespace).status == 201
    bindings = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{name}/rolebindings"
    binding = documents["RoleBinding"] | {"metadata": {"name": "ops-dashboard-pods"}}
    assert opened.request("POST", bindings, binding).status == 201
    eventually(lambda: opened.request("GET", place.path, token=token).status == 200)
    yield place
    opened.request("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """kwok has no output of containers: the provider would ask for it for a quarter of a minute."""
    from airflow.providers.cncf.kubernetes.utils.pod_manager import PodManager

    monkeypatch.setattr(PodManager.read_pod_logs.retry, "sleep", lambda _: None)


@pytest.fixture
def others() -> Iterator[ThreadPoolExecutor]:
    """What happens on the cluster meanwhile; the operator itself is in the main thread, as in a task."""
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture
def ledger(at_work: psycopg.Connection) -> psycopg.Connection:
    return with_grants(at_work, grant("ads-oncall", "run:*"))


def operator(run: PodRun, *, starts_within: float = 30, **changes: Any) -> PodOperator:
    parameter = Parameter(type=ValueType.STRING, default="")
    operation = Operation(
        name="rebuild-index", title="Rebuild", owner="Search", parameters={"shard": parameter}, pod=run, **changes
    )
    return PodOperator(task_id="run", operation=operation, starts_within=timedelta(seconds=starts_within))


def asking(shard: str = "7", reason: str = "test") -> Run:
    return Run({"shard": shard, "reason": reason}, dag_id="ops_run_rebuild-index")


def failing(run: Run, pod: PodOperator, connection: psycopg.Connection) -> Entry:
    """Perform what must fail, and return its record."""
    with pytest.raises(AirflowFailException):
        perform(pod, run)
    (record,) = records(connection, run)
    return record


def test_a_pod_runs_to_its_end_and_is_gone(
    place: PodPlace, ledger: psycopg.Connection, others: ThreadPoolExecutor
) -> None:
    finished = others.submit(place.finish)
    run = asking()

    assert perform(operator(place.run(command=("rebuild", "--price", "$5 $(OPS_PARAMETERS)"))), run)["after"] is None

    (record,) = records(ledger, run)
    assert record.outcome is Outcome.SUCCEEDED
    assert place.pods() == []
    pod = finished.result()
    (container,) = pod["spec"]["containers"]
    assert container["command"] == ["rebuild", "--price", "$$5 $$(OPS_PARAMETERS)"]
    assert [variable["name"] for variable in container["env"]] == ["OPS_PARAMETERS"]
    assert json.loads(container["env"][0]["value"]) == {"shard": "7"}
    assert container["resources"]["requests"] == container["resources"]["limits"] == {"cpu": "10m", "memory": "512Mi"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    spec = pod["spec"]
    assert (spec["restartPolicy"], spec["automountServiceAccountToken"]) == ("Never", False)
    assert (spec["activeDeadlineSeconds"], spec["terminationGracePeriodSeconds"]) == (300, 10)
    labels = pod["metadata"]["labels"]
    assert labels["ops-dashboard/operation"] == "rebuild-index"
    assert labels["run_id"].startswith("test__")
    assert pod["metadata"]["name"].startswith("ops-rebuild-index-")


HOSTILE = [
    "{{ 7*7 }}",
    "{% for x in ().__class__.__mro__ %}x{% endfor %}",
    "$(KUBERNETES_SERVICE_HOST) $$ ${HOME} $(OPS_PARAMETERS)",
    "'; touch /tmp/x #\n\t\"\\",
    "\x00\u202e\U0001f600 --kubeconfig",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_what_a_person_types_stays_data(
    place: PodPlace, ledger: psycopg.Connection, others: ThreadPoolExecutor, value: str
) -> None:
    finished = others.submit(place.finish)
    run = asking(shard=value, reason="because {{ 7*7 }}")

    perform(operator(place.run()), run)

    (variable,) = finished.result()["spec"]["containers"][0]["env"]
    assert json.loads(variable["value"]) == {"shard": value}
    assert "$" not in variable["value"]
    assert "{{ 7*7 }}" not in json.dumps(finished.result()) or "{{ 7*7 }}" in value
    (record,) = records(ledger, run)
    assert record.reason == "because {{ 7*7 }}"


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
    place: PodPlace, ledger: psycopg.Connection, others: ThreadPoolExecutor, told: dict[str, Any], words: str
) -> None:
    others.submit(place.finish, 3, **told)
    record = failing(asking(), operator(place.run()), ledger)
    assert record.outcome is Outcome.FAILED
    assert words in str(record.message)
    assert place.pods() == []


def test_a_cancelled_pod_is_gone(
    place: PodPlace, ledger: psycopg.Connection, others: ThreadPoolExecutor, product_database: str
) -> None:
    run = asking()
    others.submit(_cancel_when_running, place, product_database, run)
    record = failing(run, operator(place.run(), idempotent=True, retries=3), ledger)
    assert record.outcome is Outcome.FAILED
    assert "was ended before it had finished: cancelled by grace" in str(record.message)
    assert place.pods() == []


def test_a_pod_that_takes_too_long_is_gone(place: PodPlace, ledger: psycopg.Connection) -> None:
    record = failing(asking(), operator(place.run(), timeout=5), ledger)
    assert "was ended because it had not finished after 5 seconds" in str(record.message)
    assert place.pods() == []


def test_no_node_for_it_fails_within_the_time_for_a_start(place: PodPlace, ledger: psycopg.Connection) -> None:
    record = failing(asking(), operator(place.run(cpu="900"), starts_within=2), ledger)
    assert "did not start: unschedulable: 0/2 nodes are available: 2 Insufficient cpu" in str(record.message)
    assert place.pods() == []


def test_a_timeout_while_it_waits_for_a_node_tells_so(place: PodPlace, ledger: psycopg.Connection) -> None:
    record = failing(asking(), operator(place.run(cpu="900"), timeout=2), ledger)
    assert "had not finished after 2 seconds; unschedulable: 0/2 nodes" in str(record.message)


def test_an_image_that_can_not_be_pulled_fails_at_once(
    place: PodPlace, ledger: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def image_fails(pod: Any) -> None:
        pod.metadata.annotations = {"ops-test/behaviour": "image"}

    monkeypatch.setattr("airflow.providers.cncf.kubernetes.operators.pod.pod_mutation_hook", image_fails)
    record = failing(asking(), operator(place.run()), ledger)
    assert "did not start: can't pull the image: Back-off pulling image" in str(record.message)
    assert place.pods() == []


def test_a_full_quota_is_told(place: PodPlace, ledger: psycopg.Connection) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    assert place.cluster.request("POST", f"{place.path.removesuffix('pods')}resourcequotas", quota).status == 201
    record = failing(asking(), operator(place.run()), ledger)
    assert "exceeded quota: none" in str(record.message)


def test_a_namespace_that_is_not_open_tells_the_manifest(place: PodPlace, ledger: psycopg.Connection) -> None:
    record = failing(asking(), operator(place.run(namespace="default")), ledger)
    assert str(record.message) == (
        f"the cluster of connection {place.connection} does not let its user run pods in namespace default,"
        " see deploy/rbac-pods.yaml"
    )


def test_a_connection_that_does_not_exist_is_told(place: PodPlace, ledger: psycopg.Connection) -> None:
    record = failing(asking(), operator(place.run(connection="no_such_cluster")), ledger)
    assert "the Airflow connection no_such_cluster cannot be used" in str(record.message)
    assert str(record.message).endswith("nothing was run")


def test_a_pod_that_somebody_else_removes_is_told(
    place: PodPlace, ledger: psycopg.Connection, others: ThreadPoolExecutor
) -> None:
    others.submit(place.remove)
    record = failing(asking(), operator(place.run()), ledger)
    assert "is gone: somebody else has removed it" in str(record.message)


def test_a_failure_is_tried_again_in_a_new_pod(
    place: PodPlace, ledger: psycopg.Connection, others: ThreadPoolExecutor
) -> None:
    tries = others.submit(lambda: (place.finish(1), _next(place)))
    run = asking()
    perform(operator(place.run(), idempotent=True, retries=1), run)
    first, second = tries.result()
    assert first["metadata"]["name"] != second["metadata"]["name"]
    assert place.pods() == []


def test_a_task_that_is_killed_leaves_no_pod(
    place: PodPlace, ledger: psycopg.Connection, others: ThreadPoolExecutor
) -> None:
    pod = operator(place.run())
    before = signal.signal(signal.SIGTERM, lambda *_: pod.on_kill())
    others.submit(_terminate_when_running, place)
    run = asking()
    try:
        with pytest.raises(BaseException, match="ended from outside"):
            perform(pod, run)
    finally:
        signal.signal(signal.SIGTERM, before)
    (record,) = records(ledger, run)
    assert record.outcome is Outcome.UNKNOWN
    assert place.pods() == []


def _cannot_delete(*_: object, **__: object) -> None:
    raise ApiException(status=500)


def test_a_pod_that_may_still_run_is_told(
    place: PodPlace, ledger: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops_operators.pod_launch._GONE_WITHIN_SECONDS", 2)
    monkeypatch.setattr(CoreV1Api, "delete_namespaced_pod", _cannot_delete)
    record = failing(asking(), operator(place.run(), timeout=4, idempotent=True, retries=5), ledger)
    assert record.outcome is Outcome.UNKNOWN
    assert "could not be removed and may still be running" in str(record.message)
    assert len(place.pods()) == 1


def test_a_pod_that_has_ended_but_stays_is_a_success(
    place: PodPlace, ledger: psycopg.Connection, others: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops_operators.pod_launch._GONE_WITHIN_SECONDS", 2)
    monkeypatch.setattr(CoreV1Api, "delete_namespaced_pod", _cannot_delete)
    others.submit(place.finish)
    run = asking()
    perform(operator(place.run()), run)
    (record,) = records(ledger, run)
    assert record.outcome is Outcome.SUCCEEDED


def test_what_it_says_is_shown_as_what_operations_say(
    place: PodPlace,
    ledger: psycopg.Connection,
    others: ThreadPoolExecutor,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    caplog.set_level(logging.INFO, "ops_operators.operation.output")
    said = b"::group::\x1b[31mERROR shard 7\nops-progress 3/10 copying\n{{ 7*7 }}\n" + b"\xff" * 3
    with saying(place.cluster, said, tmp_path):
        others.submit(place.finish)
        perform(operator(place.run()), asking())
    lines = [record.getMessage() for record in caplog.records if record.name == "ops_operators.operation.output"]
    assert lines[-4:] == ["::group::ERROR shard 7", "ops-progress 30.0 copying", "{{ 7*7 }}", r"\xff\xff\xff"]


def test_the_manifest_grants_exactly_what_is_used(
    place: PodPlace,
    ledger: psycopg.Connection,
    others: ThreadPoolExecutor,
    product_database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used: set[tuple[str, str]] = set()
    request = RESTClientObject.request

    def noting(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        used.add(_right(method, url))
        return request(self, method, url, *args, **kwargs)

    monkeypatch.setattr(RESTClientObject, "request", noting)
    others.submit(place.finish)
    perform(operator(place.run()), asking())
    others.submit(place.finish, 1)
    failing(asking(), operator(place.run()), ledger)
    run = asking()
    others.submit(_cancel_when_running, place, product_database, run)
    failing(run, operator(place.run()), ledger)

    (role,) = (each for each in yaml.safe_load_all(MANIFEST.read_text()) if each["kind"] == "ClusterRole")
    granted = {(verb, each) for rule in role["rules"] for each in rule["resources"] for verb in rule["verbs"]}
    assert granted == used


def _right(method: str, url: str) -> tuple[str, str]:
    """The verb and the resource of a request, in the words of RBAC."""
    parts = url.partition("/namespaces/")[2].partition("?")[0].split("/")[1:]
    verbs: dict[str, Callable[[], str]] = {
        "GET": lambda: "get" if len(parts) > 1 else "list",
        "POST": lambda: "create",
        "DELETE": lambda: "delete",
    }
    return verbs.get(method, method.lower)(), "/".join(parts[::2])


def _next(place: PodPlace) -> dict[str, Any]:
    eventually(lambda: place.pods() == [] or place.pods()[0]["status"]["phase"] in {"Pending", "Running"})
    return place.finish()


def _terminate_when_running(place: PodPlace) -> None:
    place.until("Running")
    os.kill(os.getpid(), signal.SIGTERM)


def _cancel_when_running(place: PodPlace, database: str, run: Run) -> None:
    place.until("Running")
    with psycopg.connect(database) as connection:
        cancellations.cancel(connection, run.dag_id, run.run_id, "grace")

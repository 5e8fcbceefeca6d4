"""Operations in pods, from the run's conf to the cluster and the ledger, under the rights of deploy/rbac-pods.yaml."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from kubernetes.client.rest import RESTClientObject

from ops_dashboard.ledger import Outcome
from tests.contract.conftest import POD_MANIFEST
from tests.contract.pod_acting import asking, cancel_when_running, failing, operator
from tests.support.acting import perform, records
from tests.support.clusters.kubelet import saying
from tests.support.clusters.pods import PodPlace

pytestmark = [pytest.mark.beyond_the_simulator, pytest.mark.usefixtures("impatient")]


def test_a_pod_runs_to_its_end_and_is_gone(
    pod_place: PodPlace, pod_ledger: psycopg.Connection, others: ThreadPoolExecutor
) -> None:
    finished = others.submit(pod_place.finish)
    run = asking()

    assert (
        perform(operator(pod_place.run(command=("rebuild", "--price", "$5 $(OPS_PARAMETERS)"))), run)["after"] is None
    )

    (record,) = records(pod_ledger, run)
    assert record.outcome is Outcome.SUCCEEDED
    assert pod_place.pods() == []
    pod = finished.result()
    (container,) = pod["spec"]["containers"]
    assert container["command"] == ["rebuild", "--price", "$$5 $$(OPS_PARAMETERS)"]
    assert [variable["name"] for variable in container["env"]] == ["OPS_PARAMETERS"]
    assert json.loads(container["env"][0]["value"]) == {"shard": "7"}
    assert container["resources"]["requests"] == container["resources"]["limits"] == {"cpu": "10m", "memory": "512Mi"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    spec = pod["spec"]
    assert (spec["restartPolicy"], spec["automountServiceAccountToken"]) == ("Never", False)
    assert (spec["activeDeadlineSeconds"], spec["terminationGracePeriodSeconds"]) == (60, 10)
    labels = pod["metadata"]["labels"]
    assert labels["ops-dashboard/operation"] == "rebuild-index"
    assert labels["run_id"].startswith("test__")
    assert pod["metadata"]["name"].startswith("ops-rebuild-index-")


HOSTILE = [
    "{{ 7*7 }}",
    "{% for x in ().__class__.__mro__ %}x{% endfor %}",
    "$(KUBERNETES_SERVICE_HOST) $$ ${HOME} $(OPS_PARAMETERS)",
    "'; touch /tmp/x #\n\t\"\\",
    "--kubeconfig \U0001f600",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_what_a_person_types_stays_data(
    pod_place: PodPlace, pod_ledger: psycopg.Connection, others: ThreadPoolExecutor, value: str
) -> None:
    finished = others.submit(pod_place.finish)
    run = asking(shard=value, reason="because {{ 7*7 }}")

    perform(operator(pod_place.run()), run)

    (variable,) = finished.result()["spec"]["containers"][0]["env"]
    assert json.loads(variable["value"]) == {"shard": value}
    assert "$" not in variable["value"]
    assert "{{ 7*7 }}" not in json.dumps(finished.result()) or "{{ 7*7 }}" in value
    (record,) = records(pod_ledger, run)
    assert record.reason == "because {{ 7*7 }}"


def test_a_failure_is_tried_again_in_a_new_pod(
    pod_place: PodPlace, pod_ledger: psycopg.Connection, others: ThreadPoolExecutor
) -> None:
    tries = others.submit(lambda: (pod_place.finish(1), pod_place.finish()))
    run = asking()
    perform(operator(pod_place.run(), idempotent=True, retries=1), run)
    first, second = tries.result()
    assert first["metadata"]["name"] != second["metadata"]["name"]
    assert pod_place.pods() == []


def test_what_it_says_is_shown_as_what_operations_say(
    pod_place: PodPlace,
    pod_ledger: psycopg.Connection,
    others: ThreadPoolExecutor,
    said: Callable[[], list[str]],
    tmp_path: Path,
) -> None:
    printed = b"::group::\x1b[31mERROR shard 7\nops-progress 3/10 copying\n{{ 7*7 }}\n" + b"\xff" * 3
    with saying(pod_place.cluster, printed, tmp_path):
        others.submit(pod_place.finish)
        perform(operator(pod_place.run()), asking())
    assert said()[-4:] == ["::group::ERROR shard 7", "ops-progress 30.0 copying", "{{ 7*7 }}", r"\xff\xff\xff"]


def test_the_manifest_grants_exactly_what_is_used(
    pod_place: PodPlace,
    pod_ledger: psycopg.Connection,
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
    others.submit(pod_place.finish)
    perform(operator(pod_place.run()), asking())
    others.submit(pod_place.finish, 1)
    failing(asking(), operator(pod_place.run()), pod_ledger)
    run = asking()
    others.submit(cancel_when_running, pod_place, product_database, run)
    failing(run, operator(pod_place.run()), pod_ledger)

    (role,) = (each for each in yaml.safe_load_all(POD_MANIFEST.read_text()) if each["kind"] == "ClusterRole")
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

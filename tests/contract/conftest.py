"""The tests here run twice: against the demo's simulator, and against a real control plane where there is one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import psycopg
import pytest
import yaml
from kubernetes.utils import create_from_yaml

from demo.environment import REPOSITORY
from demo.simulator import Simulator
from demo.simulator.nodes import NodePool
from ops_dashboard.workers.kubernetes import KubernetesWorkers, for_connection
from tests.support.clusters.cluster import Cluster
from tests.support.clusters.control_plane import NODE_COUNT, NODE_CPU, control_plane, find_programs
from tests.support.clusters.place import Place, eventually
from tests.support.clusters.pods import PodPlace
from tests.support.clusters.simulated import simulated
from tests.support.company import grant, with_grants

DEPLOY = REPOSITORY / "deploy"
POD_MANIFEST = DEPLOY / "rbac-pods.yaml"
_NUMBERS = count(1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, for the simulator, what it does not play."""
    beyond = [
        item
        for item in items
        if item.get_closest_marker("beyond_the_simulator") and item.callspec.params["cluster"] == "simulator"  # type: ignore[attr-defined]
    ]
    config.hook.pytest_deselected(items=beyond)
    items[:] = [item for item in items if item not in beyond]


@pytest.fixture(scope="session", params=["simulator", pytest.param("real", marks=pytest.mark.kube)])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if request.param == "simulator":
        with simulated(Simulator(nodes=NodePool(NODE_COUNT, NODE_CPU), pod_seconds=0.1)) as running:
            yield running
        return
    programs = find_programs()
    if programs is None:
        pytest.skip(
            "no control plane: neither KUBEBUILDER_ASSETS nor ../shared/kube has etcd, kube-apiserver, kwok ..."
        )
    with control_plane(programs, tmp_path_factory.mktemp("control_plane")) as running:
        yield running


@pytest.fixture(scope="session")
def deployed(cluster: Cluster) -> Cluster:
    """The cluster with the manifests of deploy/ applied."""
    with cluster.client() as client:
        create_from_yaml(client, str(DEPLOY / "demo-workloads.yaml"))
        create_from_yaml(client, str(DEPLOY / "rbac.yaml"))
    return cluster


@pytest.fixture(scope="session")
def token(deployed: Cluster) -> str:
    """What the product's service account identifies itself with."""
    path = "/api/v1/namespaces/ops-dashboard/serviceaccounts/ops-dashboard/token"
    answer = deployed.request(
        "POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    )
    assert answer.status == 201, answer
    return str(answer.document["status"]["token"])


@pytest.fixture(scope="session")
def connection(deployed: Cluster, token: str) -> Iterator[str]:
    """The Airflow connection of the product to the cluster."""
    name = f"{deployed.name}_cluster"
    with pytest.MonkeyPatch.context() as patch:
        extra = {"kube_config": deployed.kubeconfig(token)}
        patch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({"conn_type": "kubernetes", "extra": extra}))
        yield name


@pytest.fixture
def place(deployed: Cluster, connection: str, token: str) -> Iterator[Place]:
    """A fresh namespace, opened to the product as deploy/rbac.yaml says."""
    place = Place(deployed, f"test-{next(_NUMBERS)}", connection, token)
    place.post("/api/v1/namespaces", {"metadata": {"name": place.namespace}})
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{place.namespace}"
    for document in _rights_in_ads():
        name = document["metadata"]["name"]
        place.post(f"{path}/{document['kind'].lower()}s", document | {"metadata": {"name": name}})
    # A real API server learns of a new binding a moment later.
    root = f"/api/v1/namespaces/{place.namespace}"
    eventually(lambda: deployed.request("GET", f"{root}/pods", token=token).status == 200)
    eventually(lambda: deployed.request("GET", f"{root}/configmaps/bidder-config", token=token).status == 404)
    yield place
    deployed.request("DELETE", f"/api/v1/namespaces/{place.namespace}")


@pytest.fixture(scope="session")
def opened(deployed: Cluster) -> Cluster:
    """The cluster with the manifest for pods applied, too."""
    with deployed.client() as client:
        create_from_yaml(client, str(POD_MANIFEST))
    return deployed


@pytest.fixture
def pod_place(opened: Cluster, connection: str, token: str) -> Iterator[PodPlace]:
    """A fresh namespace like the manifest's own; nothing but that manifest opens it."""
    documents = {each["kind"]: each for each in yaml.safe_load_all(POD_MANIFEST.read_text())}
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


@pytest.fixture
def others() -> Iterator[ThreadPoolExecutor]:
    """What happens on the cluster meanwhile; the operator itself is in the main thread, as in a task."""
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture
def pod_ledger(at_work: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> psycopg.Connection:
    """The ads on-call may run everything; a connection to look at the records."""
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(DEPLOY.parent / "dags" / "catalog"))
    return with_grants(at_work, grant("ads-oncall", "run:*"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """kwok has no output of containers: the provider would ask for it for a quarter of a minute."""
    from airflow.providers.cncf.kubernetes.utils.pod_manager import PodManager

    monkeypatch.setattr(PodManager.read_pod_logs.retry, "sleep", lambda _: None)


@pytest.fixture
def workers(connection: str) -> KubernetesWorkers:
    """The product, as the service account."""
    return for_connection(connection)


def _rights_in_ads() -> list[dict[str, Any]]:
    """What a namespace with pools and settings takes."""
    documents = yaml.safe_load_all((DEPLOY / "rbac.yaml").read_text())
    return [document for document in documents if document["metadata"].get("namespace") == "ads"]

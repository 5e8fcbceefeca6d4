"""deploy/rbac.yaml: the product's service account may do what the product does, and nothing else."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import yaml

from ops_dashboard.catalog import WorkloadKind
from tests.contract.conftest import DEPLOY
from tests.support.clusters.cluster import JSON_PATCH, MERGE_PATCH, Answer
from tests.support.clusters.place import Place


class Call(NamedTuple):
    method: str
    path: str  # below the namespace, or whole
    body: object = None
    content_type: str = "application/json"


class Needed(NamedTuple):
    group: str
    resource: str
    verb: str
    call: Call


NO_CHANGE: list[object] = []
NEEDED = [
    Needed("apps", "deployments", "get", Call("GET", "apps/deployments/web")),
    Needed("apps", "deployments", "list", Call("GET", "apps/deployments")),
    Needed("apps", "statefulsets", "get", Call("GET", "apps/statefulsets/store")),
    Needed("apps", "statefulsets", "list", Call("GET", "apps/statefulsets")),
    Needed("apps", "deployments/scale", "patch", Call("PATCH", "apps/deployments/web/scale", NO_CHANGE, JSON_PATCH)),
    Needed(
        "apps", "statefulsets/scale", "patch", Call("PATCH", "apps/statefulsets/store/scale", NO_CHANGE, JSON_PATCH)
    ),
    Needed("apps", "deployments", "patch", Call("PATCH", "apps/deployments/bidder", {}, MERGE_PATCH)),
    Needed("", "configmaps", "get", Call("GET", "core/configmaps/bidder-config")),
    Needed("", "configmaps", "patch", Call("PATCH", "core/configmaps/bidder-config", NO_CHANGE, JSON_PATCH)),
    Needed("", "pods", "list", Call("GET", "core/pods")),
    Needed("", "events", "list", Call("GET", "core/events")),
]
EDIT = {"metadata": {"labels": {"edited": "yes"}}}
FORBIDDEN = {
    "edit another Deployment": Call("PATCH", "apps/deployments/web", EDIT, MERGE_PATCH),
    "edit a StatefulSet": Call("PATCH", "apps/statefulsets/store", EDIT, MERGE_PATCH),
    "replace a scale": Call("PUT", "apps/deployments/web/scale", {}),
    "create a Deployment": Call("POST", "apps/deployments", {}),
    "delete a Deployment": Call("DELETE", "apps/deployments/web"),
    "delete a StatefulSet": Call("DELETE", "apps/statefulsets/store"),
    "delete a pod": Call("DELETE", "core/pods/web-0"),
    "read a pod's log": Call("GET", "core/pods/web-0/log"),
    "run a command in a pod": Call("POST", "core/pods/web-0/exec"),
    "list secrets": Call("GET", "core/secrets"),
    "list config maps": Call("GET", "core/configmaps"),
    "read another config map": Call("GET", "core/configmaps/other"),
    "edit another config map": Call("PATCH", "core/configmaps/other", EDIT, MERGE_PATCH),
    "replace a config map": Call("PUT", "core/configmaps/bidder-config", {}),
    "create a config map": Call("POST", "core/configmaps", {}),
    "delete a config map": Call("DELETE", "core/configmaps/bidder-config"),
    "read the bidder's config map of another namespace": Call(
        "GET", "/api/v1/namespaces/search/configmaps/bidder-config"
    ),
    "edit a workload of another namespace": Call(
        "PATCH", "/apis/apps/v1/namespaces/search/deployments/ranker", EDIT, MERGE_PATCH
    ),
    "list DaemonSets": Call("GET", "apps/daemonsets"),
    "give itself rights": Call("POST", "rbac.authorization.k8s.io/rolebindings", {}),
    "list pods of another namespace": Call("GET", "/api/v1/namespaces/ops-dashboard/pods"),
    "scale in another namespace": Call(
        "PATCH", "/apis/apps/v1/namespaces/default/deployments/web/scale", [], JSON_PATCH
    ),
    "list all pods": Call("GET", "/api/v1/pods"),
    "list all Deployments": Call("GET", "/apis/apps/v1/deployments"),
    "list namespaces": Call("GET", "/api/v1/namespaces"),
    "list nodes": Call("GET", "/api/v1/nodes"),
    "issue a token": Call("POST", "/api/v1/namespaces/ops-dashboard/serviceaccounts/ops-dashboard/token", {}),
}


def send(place: Place, call: Call) -> Answer:
    path = call.path
    if not path.startswith("/"):
        group, _, rest = path.partition("/")
        root = "/api/v1" if group == "core" else f"/apis/{group}/v1"
        path = f"{root}/namespaces/{place.namespace}/{rest}"
    return place.cluster.request(call.method, path, call.body, content_type=call.content_type, token=place.token)


def test_all_that_is_needed_is_allowed(place: Place) -> None:
    place.create(WorkloadKind.DEPLOYMENT, 0, name="web")
    place.create(WorkloadKind.STATEFUL_SET, 0, name="store")
    place.create(WorkloadKind.DEPLOYMENT, 0, name="bidder")
    place.create_config({"batch_size": "100"})

    for needed in NEEDED:
        assert send(place, needed.call).status == 200, needed


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_is_not_needed_is_forbidden(place: Place, what: str) -> None:
    place.create(WorkloadKind.DEPLOYMENT, 0, name="web")
    place.create(WorkloadKind.STATEFUL_SET, 0, name="store")

    answer = send(place, FORBIDDEN[what])

    assert answer.status == 403, answer
    assert "system:serviceaccount:ops-dashboard:ops-dashboard" in answer.document["message"]


def test_the_manifest_grants_exactly_what_is_needed() -> None:
    documents = yaml.safe_load_all((DEPLOY / "rbac.yaml").read_text())
    rules = [rule for document in documents for rule in document.get("rules", ())]
    granted = {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }

    assert granted == {(needed.group, needed.resource, needed.verb) for needed in NEEDED}


@pytest.mark.parametrize("namespace", ["ads", "search"])
def test_the_namespaces_of_the_demo_are_open_to_the_product(place: Place, namespace: str) -> None:
    assert send(place, Call("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments")).status == 200

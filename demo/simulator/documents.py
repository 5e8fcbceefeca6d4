"""Kubernetes objects are JSON documents here, as they are on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object that the simulator keeps."""

    group: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def version(self) -> str:
        """What `apiVersion` says."""
        return f"{self.group}/v1" if self.group else "v1"

    @property
    def qualified(self) -> str:
        """How messages name it: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


_RBAC = "rbac.authorization.k8s.io"
NAMESPACES = Resource("", "namespaces", "Namespace", namespaced=False)
PODS = Resource("", "pods", "Pod")
CONFIG_MAPS = Resource("", "configmaps", "ConfigMap")
EVENTS = Resource("", "events", "Event")
QUOTAS = Resource("", "resourcequotas", "ResourceQuota")
SERVICE_ACCOUNTS = Resource("", "serviceaccounts", "ServiceAccount")
DEPLOYMENTS = Resource("apps", "deployments", "Deployment")
STATEFUL_SETS = Resource("apps", "statefulsets", "StatefulSet")
ROLES = Resource(_RBAC, "roles", "Role")
ROLE_BINDINGS = Resource(_RBAC, "rolebindings", "RoleBinding")
CLUSTER_ROLES = Resource(_RBAC, "clusterroles", "ClusterRole", namespaced=False)

WORKLOADS = (DEPLOYMENTS, STATEFUL_SETS)
RESOURCES = (
    NAMESPACES,
    PODS,
    CONFIG_MAPS,
    EVENTS,
    QUOTAS,
    SERVICE_ACCOUNTS,
    *WORKLOADS,
    ROLES,
    ROLE_BINDINGS,
    CLUSTER_ROLES,
)


def timestamp(time: datetime) -> str:
    """A time as Kubernetes writes it, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")

"""The way to a cluster: an Airflow connection of the type Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from ops_dashboard.workers.errors import ClusterDownError, NotConfiguredError, NotPermittedError
from ops_dashboard.workers.translation import plain_errors

if TYPE_CHECKING:
    from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook

FIELD_MANAGER = "ops-dashboard"
"""The name by which Kubernetes knows who set a count or a value."""

TIMEOUT_SECONDS = (3, 10)
"""To connect, to answer."""

PAGE_TIMEOUT_SECONDS = (2, 5)
"""The same while somebody waits for a page."""


class ClusterConnection:
    """Makes the client at the first call and keeps it.

    Args:
        connection_id: The Airflow connection.
    """

    def __init__(self, connection_id: str) -> None:
        self._connection_id = connection_id

    @cached_property
    def hook(self) -> KubernetesHook:
        """What the clients come from.

        Raises:
            NotConfiguredError: The connection does not exist, or cannot be used.
        """
        from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook
        from airflow.sdk.exceptions import AirflowException
        from kubernetes.config import ConfigException
        from yaml import YAMLError

        hook = KubernetesHook(conn_id=self._connection_id)
        try:
            client = hook.api_client
        except (AirflowException, ConfigException, OSError, ValueError, TypeError, YAMLError) as error:
            raise NotConfiguredError(self._connection_id, str(error)) from error
        # By itself urllib3 tries three times more, without a pause; trying again is counted and paced elsewhere.
        client.rest_client.pool_manager.connection_pool_kw["retries"] = False
        return hook

    @contextmanager
    def asking(self, verb: str, resource: str, namespace: str, name: str = "") -> Iterator[None]:
        """Surround one call; the arguments say what it does, in the words of RBAC.

        Raises:
            WorkersError: The call failed.
        """
        host = self.hook.api_client.configuration.host
        try:
            with plain_errors(self._connection_id, host, f"{verb} {resource} {name}".rstrip(), namespace):
                yield
        except (NotPermittedError, ClusterDownError):
            # The address and the credentials that are kept may have been replaced since.
            self.__dict__.pop("hook", None)
            raise

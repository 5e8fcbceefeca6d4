"""Settings in ConfigMaps of a Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from ops_dashboard.catalog import ConfigMapKey
from ops_dashboard.configuration.errors import ChangedError, ConfigurationError, UncertainChangeError
from ops_dashboard.configuration.models import Stored
from ops_dashboard.text import shown
from ops_dashboard.workers import WorkersError
from ops_dashboard.workers.attempts import Attempts
from ops_dashboard.workers.connection import (
    FIELD_MANAGER,
    PAGE_TIMEOUT_SECONDS,
    TIMEOUT_SECONDS,
    ClusterConnection,
)
from ops_dashboard.workers.retries import retrying

if TYPE_CHECKING:
    from kubernetes.client import V1ConfigMap

_GIVE_UP_AFTER = timedelta(seconds=20)


class ConfigMapApi:
    """The calls about ConfigMaps that the product makes; `deploy/rbac.yaml` grants exactly these.

    Every call is tried once; errors come as `WorkersError`.
    """

    def __init__(self, connection_id: str) -> None:
        self._cluster = ClusterConnection(connection_id)

    def read(self, place: ConfigMapKey) -> Stored:
        """Return what a ConfigMap has under a key."""
        return stored(self.fetch(place.namespace, place.name, TIMEOUT_SECONDS), place.key)

    def fetch(self, namespace: str, name: str, timeout: tuple[int, int]) -> V1ConfigMap:
        """Return a whole ConfigMap; `timeout` is in seconds, to connect and to answer."""
        with self._cluster.asking("get", "configmaps", namespace, name):
            core = self._cluster.hook.core_v1_client
            return core.read_namespaced_config_map(name, namespace, _request_timeout=timeout)

    def patch(self, place: ConfigMapKey, operations: list[dict[str, object]]) -> Stored:
        """Apply a JSON-Patch (RFC 6902), and return what the key has then."""
        with self._cluster.asking("patch", "configmaps", place.namespace, place.name):
            core = self._cluster.hook.core_v1_client
            patched = core.patch_namespaced_config_map(
                place.name,
                place.namespace,
                operations,  # the client sends a list as JSON-Patch
                field_manager=FIELD_MANAGER,
                _request_timeout=TIMEOUT_SECONDS,
            )
        return stored(patched, place.key)


class ConfigMapHome:
    """One key of a ConfigMap; see `Home` for what the methods promise.

    Args:
        api: The way to the cluster.
        place: The key.
        name: What messages call the setting.
        give_up_after: How long a cluster that does not answer is asked again.
    """

    def __init__(
        self, api: ConfigMapApi, place: ConfigMapKey, name: str, *, give_up_after: timedelta = _GIVE_UP_AFTER
    ) -> None:
        self._api = api
        self._place = place
        self._name = name
        self._give_up_after = give_up_after

    def read(self) -> Stored:
        """Read it, again and again while the cluster does not answer."""
        with _told():
            return retrying(self._give_up_after)(lambda: self._api.read(self._place))

    def change(self, seen: Stored, text: str) -> None:
        """Set it, provided that it is the ConfigMap that was seen and has the text it had then.

        Takes one call, unless the cluster does not answer clearly: then it is asked what became of the change before
        anything is sent again, so that it never takes effect twice.

        Raises:
            ChangedError: Somebody else changed it; it was left alone.
            UncertainChangeError: It was sent, and what became of it could not be found out.
            ConfigurationError: Any other, and it was left alone.
        """
        change = KeyChange(self._api, self._place, seen, text)
        try:
            retrying(self._give_up_after)(change.attempt)
        except (WorkersError, _MovedError) as error:
            if change.uncertain:
                raise UncertainChangeError(f"{self._name} may or may not have been set: {error}") from error
            kind = ChangedError if isinstance(error, _MovedError) else ConfigurationError
            raise kind(f"{self._name} was {error} meanwhile" if kind is ChangedError else str(error)) from error


class _MovedError(Exception):
    """Somebody else changed the key, or the ConfigMap is another one."""


class KeyChange(Attempts[Stored]):
    """One change of one key.

    It is sent again only if it has surely not taken effect: the same text alone could mean that it has, and that
    somebody has set it back.
    """

    def __init__(self, api: ConfigMapApi, place: ConfigMapKey, seen: Stored, text: str) -> None:
        super().__init__()
        self._api = api
        self._place = place
        self._seen = seen
        self._text = text

    def _send(self) -> Stored:
        return self._api.patch(self._place, self._operations())

    def _operations(self) -> list[dict[str, object]]:
        is_me: dict[str, object] = {"op": "test", "path": "/metadata/uid", "value": self._seen.uid}
        if not self._seen.has_neighbours:
            # No parent to put the key into. What is not there passes a test for null.
            nothing: dict[str, object] = {"op": "test", "path": "/data", "value": None}
            return [is_me, nothing, {"op": "add", "path": "/data", "value": {self._place.key: self._text}}]
        path = f"/data/{self._place.key.replace('~', '~0').replace('/', '~1')}"
        return [
            is_me,
            {"op": "test", "path": path, "value": self._seen.text},
            {"op": "add", "path": path, "value": self._text},
        ]

    def _find_out(self) -> Stored | None:
        now = self._api.read(self._place)
        is_same = now.uid == self._seen.uid
        untouched = now.text == self._seen.text and now.has_neighbours == self._seen.has_neighbours
        if is_same and (now.version == self._seen.version or (untouched and not self.uncertain)):
            return None
        if is_same and self.uncertain and now.text == self._text:
            return now
        raise _MovedError(_change_in_words(self._seen, now))


def read_all(api: ConfigMapApi, namespace: str, name: str) -> Mapping[str, str]:
    """Look at a whole ConfigMap once, for a page.

    Raises:
        ConfigurationError: It could not be read.
    """
    with _told():
        return dict(api.fetch(namespace, name, PAGE_TIMEOUT_SECONDS).data or {})


def stored(config_map: V1ConfigMap, key: str) -> Stored:
    """Return what a ConfigMap has under a key."""
    metadata, data = config_map.metadata, config_map.data or {}
    return Stored(
        text=data.get(key),
        uid=metadata.uid,
        version=metadata.resource_version,
        has_neighbours=bool(data),
        managers=tuple(
            entry.manager
            for entry in metadata.managed_fields or ()
            if f"f:{key}" in (entry.fields_v1 or {}).get("f:data", {})
        ),
    )


def _change_in_words(seen: Stored, now: Stored) -> str:
    if now.text == seen.text:
        return f"changed while it was, or is again, {shown(now.text)}"
    by = " and ".join(now.managers) or "an unknown client"
    return f"changed from {shown(seen.text)} to {shown(now.text)} by {by}"


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except WorkersError as error:
        raise ConfigurationError(str(error)) from error

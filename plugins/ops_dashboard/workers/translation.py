"""From what the Kubernetes client raises to `WorkersError`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ops_dashboard.workers.errors import (
    ClusterDownError,
    ConflictError,
    NotPermittedError,
    RejectedError,
    WorkersError,
    WorkloadMissingError,
)

if TYPE_CHECKING:
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError


@contextmanager
def plain_errors(
    connection_id: str, host: str, what: str, namespace: str, manifest: str = "deploy/rbac.yaml"
) -> Iterator[None]:
    """Translate what a call raises.

    Args:
        connection_id: The Airflow connection to the cluster.
        host: Address of the API server.
        what: What the call does: a verb, a resource and maybe its name, such as `get deployments bidder`.
        namespace: Where it does it.
        manifest: The file with the rights that it takes.

    Raises:
        WorkersError: The call failed.
    """
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        raise _from_answer(error, connection_id, host, what, namespace, manifest=manifest) from error
    except AttributeError as error:
        # When TLS fails, the client (36.0) trips over the missing body of its own error.
        if not isinstance(error.__context__, ApiException):
            raise
        raise _from_answer(error.__context__, connection_id, host, what, namespace, manifest=manifest) from error
    except HTTPError as error:
        reason, sent = _from_transport(error)
        raise ClusterDownError(connection_id, host, reason, sent=sent) from error


def _from_answer(
    error: ApiException, connection_id: str, host: str, what: str, namespace: str, *, manifest: str
) -> WorkersError:
    status = error.status or 0  # 0 stands for a failed TLS handshake
    if status in {0, 429} or status >= 500:
        reason = " ".join(str(error.reason).split())
        return ClusterDownError(
            connection_id,
            host,
            f"{status} {reason}" if status else reason,
            sent=status >= 500,
            retry_after=_seconds_to_wait(error),
        )
    kinds: dict[int, tuple[type[WorkersError], str]] = {
        401: (NotPermittedError, "does not accept its credentials"),
        403: (NotPermittedError, f"does not let its user {what} in namespace {namespace}, see {manifest}"),
        404: (WorkloadMissingError, f"has no {what.partition(' ')[2]} in namespace {namespace}"),
        409: (ConflictError, f"was asked to {what} in namespace {namespace} twice at the same moment"),
    }
    rejected = (RejectedError, f"refuses to {what} in namespace {namespace}: {_sentence(error)}")
    kind, message = rejected if _is_about_more_than_rights(error) else kinds.get(status, rejected)
    return kind(f"the cluster of connection {connection_id} {message}")


def _from_transport(error: HTTPError) -> tuple[str, bool]:
    """Return the reason in words, and whether the request may have reached the server."""
    from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ReadTimeoutError

    match error:
        case NameResolutionError():
            return "its name cannot be resolved", False
        case NewConnectionError():
            return str(error).rpartition("] ")[2], False
        case ConnectTimeoutError():
            return "no connection in time", False
        case ReadTimeoutError():
            return "no answer in time", True
    return "the connection broke", True


def _seconds_to_wait(error: ApiException) -> float | None:
    value = (error.headers or {}).get("Retry-After", "")
    return float(value) if value.isdigit() else None


def _is_about_more_than_rights(error: ApiException) -> bool:
    """Quotas and admission rules answer 403, too; about rights it is always which `User "..."` cannot do what."""
    sentence = _sentence(error)
    return error.status == 403 and "forbidden: " in sentence and 'User "' not in sentence


def _sentence(error: ApiException) -> str:
    """What the Status object in the answer says."""
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return f"{error.status} {error.reason}"

"""What becomes of each way in which a call to a cluster can fail."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import cast

import pytest
from kubernetes.client.exceptions import ApiException
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from ops_dashboard.workers import ClusterDownError, NotPermittedError, WorkersError, WorkloadMissingError
from ops_dashboard.workers.errors import ConflictError, RejectedError
from ops_dashboard.workers.translation import plain_errors

CONNECTION = HTTPConnection("cluster")
POOL = cast("HTTPConnectionPool", None)


def translated(error: Exception) -> WorkersError:
    with pytest.raises(WorkersError) as raised, plain_errors("prod", "https://cluster", "get deployments web", "ads"):
        raise error
    return raised.value


def answered(status: int, body: str = "", **headers: str) -> WorkersError:
    response = SimpleNamespace(status=status, reason="Reason", data=body, getheaders=lambda: headers)
    return translated(ApiException(http_resp=response))


@pytest.mark.parametrize(
    ("error", "reason", "sent"),
    [
        (NewConnectionError(CONNECTION, "no: [Errno 111] Connection refused"), "Connection refused", False),
        (NameResolutionError("cluster", CONNECTION, OSError()), "its name cannot be resolved", False),  # type: ignore[arg-type]
        (ConnectTimeoutError(), "no connection in time", False),
        (ReadTimeoutError(POOL, "/", "timed out"), "no answer in time", True),
        (ProtocolError("Connection broken"), "the connection broke", True),
    ],
)
def test_a_connection_that_fails_tells_how_and_whether_the_request_may_have_arrived(
    error: HTTPError, reason: str, sent: bool
) -> None:
    down = translated(error)

    assert isinstance(down, ClusterDownError)
    assert str(down) == f"the cluster of connection prod at https://cluster does not answer: {reason}"
    assert down.sent is sent


@pytest.mark.parametrize(("status", "sent"), [(429, False), (500, True), (502, True), (503, True), (504, True)])
def test_a_server_that_cannot_answer_now_is_down(status: int, sent: bool) -> None:
    down = answered(status)

    assert isinstance(down, ClusterDownError)
    assert str(down).endswith(f"does not answer: {status} Reason")
    assert (down.sent, down.retry_after) == (sent, None)


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("0", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)]
)
def test_a_pause_that_the_server_asks_for_is_kept_if_it_is_a_number(value: str, seconds: float | None) -> None:
    down = answered(429, **{"Retry-After": value})

    assert isinstance(down, ClusterDownError)
    assert down.retry_after == seconds


def test_tls_that_fails_is_told_in_one_line() -> None:
    failed = ApiException(status=0, reason="SSLError\ncertificate verify failed")
    try:
        try:
            raise failed
        except ApiException:
            raise AttributeError("as the client does")  # noqa: B904
    except AttributeError as error:
        down = translated(error)

    assert str(down).endswith("does not answer: SSLError certificate verify failed")


def test_an_error_of_our_own_stays_what_it_is() -> None:
    with pytest.raises(AttributeError, match="ours"), plain_errors("prod", "https://cluster", "get x", "ads"):
        raise AttributeError("ours")


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (401, NotPermittedError, "does not accept its credentials"),
        (403, NotPermittedError, "does not let its user get deployments web in namespace ads, see deploy/rbac.yaml"),
        (404, WorkloadMissingError, "has no deployments web in namespace ads"),
        (409, ConflictError, "was asked to get deployments web in namespace ads twice at the same moment"),
        (400, RejectedError, "refuses to get deployments web in namespace ads: 400 Reason"),
    ],
)
def test_an_answer_is_told_by_its_meaning(status: int, kind: type[WorkersError], message: str) -> None:
    error = answered(status)

    assert type(error) is kind
    assert str(error) == f"the cluster of connection prod {message}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [('{"message": "denied by a webhook"}', "denied by a webhook"), ("[]", "422 Reason"), ("<html>", "422 Reason")],
)
def test_a_refusal_is_told_in_the_servers_words_if_it_has_any(body: str, reason: str) -> None:
    assert str(answered(422, body)).endswith(f": {reason}")


@pytest.mark.parametrize(
    "said",
    ['pods "a" is forbidden: exceeded quota: pods', 'pods "a" is forbidden: violates PodSecurity "baseline:latest"'],
)
def test_what_is_forbidden_for_another_reason_than_rights_is_told_in_the_servers_words(said: str) -> None:
    error = answered(403, json.dumps({"message": said}))
    assert type(error) is RejectedError
    assert str(error).endswith(f": {said}")


def test_missing_rights_name_the_manifest() -> None:
    said = 'pods is forbidden: User "ops" cannot create resource "pods" in API group "" in the namespace "ads"'
    assert str(answered(403, json.dumps({"message": said}))).endswith("in namespace ads, see deploy/rbac.yaml")

"""Run a container image in a pod."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowException

from ops_dashboard.operations import PreparedPod
from ops_dashboard.text import shorten
from ops_dashboard.workers import NotConfiguredError, WorkersError, WorkloadMissingError
from ops_dashboard.workers.connection import ClusterConnection
from ops_dashboard.workers.diagnosis import find_pod_problem
from ops_dashboard.workers.translation import plain_errors
from ops_operators.cancelling import CancellationWatch, CancelledError
from ops_operators.interruption import Interruption, interrupted_when
from ops_operators.operation import RunOperationOperator, output
from ops_operators.verdicts import FailedError, UncertainError

if TYPE_CHECKING:
    from kubernetes.client import V1Pod

    from ops_dashboard.scripts import JsonValue
    from ops_operators.pod_launch import PodLaunch

_MANIFEST = "deploy/rbac-pods.yaml"
_SUCCEEDED, _FAILED = "Succeeded", "Failed"
_LONGEST_MESSAGE = 500


class PodOperator(RunOperationOperator[PreparedPod]):
    """Run a pod to its end; then it is gone, however that end came.

    Args:
        starts_within: How long it may take to get a node, and then how long to start there, within the time that the
            operation has; long enough for a cluster autoscaler, and for an image of usual size.
    """

    def __init__(self, *, starts_within: timedelta = timedelta(minutes=2), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.starts_within = starts_within

    def carry_out(self, prepared: PreparedPod, watch: CancellationWatch) -> JsonValue:
        """Run it, what it says into the log as it comes; it leaves no result."""
        from ops_operators.pod_launch import launch_of

        if watch.reason is not None:
            raise CancelledError(f"{watch.reason}; nothing was run")
        try:
            hook = ClusterConnection(prepared.run.connection).hook
        except NotConfiguredError as error:
            raise FailedError(f"{error}; nothing was run") from error
        launch = launch_of(prepared, watch, hook, self.starts_within)
        with _removed_afterwards(launch), _told_plainly(prepared, launch):
            with interrupted_when(_Supervision(prepared, watch, launch).why_to_end):
                # Not `execute`: that one logs a warning about being called inside another operator.
                launch.execute_sync(get_current_context())
            _judge(launch, launch.remote_pod)
        return None


class _Supervision:
    """Says when a pod has to end before it has finished. Before there is a pod there is nothing to end."""

    def __init__(self, prepared: PreparedPod, watch: CancellationWatch, launch: PodLaunch) -> None:
        self._seconds = prepared.limits.seconds
        self._deadline = time.monotonic() + prepared.limits.seconds
        self._watch = watch
        self._launch = launch

    def why_to_end(self) -> FailedError | None:
        if self._launch.pod is None:
            return None
        if self._watch.reason is not None:
            return CancelledError(f"pod {self._launch.pod_name} was ended before it had finished: {self._watch.reason}")
        if time.monotonic() > self._deadline:
            return FailedError(
                f"pod {self._launch.pod_name} was ended because it had not finished after {self._seconds:g} seconds"
            )
        return None


@contextmanager
def _removed_afterwards(launch: PodLaunch) -> Iterator[None]:
    try:
        yield
    finally:
        ended = launch.remote_pod is not None and launch.remote_pod.status.phase in {_SUCCEEDED, _FAILED}
        if not launch.remove():
            left = f"pod {launch.pod_name} in namespace {launch.namespace} could not be removed"
            if not ended:
                raise UncertainError(f"{left} and may still be running: look at it")
            output.warning("%s; it has ended", left)


@contextmanager
def _told_plainly(prepared: PreparedPod, launch: PodLaunch) -> Iterator[None]:
    """Say of what the provider raises what it means to who reads the record."""
    try:
        with (
            plain_errors(
                prepared.run.connection,
                launch.client.api_client.configuration.host,
                "run pods",
                prepared.run.namespace,
                _MANIFEST,
            ),
            _unwrapped(),
        ):
            yield
    except Interruption as interruption:
        raise _completed(interruption.cause, launch) from None
    except WorkloadMissingError as error:
        gone = f"pod {launch.pod_name} is gone: somebody else has removed it, and how it ended is not known"
        missing = f"the cluster of connection {prepared.run.connection} has no namespace {prepared.run.namespace}"
        raise FailedError(gone if launch.pod is not None else f"{missing}; nothing was run") from error
    except WorkersError as error:
        raise FailedError(str(error)) from error
    except AirflowException as error:
        raise FailedError(_not_started(launch, error)) from error


@contextmanager
def _unwrapped() -> Iterator[None]:
    """Of an error in reaching the cluster, which the provider wraps into its text, raise what was there first."""
    from airflow.providers.cncf.kubernetes.kubernetes_helper_functions import KubernetesApiException

    try:
        yield
    except KubernetesApiException as error:
        raise (error.__context__ or error) from error


def _completed(cause: Exception, launch: PodLaunch) -> Exception:
    """Add to a timeout what the pod was waiting for, if that is known."""
    problem = None if isinstance(cause, CancelledError) else _problem(launch.seen())
    return FailedError(f"{cause}; {problem}") if problem else cause


def _not_started(launch: PodLaunch, error: AirflowException) -> str:
    pod = launch.seen()
    if pod is not None and pod.status.phase == _FAILED:
        return _failure(launch.pod_name, pod)
    return f"pod {launch.pod_name} did not start: {_problem(pod) or _one_line(str(error))}"


def _judge(launch: PodLaunch, pod: V1Pod) -> None:
    if pod.status.phase != _SUCCEEDED:
        raise FailedError(_failure(launch.pod_name, pod))


def _failure(name: str, pod: V1Pod) -> str:
    """The container's exit code and reason, and what the cluster says of the pod, if it does."""
    ends = [container.state.terminated for container in pod.status.container_statuses or () if container.state]
    told = [f"exit code {end.exit_code}{_bracketed(end.reason)}{_after_colon(end.message)}" for end in ends if end]
    if pod.status.reason:
        told.append(f"{pod.status.reason}{_after_colon(pod.status.message)}")
    return f"pod {name} failed: {', '.join(told) or _problem(pod) or 'the cluster does not say why'}"


def _problem(pod: V1Pod | None) -> str | None:
    problem = find_pod_problem(pod, datetime.now(UTC)) if pod is not None else None
    return _one_line(problem.message) if problem is not None else None


def _bracketed(text: str | None) -> str:
    return f" ({text})" if text else ""


def _after_colon(text: str | None) -> str:
    return f": {_one_line(text)}" if text else ""


def _one_line(text: str) -> str:
    return shorten(" ".join(text.split()), _LONGEST_MESSAGE)

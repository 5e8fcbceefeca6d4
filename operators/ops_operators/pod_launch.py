"""The provider's pod operator, made for one pod that is run once; imported only in the task: it takes a second.

It is executed inside an act, so nothing is rendered: Airflow renders the templates of the task's own operator only.
"""

from __future__ import annotations

import time
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.utils.pod_manager import PodManager
from kubernetes.client import V1EnvVar, V1Pod, V1ResourceRequirements, V1SeccompProfile, V1SecurityContext
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from ops_dashboard.operations.pod_runs import PARAMETERS_VARIABLE
from ops_dashboard.scripts.output import Output
from ops_operators.operation import output
from ops_operators.script import LogWatcher

if TYPE_CHECKING:
    from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook

    from ops_dashboard.operations import PreparedPod
    from ops_operators.cancelling import CancellationWatch

CONTAINER = "operation"

_GRACE_SECONDS = 10  # from being asked to end to being killed
_GONE_WITHIN_SECONDS = 25
_LOOK_EVERY_SECONDS = 1
_TIMEOUT_SECONDS = (3, 10)  # to connect, to answer
_EXPIRED, _FORBIDDEN, _GONE = 401, 403, 404


class OutputReader(PodManager):
    """Writes what the container says where what operations say belongs, and can do without it.

    Args:
        kube_client: As the provider has it.
        lines: Takes what the container says.

    Attributes:
        refused: Whether the cluster forbids to create the pod.
    """

    def __init__(self, kube_client: Any, lines: Output) -> None:  # noqa: ANN401 - the client has no types
        super().__init__(kube_client=kube_client)
        self._lines = lines
        self.refused = False

    def run_pod_async(self, pod: V1Pod, **kwargs: Any) -> V1Pod:
        """Create the pod. The provider's would log the whole of it, with a traceback, if that is refused."""
        try:
            return self._client.create_namespaced_pod(pod.metadata.namespace, pod, **kwargs)
        except ApiException as error:
            self.refused = error.status == _FORBIDDEN
            raise

    def fetch_requested_container_logs(self, pod: V1Pod, *args: Any, **kwargs: Any) -> list[Any]:
        """Follow the output to its end. If there is none to be had, the pod's phase tells all the same how it ended."""
        try:
            return super().fetch_requested_container_logs(pod, *args, **kwargs)
        except ApiException as error:
            if error.status in {_EXPIRED, _GONE}:
                raise
            output.warning("What %s says can't be read: %s %s", pod.metadata.name, error.status, error.reason)
            return []
        finally:
            self._lines.end()

    def _log_message(self, message: str, *_: object, **__: object) -> None:
        # The last line of a container comes with its end, the others without.
        self._lines.feed(message.removesuffix("\n").encode() + b"\n")


class PodLaunch(KubernetesPodOperator):
    """Creates the pod, waits for its start and its end. Whoever executes it judges how it ended, then removes it."""

    template_fields = ()
    lines: Output

    @cached_property
    def pod_manager(self) -> OutputReader:
        """The provider's, but for the output."""
        return OutputReader(self.client, self.lines)

    def cleanup(self, *_: object, **__: object) -> None:
        """Nothing yet: the provider's would remove the pod before anybody has seen why it failed."""

    @property
    def pod_name(self) -> str:
        """The name in the cluster, once there is one."""
        return str(self.pod_request_obj.metadata.name) if self.pod_request_obj is not None else ""

    def seen(self) -> V1Pod | None:
        """The pod as it is now, or as it was last seen."""
        try:
            return self.client.read_namespaced_pod(self.pod_name, self.namespace, _request_timeout=_TIMEOUT_SECONDS)
        except (ApiException, HTTPError):
            return self.remote_pod

    def remove(self) -> bool:
        """Delete the pod, and return whether it is gone for sure; asks again until it is, for some time."""
        deadline = time.monotonic() + _GONE_WITHIN_SECONDS
        while self.pod_name and time.monotonic() < deadline:
            try:
                self.client.delete_namespaced_pod(self.pod_name, self.namespace, _request_timeout=_TIMEOUT_SECONDS)
            except ApiException as error:
                # Where no pod may be created, none may be deleted, either.
                if error.status == _GONE or (error.status == _FORBIDDEN and self.pod_manager.refused):
                    return True
            except HTTPError:
                pass
            time.sleep(_LOOK_EVERY_SECONDS)
        return not self.pod_name


def launch_of(
    prepared: PreparedPod, watch: CancellationWatch, hook: KubernetesHook, starts_within: timedelta
) -> PodLaunch:
    """Describe the pod.

    Args:
        prepared: What runs.
        watch: Of the run.
        hook: Reaches the cluster.
        starts_within: How long it may take to get a node, and then how long to start there.
    """
    run = prepared.run
    resources = {"cpu": run.cpu, "memory": run.memory}
    launch = PodLaunch(
        task_id="pod",
        kubernetes_conn_id=run.connection,
        namespace=run.namespace,
        name=f"ops-{prepared.operation}",
        random_name_suffix=True,
        labels={"app.kubernetes.io/managed-by": "ops-dashboard", "ops-dashboard/operation": prepared.operation},
        base_container_name=CONTAINER,
        image=run.image,
        # Kubernetes would put the value of a variable, such as what a person gave, in place of $(NAME).
        cmds=[part.replace("$", "$$") for part in run.command],
        env_vars=[V1EnvVar(name=PARAMETERS_VARIABLE, value=prepared.document)],
        container_resources=V1ResourceRequirements(requests=resources, limits=resources),
        automount_service_account_token=False,
        container_security_context=V1SecurityContext(
            allow_privilege_escalation=False,
            privileged=False,
            seccomp_profile=V1SeccompProfile(type="RuntimeDefault"),
        ),
        # Should nobody be left to end it, the cluster does.
        active_deadline_seconds=round(prepared.limits.seconds),
        termination_grace_period=_GRACE_SECONDS,
        startup_timeout_seconds=round(starts_within.total_seconds()),
        startup_check_interval_seconds=_LOOK_EVERY_SECONDS,
        get_logs=True,
        do_xcom_push=False,
        deferrable=False,
        durable=False,  # a pod of another try is never taken over
        on_finish_action="delete_pod",
        log_pod_spec_on_failure=False,
        retries=0,
    )
    launch.hook = hook
    launch.lines = Output(prepared.limits, LogWatcher(watch))
    return launch

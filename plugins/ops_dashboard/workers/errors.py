"""Why a cluster could not be read or changed. Each message is read by the person who asked."""

from __future__ import annotations

from ops_dashboard.workers.models import Change


class WorkersError(Exception):
    """Base of what goes wrong with a cluster."""


class NotConfiguredError(WorkersError):
    """The Airflow connection to the cluster does not exist or cannot be used."""

    def __init__(self, connection_id: str, reason: str) -> None:
        super().__init__(f"the Airflow connection {connection_id} cannot be used: {reason}")


class ClusterDownError(WorkersError):
    """The cluster gave no answer, or one that asks to come back later.

    Attributes:
        sent: Whether the request may have had an effect all the same.
        retry_after: Seconds that the cluster asked to wait, if it did.
    """

    def __init__(
        self, connection_id: str, host: str, reason: str, *, sent: bool, retry_after: float | None = None
    ) -> None:
        super().__init__(f"the cluster of connection {connection_id} at {host} does not answer: {reason}")
        self.sent = sent
        self.retry_after = retry_after


class ChangeUncertainError(WorkersError):
    """A change was sent, but no answer came, and the cluster cannot be asked whether it took effect."""

    def __init__(self, pool: str, replicas: int, cause: WorkersError) -> None:
        super().__init__(f"{pool} may or may not have been set to {replicas}: {cause}")


class RestartUncertainError(WorkersError):
    """A restart was sent, but no answer came."""

    def __init__(self, workload: str, cause: WorkersError) -> None:
        super().__init__(f"{workload} may or may not have been restarted: {cause}")


class NotPermittedError(WorkersError):
    """The cluster does not let the connection's user do what is needed."""


class WorkloadMissingError(WorkersError):
    """The workload, or another object that was asked for, does not exist or is being deleted."""


class ConflictError(WorkersError):
    """The cluster saw another write at the same moment and wrote nothing; trying again may work."""


class RejectedError(WorkersError):
    """The cluster did not accept the request: a test in it failed, or a rule of the cluster forbids it."""


class ChangedMeanwhileError(WorkersError):
    """Somebody else changed the workload after it was read, so it was left alone.

    Attributes:
        change: What they did.
    """

    def __init__(self, pool: str, change: Change) -> None:
        super().__init__(f"{pool} was {change} meanwhile")
        self.change = change

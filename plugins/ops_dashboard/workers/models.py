"""What is seen of a worker pool, and the protocol of whatever sees and changes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ops_dashboard.catalog import Pool, WorkloadKind


class Workload(Protocol):
    """Where a workload is, on a cluster that is known already; every pool tells it."""

    @property
    def namespace(self) -> str:
        """Its namespace."""

    @property
    def kind(self) -> WorkloadKind:
        """What it is."""

    @property
    def workload(self) -> str:
        """Its name in Kubernetes."""


class PoolState(StrEnum):
    """How a pool is doing, by its cause. The values are part of the JSON API; `label` is for people."""

    HEALTHY = "healthy"
    SCALED_TO_ZERO = "scaled_to_zero"
    ROLLING_OUT = "rolling_out"
    QUOTA_EXCEEDED = "quota_exceeded"
    IMAGE_UNAVAILABLE = "image_unavailable"
    CRASHING = "crashing"
    UNSCHEDULABLE = "unschedulable"
    NOT_READY = "not_ready"
    MISSING = "missing"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """The words on a badge."""
        return "Image can't be pulled" if self is PoolState.IMAGE_UNAVAILABLE else self.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that waiting alone may not cure.

    `kind` is one of the states that name a cause; `message` tells how many pods, one of them by name, and why.
    """

    kind: PoolState
    message: str


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody else did to a count.

    `by` holds the Kubernetes field managers that own the count now, such as kubectl or kube-controller-manager; more
    than one if they agree on it, none if the cluster does not tell.
    """

    before: int
    now: int
    by: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.before == self.now:
            return f"changed while its count was, or is again, {self.now}"
        return f"changed from {self.before} to {self.now} by {' and '.join(self.by) or 'an unknown client'}"


@dataclass(frozen=True, slots=True)
class Scale:
    """A worker count as it was read, with what a later change compares it to.

    `generation` counts the changes of the workload's specification; None in the answer to a change, which lacks it.
    """

    uid: str
    replicas: int
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """One pool on a page; `desired` and `ready` are None where the workload is missing."""

    pool: str
    desired: int | None
    ready: int | None
    state: PoolState
    problem: str | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class RolloutProgress:
    """A pool on its way to a count. `updated` is the number of pods of the workload's newest template."""

    desired: int
    ready: int
    updated: int
    done: bool
    problem: Problem | None = None
    changed_by_other: Change | None = None


class Workers(Protocol):
    """The worker pools of one cluster. Every method raises `WorkersError` with a message for the person who asked."""

    def read(self, pool: Pool) -> Scale:
        """Return the pool's count now."""

    def change(self, pool: Pool, seen: Scale, replicas: int) -> Scale:
        """Set the count, provided that it is still what was seen."""

    def progress(self, pool: Workload, target: int | None) -> RolloutProgress:
        """Tell how far the pool is from having `target` ready workers.

        With None it is about a restart: as many as are asked for now, all of the newest template.
        """

    def list_status(self, namespace: str, pools: Sequence[Pool]) -> list[PoolStatus]:
        """Return the status of each of these pools, all of one namespace, in the order given."""

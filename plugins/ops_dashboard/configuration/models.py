"""What is kept of a setting, and the protocol of whatever keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ops_dashboard.catalog import Scalar, Setting, WorkloadKind


@dataclass(frozen=True, slots=True)
class Stored:
    """The text that is kept, as it was read, with what a later change compares it to.

    Attributes:
        text: None if there is none.
        uid: Identity of the object that holds it; another one if it was deleted and created anew.
        version: Another one after each change of that object.
        has_neighbours: Whether the object holds any text at all.
        managers: Who set it, as far as its home knows: Kubernetes' field managers.
    """

    text: str | None
    uid: str = ""
    version: str = ""
    has_neighbours: bool = True
    managers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Current:
    """A setting's value now.

    Attributes:
        value: None if it is not set. If what is kept is of another type than the setting, its text as it is.
        problem: Why it is nothing that the setting accepts; None if it is.
    """

    value: Scalar | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RestartTarget:
    """The workload that starts anew after a change."""

    connection: str
    namespace: str
    kind: WorkloadKind
    workload: str

    def __str__(self) -> str:
        return f"{self.kind} {self.workload}"


class Home(Protocol):
    """Where one setting lives. Every method raises `ConfigurationError` with a message for the person who asked."""

    def read(self) -> Stored:
        """Read it for a change, with patience."""

    def change(self, seen: Stored, text: str) -> None:
        """Set it, provided that it is still what was seen."""


def restart_target(setting: Setting) -> RestartTarget | None:
    """Return what has to start anew to see a changed value of a setting, if it says so."""
    place = setting.config_map
    if place is None or place.restart is None:
        return None
    return RestartTarget(place.connection, place.namespace, place.restart.kind, place.restart.name)

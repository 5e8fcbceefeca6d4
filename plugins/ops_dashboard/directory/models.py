"""What every source of the directory answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class DirectoryError(Exception):
    """The directory gave no complete, consistent answer; nothing was changed. The message tells why."""


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """A person.

    Attributes:
        external_id: The directory's own id: never changes, never belongs to anybody else.
        email: In lower case; by it the person is found when something is to be decided.
        name: For people to read.
        active: False for a suspended account, which may do nothing.
    """

    external_id: str
    email: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class DirectoryGroup:
    """A group and its direct members.

    Attributes:
        external_id: The directory's own id.
        name: The name that grants use.
        member_users: External ids of users.
        member_groups: External ids of groups, whose members are members of this one too. Cycles are harmless.
    """

    external_id: str
    name: str
    member_users: tuple[str, ...]
    member_groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All users and groups of one source at one moment: who is missing from it has left."""

    source: str
    users: tuple[DirectoryUser, ...]
    groups: tuple[DirectoryGroup, ...]


class DirectorySource(Protocol):
    """A place that knows who belongs to which group."""

    name: str
    """Under which its users and groups are kept."""

    def fetch(self) -> Snapshot:
        """Return everything.

        Raises:
            DirectoryError: It could not be read completely. Nothing to read is an error, never an empty snapshot.
        """

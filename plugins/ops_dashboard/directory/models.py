"""What every source of the directory answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class DirectoryError(Exception):
    """The directory gave no usable answer; nothing but suspensions was changed. The message tells why.

    Attributes:
        public: The same for everybody to read: it names nobody.
        suspended: E-mails of those who were suspended all the same, since that waits for nothing.
    """

    def __init__(self, message: str, *, public: str | None = None) -> None:
        super().__init__(message)
        self.suspended: tuple[str, ...] = ()
        self.public = message if public is None else public


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """A person.

    Attributes:
        external_id: The directory's own id: never changes, never belongs to anybody else.
        email: In lower case; by it the person is found when something is to be decided.
        name: For people to read.
        active: False for a suspended account, which may do nothing. None if the directory does not say: who is known
            then stays as they are.
    """

    external_id: str
    email: str
    name: str
    active: bool | None


@dataclass(frozen=True, slots=True)
class DirectoryGroup:
    """A group and its direct members.

    Attributes:
        external_id: The directory's own id.
        name: The name that grants use.
        member_users: External ids of users.
        member_groups: External ids of groups, whose members are members of this one too. Cycles are harmless.
        everyone: Every user of the directory is a member as well, whoever comes later included.
        problem: Why the group could not be read completely; it then keeps the name and the members it had.
    """

    external_id: str
    name: str
    member_users: tuple[str, ...]
    member_groups: tuple[str, ...]
    everyone: bool = False
    problem: str | None = None


EntryT = TypeVar("EntryT", DirectoryUser, DirectoryGroup)


@dataclass(frozen=True, slots=True)
class Listing(Generic[EntryT]):
    """All entries of one kind, or what could be read of them.

    Attributes:
        proof: How the source knows that nothing is missing: `963 users on 2 pages, the last without a token`. None if
            it does not know; then nobody counts as gone.
        problem: Why there is no proof.
    """

    entries: tuple[EntryT, ...]
    proof: str | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The users and groups of one source at one moment: who is missing from a complete one has left.

    Attributes:
        source: The source's name, under which its users and groups are kept.
        origin: What was read: the file's path, the customer's id, the server and base. Another origin under the same
            name is another directory.
        notes: What was left out and why, for people to read.
        suspended: External ids of those who are suspended and could not be listed as users, for lack of an e-mail.
    """

    source: str
    origin: str
    users: Listing[DirectoryUser]
    groups: Listing[DirectoryGroup]
    notes: tuple[str, ...] = ()
    suspended: tuple[str, ...] = ()

    @property
    def suspended_ids(self) -> frozenset[str]:
        """External ids of all whom the directory shows as suspended, whatever else is wrong with them."""
        return frozenset((*self.suspended, *(user.external_id for user in self.users.entries if user.active is False)))

    @property
    def readable_groups(self) -> tuple[DirectoryGroup, ...]:
        """Those whose members are known."""
        return tuple(group for group in self.groups.entries if group.problem is None)

    @property
    def unread_groups(self) -> tuple[DirectoryGroup, ...]:
        """Those that could not be read completely."""
        return tuple(group for group in self.groups.entries if group.problem is not None)


class DirectorySource(Protocol):
    """A place that knows who belongs to which group."""

    def fetch(self) -> Snapshot:
        """Return everything, each id once, with proof that it is everything where there is any.

        Raises:
            DirectoryError: Nothing useful could be read. Nothing to read is an error, never an empty snapshot.
        """

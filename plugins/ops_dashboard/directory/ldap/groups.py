"""The groups of an LDAP directory, and who is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops_dashboard.directory.ldap.entries import UNDECODABLE, a_few, first_text, take_inventory
from ops_dashboard.directory.ldap.names import ByName
from ops_dashboard.directory.ldap.searching import all_values
from ops_dashboard.directory.ldap.session import Entry, LdapError, Session
from ops_dashboard.directory.ldap.users import Users
from ops_dashboard.directory.models import DirectoryGroup, Listing

if TYPE_CHECKING:
    from ops_dashboard.directory.ldap.settings import LdapSettings


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups that were found.

    Attributes:
        notes: What to know about them.
    """

    listing: Listing[DirectoryGroup]
    notes: tuple[str, ...]


def read_groups(session: Session, settings: LdapSettings, users: Users) -> Groups:
    """List all groups, and who of the users and groups is in them.

    Raises:
        LdapError: There are none, or no entry to search below.
    """
    base, attributes = (
        settings.group_base or settings.base_dn,
        (settings.group_name_attribute, settings.member_attribute),
    )
    inventory = take_inventory(session, "groups", base, settings.groups_filter, settings.id_attribute, *attributes)
    if not inventory.entries and not inventory.problem:
        raise LdapError(f"groups_filter finds no group: {settings.groups_filter}")
    known = {entry.name: _Member(external_id, is_user=False) for entry, external_id in inventory.entries}
    known |= {name: _Member(external_id, is_user=True) for name, external_id in users.ids.items()}
    reader = _Reader(session, settings, ByName(known), knows_all=bool(users.listing.proof and inventory.proof))
    groups = tuple(reader.group(entry, external_id) for entry, external_id in inventory.entries)
    return Groups(Listing(groups, inventory.proof, inventory.problem), (*inventory.notes, *reader.notes()))


@dataclass(frozen=True, slots=True)
class _Member:
    external_id: str
    is_user: bool


class _Reader:
    """Makes groups of entries."""

    def __init__(self, session: Session, settings: LdapSettings, known: ByName[_Member], *, knows_all: bool) -> None:
        self._session = session
        self._settings = settings
        self._known = known
        self._knows_all = knows_all
        self._left_out: list[str] = []

    def group(self, entry: Entry, external_id: str) -> DirectoryGroup:
        name = first_text(entry, self._settings.group_name_attribute)
        try:
            values = all_values(self._session, entry, self._settings.member_attribute)
        except LdapError as error:
            return DirectoryGroup(external_id, name, (), (), problem=str(error))
        members, strangers = self._members(values)
        self._left_out += strangers
        return DirectoryGroup(
            external_id,
            name,
            member_users=tuple(member.external_id for member in members if member.is_user),
            member_groups=tuple(member.external_id for member in members if not member.is_user),
            problem=self._problem(entry, name, strangers),
        )

    def notes(self) -> tuple[str, ...]:
        if not self._left_out:
            return ()
        return (f"members left out that are neither users nor groups here: {a_few(self._left_out)}",)

    def _members(self, values: tuple[bytes, ...]) -> tuple[list[_Member], list[str]]:
        members, strangers = [], []
        for value in values:
            name = value.decode(errors="replace")
            member = self._known.find(name)
            if member is None:
                strangers.append(name)
            else:
                members.append(member)
        return members, strangers

    def _problem(self, entry: Entry, name: str, strangers: list[str]) -> str | None:
        attribute = self._settings.group_name_attribute
        if len(entry.values(attribute)) > 1:
            return f"{attribute} has {len(entry.values(attribute))} values, and any of them could be its name"
        if UNDECODABLE in name:
            return f"{attribute} is not text"
        if strangers and not self._knows_all:
            return f"not everybody was read who may be in it: {len(strangers)} of its members"
        return None

"""The users of an LDAP directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops_dashboard.directory.ldap.entries import Inventory, a_few, first_text, take_inventory
from ops_dashboard.directory.ldap.session import Entry, LdapError, Session
from ops_dashboard.directory.models import DirectoryUser, Listing

if TYPE_CHECKING:
    from ops_dashboard.directory.ldap.settings import LdapSettings

# [MS-ADTS] 2.2.16: ADS_UF_ACCOUNT_DISABLE.
_FLAGS = "userAccountControl"
_ACCOUNT_DISABLED = 2


@dataclass(frozen=True, slots=True)
class Users:
    """The users that were found.

    Attributes:
        ids: By the distinguished names of their entries.
        notes: What to know about them.
    """

    listing: Listing[DirectoryUser]
    ids: Mapping[str, str]
    notes: tuple[str, ...]


def read_users(session: Session, settings: LdapSettings) -> Users:
    """List all users.

    Raises:
        LdapError: There are none, or no entry to search below.
    """
    inventories = _inventories(session, settings)
    reader = _Reader(settings)
    for active, inventory in inventories.items():
        for entry, external_id in inventory.entries:
            reader.add(entry, external_id, active=active)
    problem = "; ".join(filter(None, (*(each.problem for each in inventories.values()), reader.problem)))
    if not reader.users:
        raise LdapError(problem or f"users_filter finds nobody: {settings.users_filter}")
    proof = None if problem else " and ".join(each.proof for each in inventories.values() if each.proof)
    notes = [note for each in inventories.values() for note in each.notes]
    return Users(Listing(tuple(reader.users), proof, problem or None), reader.ids, (*notes, *reader.notes))


class _Reader:
    """Makes users of entries."""

    def __init__(self, settings: LdapSettings) -> None:
        self.users: list[DirectoryUser] = []
        self.ids: dict[str, str] = {}
        self._settings = settings
        self._without_flags: list[str] = []
        self._with_several_emails: list[str] = []

    def add(self, entry: Entry, external_id: str, *, active: bool) -> None:
        disabled = self._settings.vendor == "active-directory" and _is_disabled(entry)
        if disabled is None:
            self._without_flags.append(entry.name)
            return
        email = first_text(entry, self._settings.email_attribute)
        name = first_text(entry, self._settings.name_attribute)
        self.users.append(DirectoryUser(external_id, email, name or email, active and not disabled))
        self.ids[entry.name] = external_id
        if len(entry.values(self._settings.email_attribute)) > 1:
            self._with_several_emails.append(entry.name)

    @property
    def problem(self) -> str | None:
        """How many can't be told to be active or suspended."""
        without = self._without_flags
        return f"users: {_FLAGS} is missing or unusable in {len(without)} entries" if without else None

    @property
    def notes(self) -> tuple[str, ...]:
        """Who they are, and who can be called by several addresses."""
        found = {
            f"{_FLAGS} is missing or unusable": self._without_flags,
            f"several values of {self._settings.email_attribute}, the first counts": self._with_several_emails,
        }
        return tuple(f"{what}: {a_few(names)}" for what, names in found.items() if names)


def _is_disabled(entry: Entry) -> bool | None:
    """Whether Active Directory has disabled an account, None if it may not be seen.

    Not a matter for a filter: one takes what may not be seen for absent ([MS-ADTS] 3.1.1.4.3), and nobody for disabled.
    """
    try:
        return bool(int(first_text(entry, _FLAGS)) & _ACCOUNT_DISABLED)
    except ValueError:
        return None


def _inventories(session: Session, settings: LdapSettings) -> dict[bool, Inventory]:
    """Search for the suspended, then for the active: who changes sides in between gains nothing by it.

    Never for all, and for the suspended among them: a filter that OpenLDAP can't evaluate, as its attribute is misspelt
    or may not be seen, finds nobody, and nobody would be suspended. Its contrary finds nobody either.
    """

    def inventory(kind: str, filter_text: str) -> Inventory:
        base = settings.user_base or settings.base_dn
        attributes = (settings.email_attribute, settings.name_attribute, _FLAGS)
        return take_inventory(session, kind, base, filter_text, settings.id_attribute, *attributes)

    everybody, suspended = settings.users_filter, settings.disabled_filter
    if suspended is None:
        return {True: inventory("users", everybody)}
    return {
        False: inventory("suspended users", f"(&{everybody}{suspended})"),
        True: inventory("active users", f"(&{everybody}(!{suspended}))"),
    }

"""What the entries of a directory say, and whether they are all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ops_dashboard.directory.ldap.searching import find_all
from ops_dashboard.directory.ldap.session import Entry, Session
from ops_dashboard.text import shown

UNDECODABLE = "\N{REPLACEMENT CHARACTER}"

_EXAMPLES = 3
_GUID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Inventory:
    """The entries that a search found, and their ids.

    Attributes:
        proof: How it is known that they are all, None if it is not known.
        problem: Why it is not known. Everybody may read it, so it names nobody.
        notes: Examples, for those who may know them.
    """

    entries: tuple[tuple[Entry, str], ...]
    proof: str | None
    problem: str | None
    notes: tuple[str, ...]


def take_inventory(
    session: Session, kind: str, base: str, filter_text: str, id_attribute: str, *attributes: str
) -> Inventory:
    """Search for one kind of entries, with these attributes.

    An entry whose id may not be seen could be anybody, so it counts as not found, and the entries are not all.

    Raises:
        LdapError: There is no entry to search below.
    """
    found = find_all(session, base, filter_text, (id_attribute, *attributes))
    ids = [(entry, entry_id(entry, id_attribute)) for entry in found.entries]
    nameless = [entry.name for entry, external_id in ids if external_id is None]
    unusable = f"{id_attribute} is missing or unusable"
    problem = found.problem or (f"{unusable} in {len(nameless)} entries" if nameless else None)
    return Inventory(
        tuple((entry, external_id) for entry, external_id in ids if external_id is not None),
        None if problem else f"{len(ids)} {kind} on {found.pages} page(s), the last without a cookie",
        f"{kind}: {problem}" if problem else None,
        (f"{kind}, whose {unusable}: {a_few(nameless)}",) if nameless else (),
    )


def entry_id(entry: Entry, attribute: str) -> str | None:
    """Return the one value of the attribute that holds ids; None if it has not just one, or no line of text.

    The 16 bytes of Active Directory's `objectGUID` are written as its own tools write them.
    """
    values = entry.values(attribute)
    if len(values) != 1:
        return None
    if attribute.lower() == "objectguid":
        return str(UUID(bytes_le=values[0])) if len(values[0]) == _GUID_BYTES else None
    text = first_text(entry, attribute)
    return text if text and text.isprintable() and UNDECODABLE not in text else None


def first_text(entry: Entry, attribute: str) -> str:
    """Return the first of an attribute's values, empty if it has none, with `UNDECODABLE` for what is no text."""
    values = entry.values(attribute)
    return values[0].decode(errors="replace") if values else ""


def a_few(values: Sequence[str]) -> str:
    """Return how many there are, and some of them as examples."""
    more = ", …" if len(values) > _EXAMPLES else ""
    return f"{len(values)} ({', '.join(map(shown, values[:_EXAMPLES]))}{more})"

"""Everything that there is: all entries that match, all values of an attribute, or why it is not all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ops_dashboard.directory.ldap.library import RESULT_NO_SUCH_OBJECT, RESULT_SUCCESS
from ops_dashboard.directory.ldap.session import Entry, LdapError, Page, Session
from ops_dashboard.text import shown

# Fewer than the 500 of OpenLDAP and the 1000 of Active Directory, the most that they give at once by default.
_PAGE_SIZE = 200
_RANGE = re.compile(r"(.+);range=(\d+)-(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        entries: As they came; one may have come twice.
        pages: On how many pages.
        problem: Why there may be more entries than these, None if these are all.
    """

    entries: tuple[Entry, ...]
    pages: int
    problem: str | None


def find_all(session: Session, base: str, filter_text: str, attributes: tuple[str, ...]) -> Found:
    """Search at and below a base, page by page, until the server says that there are no more.

    Raises:
        LdapError: There is no such base.
    """
    gathered = _Gathered()
    cookie = b""
    while True:
        try:
            page = session.search(base, filter_text, attributes, page_size=_PAGE_SIZE, cookie=cookie)
        except LdapError as error:
            return gathered.found(f"page {gathered.pages + 1}: {error}")
        if page.code == RESULT_NO_SUCH_OBJECT:
            raise LdapError(f"there is no entry {shown(base)} to search below, or the login may not see it")
        problem = gathered.add(page)
        if problem or not page.cookie:
            return gathered.found(problem and f"page {gathered.pages}: {problem}")
        cookie = page.cookie


@dataclass(slots=True)
class _Gathered:
    """The pages so far."""

    entries: list[Entry] = field(default_factory=list)
    pages: int = 0
    _names: set[str] = field(default_factory=set)
    _cookies: set[bytes] = field(default_factory=set)

    def add(self, page: Page) -> str | None:
        """Add a page, and tell why it is neither the last nor leads to the next."""
        names = {entry.name for entry in page.entries}
        # The same cookie alone is no circle: 389 Directory Server's is always the same.
        circles = page.cookie in self._cookies and names <= self._names
        self.entries += page.entries
        self.pages += 1
        self._names |= names
        if page.code != RESULT_SUCCESS:
            return page.outcome
        if page.cookie is None:
            return "the server does not say whether it is the last"
        self._cookies.add(page.cookie)
        return "it repeats what came before, without an end" if circles else None

    def found(self, problem: str | None) -> Found:
        return Found(tuple(self.entries), self.pages, problem)


def all_values(session: Session, entry: Entry, attribute: str) -> tuple[bytes, ...]:
    """Return all values of an attribute, of which Active Directory gives no more than 1500 at once.

    It then names the attribute `member;range=0-1499`, and the last part of it `member;range=3000-*`.

    Raises:
        LdapError: Not all of them could be had.
    """
    values = [*entry.values(attribute)]
    part = _part(entry, attribute)
    while part is not None:
        if part.first != len(values):
            raise LdapError(f"{attribute}: after {len(values)} values came those from number {part.first} on")
        values += part.values
        part = None if part.is_last else _rest(session, entry, attribute, len(values))
    return tuple(values)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of an attribute's values, and the number of the first, counted from 0."""

    first: int
    values: tuple[bytes, ...]
    is_last: bool


def _part(entry: Entry, attribute: str) -> _Part | None:
    for name, values in entry.attributes.items():
        match = _RANGE.fullmatch(name)
        if match and match[1] == attribute.lower():
            return _Part(int(match[2]), values, is_last=match[3] == "*")
    return None


def _rest(session: Session, entry: Entry, attribute: str, first: int) -> _Part:
    wanted = f"{attribute};range={first}-*"
    page = session.search(entry.name, "(objectClass=*)", (wanted,))
    if page.code != RESULT_SUCCESS:
        raise LdapError(f"{wanted}: {page.outcome}")
    for found in page.entries:
        part = _part(found, attribute)
        if part is not None and (part.values or part.is_last):
            return part
    raise LdapError(f"{wanted}: the server has none")

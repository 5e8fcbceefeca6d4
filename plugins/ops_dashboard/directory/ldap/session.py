"""One conversation with an LDAP server, which ends in time, and whose every outcome is told as it is.

ldap3 by itself follows references to other servers with the password, takes a listing that was cut short by a limit for
a success, and stops in the middle of a large attribute without a word. None of this is left to it here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from typing import Any

from ops_dashboard.directory.ldap import library
from ops_dashboard.directory.models import DirectoryError
from ops_dashboard.text import shorten

_PAGED_RESULTS = "1.2.840.113556.1.4.319"
_LONGEST_REASON = 300


class LdapError(DirectoryError):
    """A question was not answered; the message tells why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry and those of its attributes that were asked for; the names of attributes in lower case."""

    name: str
    attributes: Mapping[str, tuple[bytes, ...]]

    def values(self, attribute: str) -> tuple[bytes, ...]:
        """Return an attribute's values, none if it has none or they may not be seen."""
        return self.attributes.get(attribute.lower(), ())


@dataclass(frozen=True, slots=True)
class Page:
    """The answer to a search.

    Attributes:
        code: 0 only if nothing went wrong, as RFC 4511 has it.
        outcome: The code, and what the server says about it.
        cookie: With which to ask for the next page; empty if this is the last, None if the server does not say.
    """

    entries: tuple[Entry, ...]
    code: int
    outcome: str
    cookie: bytes | None


class Session:
    """Asks one thing after the other, and nothing more once the conversation has broken down.

    Attributes:
        references: URLs of other servers that have more of what was searched for. They are not asked.
    """

    def __init__(self, connection: library.Connection, cut: Event, give_up_after: timedelta) -> None:
        self.references: dict[str, None] = {}
        self._connection = connection
        self._cut = cut
        self._give_up_after = give_up_after
        self._broken: str | None = None

    def ask(self, question: Callable[[], object]) -> dict[str, Any]:
        """Have ldap3 ask, and return the result as it has it.

        Raises:
            LdapError: There is none.
        """
        if self._broken is None and not self._cut.is_set():
            self._connection.last_error = None
            # Whatever ldap3 stumbles over in an answer comes out as it is.
            try:
                question()
            except Exception as error:
                self._broken = self._reason(error)
                raise LdapError(self._broken) from error
            result: dict[str, Any] = self._connection.result
            return result
        raise LdapError(self._broken or self._too_long)

    def search(
        self,
        base: str,
        filter_text: str,
        attributes: tuple[str, ...],
        *,
        page_size: int | None = None,
        cookie: bytes = b"",
    ) -> Page:
        """Return a page of the entries below and at a base, or without a page size the base itself.

        Raises:
            LdapError: There was no answer.
        """
        result = self.ask(
            lambda: self._connection.search(
                base,
                filter_text,
                library.BASE if page_size is None else library.SUBTREE,
                dereference_aliases=library.DEREF_NEVER,
                attributes=list(attributes),
                paged_size=page_size,
                paged_criticality=True,
                paged_cookie=cookie or None,
            )
        )
        answers = self._connection.response or []
        for answer in answers:
            if answer["type"] == "searchResRef":
                self.references.update(dict.fromkeys(answer["uri"]))
        control = result.get("controls", {}).get(_PAGED_RESULTS)
        return Page(
            entries=tuple(_entry(answer) for answer in answers if answer["type"] == "searchResEntry"),
            code=result["result"],
            outcome=outcome_of(result),
            cookie=None if control is None else control["value"]["cookie"],
        )

    @property
    def _too_long(self) -> str:
        return f"it took longer than the {self._give_up_after.total_seconds():g} s that there are for everything"

    def _reason(self, error: Exception) -> str:
        if self._cut.is_set():
            return self._too_long
        if isinstance(error, library.LDAPException):
            # The text of some of its errors is that of nested tuples.
            return shorten(self._connection.last_error or str(error), _LONGEST_REASON)
        return f"the server's answer is not understood as LDAP ({shorten(repr(error))})"


def _entry(answer: Mapping[str, Any]) -> Entry:
    attributes = answer["raw_attributes"]
    return Entry(answer["dn"], {name.lower(): tuple(values or ()) for name, values in attributes.items()})


def outcome_of(result: Mapping[str, Any]) -> str:
    """Return a result's code, and what the server says about it."""
    said = f": {shorten(result['message'], _LONGEST_REASON)}" if result["message"] else ""
    return f"{result['description']} ({result['result']}){said}"

"""A small LDAP server that answers searches as the test says: for what slapd can't do, or does not do wrong.

It takes every login, and understands filters of one comparison.
"""

from __future__ import annotations

import socketserver
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from threading import Thread
from typing import Any

from pyasn1.codec.ber import decoder
from pyasn1.error import SubstrateUnderrunError

from ops_dashboard.directory import Snapshot
from ops_dashboard.directory.ldap import LdapSettings, LdapSource
from ops_dashboard.directory.ldap.access import Access
from ops_dashboard.directory.ldap.library import encode
from ops_dashboard.directory.settings import Server

# isort: split
# Only now, when it has been imported without the warnings of its import.
from ldap3.operation.search import filter_to_string
from ldap3.protocol.rfc2696 import RealSearchControlValue, paged_search_control
from ldap3.protocol.rfc4511 import (
    BindResponse,
    Controls,
    LDAPMessage,
    PartialAttribute,
    PartialAttributeList,
    ProtocolOp,
    SearchResultDone,
    SearchResultEntry,
    SearchResultReference,
    Vals,
)

BASE = "dc=example,dc=com"
_USERS, _GROUPS = "(objectClass=user)", "(objectClass=group)"

Entry = tuple[str, Mapping[str, Sequence[str | bytes]]]
"""Its distinguished name and its attributes."""


@dataclass(frozen=True)
class Search:
    """What was asked for.

    Attributes:
        cookie: That of the page before, empty for the first page, None if no pages were asked for.
        insists: Whether a server that has no pages shall not answer at all.
    """

    base: str
    filter_text: str
    attributes: tuple[str, ...]
    cookie: bytes | None
    insists: bool


@dataclass(frozen=True)
class Answer:
    """What to say.

    Attributes:
        cookie: None to say nothing about pages.
        references: URLs of other servers.
    """

    entries: Sequence[Entry] = ()
    code: int = 0
    message: str = ""
    cookie: bytes | None = b""
    references: Sequence[str] = ()


Respond = Callable[[Search], Answer | bytes]
"""Bytes are said as they are, before hanging up."""


def user(number: int) -> Entry:
    return (
        f"CN=u{number},{BASE}",
        {"entryUUID": [f"id-{number}"], "mail": [f"u{number}@example.com"], "cn": [f"u{number}"]},
    )


def group(name: str, **members: Sequence[str]) -> Entry:
    """A group; its members under the name that the server gives the attribute."""
    return f"CN={name},{BASE}", {"entryUUID": [name], "cn": [name], **members}


def directory(
    users: Respond = lambda _: Answer([user(1)]),
    groups: Respond = lambda _: Answer([group("ads", member=[f"CN=u1,{BASE}"])]),
    parts: Respond = lambda _: Answer(code=53),
) -> Respond:
    """One user and one group, except where a test has others, or other parts of the groups' members."""

    def respond(search: Search) -> Answer | bytes:
        return {_USERS: users, _GROUPS: groups}.get(search.filter_text, parts)(search)

    return respond


def fetch(respond: Respond, seconds: float = 60) -> Snapshot:
    """Read what a server says, for no longer than this."""
    extra = {"kind": "ldap", "base_dn": BASE, "users_filter": _USERS, "groups_filter": _GROUPS, "tls": "none"}
    settings = LdapSettings.model_validate(extra)
    with responding(respond) as server:
        access = Access.to(server, settings.tls, None)
        limits = {"give_up_after": timedelta(seconds=seconds), "request_timeout": timedelta(seconds=5)}
        return LdapSource(settings, access, **limits).fetch()


@contextmanager
def responding(respond: Respond) -> Iterator[Server]:
    """Run a server, without TLS, and say what a connection says to read it."""

    class Conversation(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            received = b""
            with suppress(ConnectionError):
                while piece := self.request.recv(65536):
                    received += piece
                    while received and (first := _first_message(received)):
                        message, received = first
                        reply, goes_on = _reply(message, respond)
                        self.request.sendall(reply)
                        if not goes_on:
                            return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield Server("127.0.0.1", server.server_address[1], f"cn=reader,{BASE}", "reading-only")
        finally:
            server.shutdown()


def _first_message(received: bytes) -> tuple[Any, bytes] | None:
    try:
        message, rest = decoder.decode(received, asn1Spec=LDAPMessage())
    except SubstrateUnderrunError:
        return None
    return message, rest


def _reply(message: Any, respond: Respond) -> tuple[bytes, bool]:
    """Return what to send, and whether the conversation goes on."""
    number, kind = message["messageID"], message["protocolOp"].getName()
    if kind == "bindRequest":
        return _message(number, "bindResponse", _outcome(BindResponse(), Answer())), True
    if kind != "searchRequest":
        return b"", False
    answer = respond(_search(message))
    if isinstance(answer, bytes):
        return answer, False
    said = [_message(number, "searchResEntry", _entry(*each)) for each in answer.entries]
    if answer.references:
        said.append(_message(number, "searchResRef", _list(SearchResultReference(), answer.references)))
    done = _outcome(SearchResultDone(), answer)
    controls = [] if answer.cookie is None else [paged_search_control(cookie=answer.cookie)]
    return b"".join([*said, _message(number, "searchResDone", done, controls)]), True


def _search(message: Any) -> Search:
    request = message["protocolOp"].getComponent()
    cookie, insists = None, False
    if message["controls"].hasValue():
        (control,) = message["controls"]
        paging, _ = decoder.decode(bytes(control["controlValue"]), asn1Spec=RealSearchControlValue())
        cookie, insists = bytes(paging["cookie"]), bool(control["criticality"])
    return Search(
        base=str(request["baseObject"]),
        filter_text=filter_to_string(request["filter"]),
        attributes=tuple(map(str, request["attributes"])),
        cookie=cookie,
        insists=insists,
    )


def _entry(name: str, attributes: Mapping[str, Sequence[str | bytes]]) -> Any:
    entry, listed = SearchResultEntry(), PartialAttributeList()
    for kind, values in attributes.items():
        attribute = PartialAttribute()
        attribute["type"], attribute["vals"] = kind, _list(Vals(), values)
        listed.append(attribute)
    entry["object"], entry["attributes"] = name, listed
    return entry


def _outcome(outcome: Any, answer: Answer) -> Any:
    outcome["resultCode"], outcome["matchedDN"], outcome["diagnosticMessage"] = answer.code, "", answer.message
    return outcome


def _list(empty: Any, values: Sequence[Any]) -> Any:
    empty.extend(values)
    return empty


def _message(number: Any, kind: str, content: Any, controls: Sequence[Any] = ()) -> bytes:
    message = LDAPMessage()
    message["messageID"] = number
    message["protocolOp"] = ProtocolOp().setComponentByName(kind, content)
    if controls:
        message["controls"] = _list(Controls(), controls)
    encoded: bytes = encode(message)
    return encoded

"""The way into an LDAP server: everything that is not the right server with a valid certificate is an error in time."""

from __future__ import annotations

import socket
import socketserver
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from demo.stack import free_port
from ops_dashboard.directory.ldap import LdapSettings, LdapSource
from ops_dashboard.directory.ldap.access import Access
from ops_dashboard.directory.ldap.library import Connection
from ops_dashboard.directory.ldap.login import _Tls
from ops_dashboard.directory.settings import Server
from tests.directory.ldap.reading import SMALL, refusal, source_of
from tests.directory.ldap.slapd import BASE, PASSWORD, READER, running_slapd
from tests.support.certificates import make_certificate

SECOND = timedelta(seconds=1)


def test_a_wrong_password_is_told_without_it() -> None:
    with running_slapd(SMALL) as slapd:
        server = Server("127.0.0.1", slapd.tls_port, READER, f"not-{PASSWORD}")
        told = refusal(source_of(slapd, server))
    assert told == (
        f"ldaps://127.0.0.1:{slapd.tls_port}: login '{READER}' refused: invalidCredentials (49);"
        " check login and password"
    )


@pytest.mark.parametrize("tls", ["ldaps", "starttls"])
def test_no_password_is_sent_where_encryption_did_not_come_about(tls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # ldap3 has cases in which it says just that it did not start TLS.
    monkeypatch.setattr(Connection, "start_tls", lambda _, **__: False)
    monkeypatch.setattr(_Tls, "wrap_socket", lambda *_, **__: None)
    with running_slapd(SMALL) as slapd:
        told = refusal(source_of(slapd, slapd.server(slapd.plain_port), tls=tls))
    assert told.endswith("the connection is not encrypted, so the password was not sent")


def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    with running_slapd(SMALL) as slapd:
        told = refusal(source_of(slapd, certificate=make_certificate(tmp_path)))
        told_starttls = refusal(
            source_of(slapd, slapd.server(slapd.plain_port), certificate=make_certificate(tmp_path), tls="starttls")
        )
    for each in (told, told_starttls):
        assert "CERTIFICATE_VERIFY_FAILED" in each
        assert each.endswith("check host, port, tls and ca_file")


def test_a_certificate_for_another_host_is_refused() -> None:
    with running_slapd(SMALL) as slapd:
        told = refusal(source_of(slapd, Server("127.0.0.2", slapd.tls_port, READER, PASSWORD)))
    assert "certificate is not valid for '127.0.0.2'" in told


def test_without_a_ca_file_those_of_the_machine_count() -> None:
    with running_slapd(SMALL) as slapd:
        settings = LdapSettings.model_validate({"kind": "ldap", "base_dn": BASE})
        told = refusal(settings.source(slapd.server()))
    assert "CERTIFICATE_VERIFY_FAILED" in told


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_ca_file_that_can_t_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    settings = LdapSettings.model_validate({"kind": "ldap", "base_dn": BASE, "ca_file": str(file)})
    told = refusal(settings.source(Server("127.0.0.1", 1, READER, PASSWORD)))
    assert told.startswith("ca_file: got '")
    assert told.endswith("expected the path of a file with certificates as PEM")


@pytest.mark.parametrize("tls", ["ldaps", "starttls", "none"])
def test_the_other_kind_of_port_is_an_error(tls: str) -> None:
    with running_slapd(SMALL) as slapd:
        port = slapd.plain_port if tls == "ldaps" else slapd.tls_port
        refusal(source_of(slapd, slapd.server(port), tls=tls, silent_seconds=2))


@pytest.mark.parametrize(
    ("host", "told"), [("127.0.0.1", "Connection refused"), ("nowhere.invalid", "invalid server address")]
)
def test_a_server_that_can_t_be_reached_is_an_error(host: str, told: str, tmp_path: Path) -> None:
    settings = LdapSettings.model_validate({"kind": "ldap", "base_dn": BASE})
    assert told in refusal(settings.source(Server(host, free_port(), READER, PASSWORD)))


def test_a_server_that_does_not_take_up_is_an_error_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as waiting:
        address: tuple[str, int] = server.getsockname()
        # The queue is full with one, or a few.
        for _ in range(3):
            caller = waiting.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(address)
        settings = LdapSettings.model_validate({"kind": "ldap", "base_dn": BASE})
        access = Access.to(Server(address[0], address[1], READER, PASSWORD), settings.tls, None)
        told = refusal(LdapSource(settings, access, request_timeout=SECOND))
    assert "socket connection error while opening: timed out" in told


@contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[Server]:
    """Accept whoever connects, and talk."""

    class Conversation(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                talk(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield Server("127.0.0.1", server.server_address[1], READER, PASSWORD)
        finally:
            server.shutdown()


def listen_only(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def drip(connection: socket.socket) -> None:
    """Begin a message of a megabyte, and never wait long enough with the next byte to count as silent."""
    connection.sendall(b"\x30\x83\x0f\xff\xff")
    while True:
        connection.sendall(b"\x00")
        time.sleep(0.1)


def answer_in_html(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>" + b"x" * 200)


def hang_up(connection: socket.socket) -> None:
    connection.recv(4096)


@pytest.mark.parametrize("tls", ["ldaps", "starttls", "none"])
@pytest.mark.parametrize("talk", [listen_only, drip, answer_in_html, hang_up])
def test_a_server_that_does_not_speak_ldap_is_an_error_in_time(talk: Callable[[socket.socket], None], tls: str) -> None:
    with talking(talk) as server:
        settings = LdapSettings.model_validate({"kind": "ldap", "base_dn": BASE, "tls": tls})
        access = Access.to(server, settings.tls, None)
        told = refusal(LdapSource(settings, access, give_up_after=2 * SECOND, request_timeout=SECOND))
    assert told.startswith(access.url)

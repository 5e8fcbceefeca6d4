"""The beginning and the end of a conversation with an LDAP server: the connection, its encryption, the login."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from math import ceil
from ssl import SSLContext, SSLSocket
from threading import Event, Timer

from ops_dashboard.directory.ldap import library
from ops_dashboard.directory.ldap.access import Access
from ops_dashboard.directory.ldap.session import LdapError, Session, outcome_of
from ops_dashboard.text import shown


@contextmanager
def logged_in(access: Access, *, give_up_after: timedelta, request_timeout: timedelta) -> Iterator[Session]:
    """Log in at a server, and leave it in the end.

    Raises:
        DirectoryError: It can't be reached, it is not who it should be, or it refuses the login.
    """
    connection = _connection(access, request_timeout)
    with _cut_after(give_up_after, connection) as cut:
        try:
            session = Session(connection, cut, give_up_after)
            _log_in(session, connection, access)
            yield session
        finally:
            _close(connection)


class _Tls(library.Tls):  # type: ignore[misc]
    """Leaves it to OpenSSL whether the certificate is the host's; ldap3 asks a function that Python has deprecated."""

    def __init__(self, context: SSLContext) -> None:
        super().__init__()
        self._context = context

    def wrap_socket(self, connection: library.Connection, do_handshake: bool = False) -> None:  # noqa: ARG002, FBT
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=connection.server.host)


def _connection(access: Access, request_timeout: timedelta) -> library.Connection:
    context = access.tls()
    # Whole seconds are all that ldap3 can wait.
    seconds = ceil(request_timeout.total_seconds())
    server = library.Server(
        access.host,
        access.port,
        use_ssl=access.encryption == "ldaps",
        tls=context and _Tls(context),
        get_info=library.NONE,
        connect_timeout=seconds,
        allowed_referral_hosts=[],
    )
    return library.Connection(
        server,
        access.login,
        access.password,
        authentication=library.SIMPLE,
        receive_timeout=seconds,
        auto_referrals=False,
        auto_range=False,
        check_names=False,
        return_empty_attributes=False,
        read_only=True,
    )


def _log_in(session: Session, connection: library.Connection, access: Access) -> None:
    try:
        session.ask(lambda: connection.open(read_server_info=False))
        if access.encryption == "starttls":
            session.ask(lambda: connection.start_tls(read_server_info=False))
    except LdapError as error:
        raise LdapError(f"{access.url}: no connection: {error}; check host, port, tls and ca_file") from error
    # Whatever ldap3 makes of it: there are cases in which it goes on without.
    if access.encryption != "none" and not isinstance(connection.socket, SSLSocket):
        raise LdapError(f"{access.url}: the connection is not encrypted, so the password was not sent")
    try:
        result = session.ask(lambda: connection.bind(read_server_info=False))
    except LdapError as error:
        raise LdapError(f"{access.url}: no answer to the login: {error}; check host, port and tls") from error
    if result["result"] != library.RESULT_SUCCESS:
        outcome = outcome_of(result)
        raise LdapError(f"{access.url}: login {shown(access.login)} refused: {outcome}; check login and password")


@contextmanager
def _cut_after(limit: timedelta, connection: library.Connection) -> Iterator[Event]:
    """Hang up in the end, however little by little the server answers: ldap3 waits for each piece of an answer anew."""
    cut = Event()

    def hang_up() -> None:
        cut.set()
        # Not the method of a TLS socket: that belongs to the thread which is waiting for the socket.
        with suppress(OSError, TypeError):
            socket.socket.shutdown(connection.socket, socket.SHUT_RDWR)

    timer = Timer(limit.total_seconds(), hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield cut
    finally:
        timer.cancel()


def _close(connection: library.Connection) -> None:
    left = connection.socket
    with suppress(library.LDAPException, OSError):
        connection.unbind()
    # Where it could not be opened, or not be left properly, ldap3 leaves it open.
    if left is not None:
        left.close()

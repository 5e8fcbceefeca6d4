"""Where an LDAP server is, and as whom and how safely it is asked."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal

from ops_dashboard.directory.models import DirectoryError
from ops_dashboard.directory.settings import Server
from ops_dashboard.text import shorten, shown

Encryption = Literal["ldaps", "starttls", "none"]

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Access:
    """One way in.

    Attributes:
        encryption: TLS from the first byte on, TLS asked for before the password is sent, or none.
        ca_file: The certificates, as PEM, one of which vouches for the server's. None for those of the machine.
    """

    host: str
    port: int
    login: str
    password: str = field(repr=False)
    encryption: Encryption = "ldaps"
    ca_file: str | None = None

    @classmethod
    def to(cls, server: Server, encryption: Encryption, ca_file: str | None) -> Access:
        """Return the way into the server of a connection, by default at the port that is usual.

        Raises:
            DirectoryError: Something is missing or not accepted; tells all of it, never the password.
        """
        if mistakes := [*_mistakes(server)]:
            raise DirectoryError("; ".join(mistakes))
        port = server.port or (636 if encryption == "ldaps" else 389)
        return cls(server.host or "", port, server.login or "", server.password or "", encryption, ca_file)

    @property
    def url(self) -> str:
        """For people to read."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'ldaps' if self.encryption == 'ldaps' else 'ldap'}://{host}:{self.port}"

    def tls(self) -> ssl.SSLContext | None:
        """Return what insists on a valid certificate for the host, None where there is no encryption.

        Raises:
            DirectoryError: The CA file can't be read.
        """
        if self.encryption == "none":
            return None
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            expected = "expected the path of a file with certificates as PEM"
            raise DirectoryError(f"ca_file: got {shown(self.ca_file)} ({shorten(str(error))}), {expected}") from error


def _mistakes(server: Server) -> Iterator[str]:
    # ldap3 would take `ldap://` before a host for leave to do without TLS.
    if not server.host or not _is_host(server.host):
        yield f"the connection's host: got {shown(server.host)}, expected a host name or an IP address, without ldap://"
    if server.port is not None and not 0 < server.port < 1 << 16:
        yield f"the connection's port: got {server.port}, expected a number from 1 to 65535"
    if not server.login:
        yield "the connection's login: got nothing, expected whom to log in as, such as cn=reader,dc=example,dc=com"
    # A login with an empty password succeeds: the server takes it for somebody who does not want to log in.
    if not server.password:
        yield "the connection's password: got nothing, expected the login's password"


def _is_host(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return _HOST_NAME.fullmatch(text) is not None
    return True

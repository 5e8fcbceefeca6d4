"""Debian's slapd, the real server, with a directory of the test's own."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.stack import free_port
from ops_dashboard.directory.ldap import library
from ops_dashboard.directory.settings import Server
from tests.support.certificates import make_certificate

BASE = "dc=example,dc=com"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
READER = f"cn=reader,{BASE}"
_ROOT = f"cn=root,{BASE}"
PASSWORD = "reading-only"

Values = str | bytes | Sequence[str] | Sequence[bytes]
Attributes = Mapping[str, Values]
Entries = dict[str, Attributes]
"""Attributes by distinguished name. Whatever names an entry is one of its attributes unless they say otherwise."""

_PROGRAM = "/usr/sbin/slapd"
_START_SECONDS = 20

_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
# After Active Directory, whose objectCategory takes "person" for a distinguished name. Audio is for any bytes.
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.782 NAME 'objectCategory' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson
  MAY ( objectGUID $ userAccountControl $ sAMAccountName $ objectCategory ) )
objectclass ( 1.2.840.113556.1.5.8 NAME 'group' SUP top
  MUST cn MAY ( member $ objectGUID $ sAMAccountName $ audio ) )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {certificate}

database mdb
suffix {base}
rootdn {root}
rootpw {password}
directory {folder}/data
maxsize 268435456
dbnosync
index objectClass eq
{more}
access to attrs=userPassword by anonymous auth
access to * by users read
"""


@dataclass(frozen=True)
class Slapd:
    """A running server.

    Attributes:
        certificate: Its own, for `localhost` and 127.0.0.1.
    """

    process: subprocess.Popen[bytes]
    plain_port: int
    tls_port: int
    certificate: Path

    def server(self, port: int | None = None, password: str = PASSWORD) -> Server:
        """What a connection says to read it, by default by TLS."""
        return Server("127.0.0.1", port or self.tls_port, READER, password)

    def add_value(self, name: str, attribute: str, value: str) -> None:
        """Add a value to an attribute of an entry, which may be one that no file could have."""
        server = library.Server("127.0.0.1", self.plain_port, get_info=library.NONE)
        connection = library.Connection(server, _ROOT, PASSWORD, check_names=False)
        connection.bind()
        assert connection.modify(name, {attribute: [("MODIFY_ADD", [value])]}), connection.result
        connection.unbind()


def person(uid: str, **more: Values) -> Entries:
    """A user."""
    attributes: Attributes = {"objectClass": "inetOrgPerson", "cn": uid, "sn": uid, "mail": f"{uid}@example.com"}
    return {f"uid={uid},{PEOPLE}": {**attributes, **more}}


def group(name: str, *members: str, **more: Values) -> Entries:
    """A group; each member is a distinguished name, or the uid of somebody among `PEOPLE`."""
    names = [each if "=" in each else f"uid={each},{PEOPLE}" for each in members]
    return {f"cn={name},{GROUPS}": {"objectClass": "groupOfNames", "member": names, **more}}


@contextmanager
def running_slapd(entries: Entries, *more: str) -> Iterator[Slapd]:
    """Run a server with these entries.

    Args:
        entries: What is below `PEOPLE` and `GROUPS`; these two, the base and the reader are there.
        more: Lines of the database's configuration.
    """
    if not Path(_PROGRAM).exists():
        pytest.skip(f"no {_PROGRAM}; Debian's package slapd has it")
    with tempfile.TemporaryDirectory(prefix="ops-slapd-") as name:
        folder = Path(name)
        certificate = make_certificate(folder)
        configuration = folder / "slapd.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder,
                certificate=certificate,
                base=BASE,
                root=_ROOT,
                password=PASSWORD,
                more="\n".join(more),
            )
        )
        _load(entries, configuration, folder)
        plain_port, tls_port = free_port(), free_port()
        # 127.0.0.2 is a name of this machine that the certificate does not have.
        urls = f"ldap://127.0.0.1:{plain_port} ldaps://127.0.0.1:{tls_port} ldaps://127.0.0.2:{tls_port}"
        # With a debug level, even 0, it stays in the foreground.
        with subprocess.Popen([_PROGRAM, "-f", configuration, "-h", urls, "-d", "0"]) as process:
            try:
                for port in (plain_port, tls_port):
                    _wait_for(port, process)
                yield Slapd(process, plain_port, tls_port, certificate)
            finally:
                process.kill()


def _load(entries: Entries, configuration: Path, folder: Path) -> None:
    top: Entries = {
        BASE: {"objectClass": ["organization", "dcObject"], "o": "Example"},
        PEOPLE: {"objectClass": "organizationalUnit"},
        GROUPS: {"objectClass": "organizationalUnit"},
        READER: {"objectClass": ["applicationProcess", "simpleSecurityObject"], "userPassword": PASSWORD},
    }
    (folder / "data").mkdir()
    (folder / "entries.ldif").write_text("\n".join(_ldif(name, each) for name, each in {**top, **entries}.items()))
    load = ["/usr/sbin/slapadd", "-q", "-f", str(configuration), "-l", str(folder / "entries.ldif")]
    loaded = subprocess.run(load, capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stderr


def _ldif(name: str, attributes: Attributes) -> str:
    naming, _, value = name.partition(",")[0].partition("=")
    lines = [_ldif_line("dn", name)]
    for attribute, values in {naming: value, **attributes}.items():
        each = [values] if isinstance(values, str | bytes) else values
        lines += [_ldif_line(attribute, one) for one in each]
    return "\n".join(lines) + "\n"


def _ldif_line(attribute: str, value: str | bytes) -> str:
    raw = value.encode() if isinstance(value, str) else value
    return f"{attribute}:: {b64encode(raw).decode()}"


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        assert process.poll() is None, "slapd ended"
        assert time.monotonic() < deadline, "slapd did not start"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return

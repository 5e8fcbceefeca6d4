"""How an LDAP directory, such as OpenLDAP or Active Directory, is configured.

The connection's host, port, login and password say where and as whom to read. The login is a distinguished name; Active
Directory also takes reader@example.com. The extra has the rest, in the shortest case:

{"kind": "ldap", "base_dn": "dc=example,dc=com"}
{"kind": "ldap", "base_dn": "dc=example,dc=com", "vendor": "active-directory"}

The login must be allowed to read everything. OpenLDAP gives nobody more than 500 entries, on however many pages, unless
told so: `limits dn.exact="cn=reader,dc=example,dc=com" size=unlimited`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pyasn1.error import PyAsn1Error
from pydantic import AfterValidator, Field, model_validator

from ops_dashboard.directory.ldap.access import Access, Encryption
from ops_dashboard.directory.ldap.library import LDAPException, compile_filter, encode, parse_filter
from ops_dashboard.directory.ldap.names import parse_name
from ops_dashboard.directory.ldap.source import LdapSource
from ops_dashboard.directory.settings import Server, SourceSettings

_PRESETS = {
    "openldap": {
        "users_filter": "(objectClass=inetOrgPerson)",
        "groups_filter": "(objectClass=groupOfNames)",
        "id_attribute": "entryUUID",
        "name_attribute": "cn",
        "group_name_attribute": "cn",
    },
    "active-directory": {
        "users_filter": "(&(objectCategory=person)(objectClass=user))",
        "groups_filter": "(objectClass=group)",
        "id_attribute": "objectGUID",
        "name_attribute": "displayName",
        # Unlike cn, it belongs to one group of the domain only.
        "group_name_attribute": "sAMAccountName",
    },
}


def _check_name(text: str) -> str:
    parse_name(text)
    return text


def _check_filter(text: str) -> str:
    try:
        encode(compile_filter(parse_filter(text, None, True, True, None, False).elements[0]))
    except (LDAPException, PyAsn1Error) as error:
        raise ValueError(str(error)) from error
    return text.strip()


_Name = Annotated[str, AfterValidator(_check_name)]
_Filter = Annotated[str, AfterValidator(_check_filter)]
_Attribute = Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9-]{0,99}$")]

_NAME = "a distinguished name such as ou=people,dc=example,dc=com"
_FILTER = "an LDAP filter in brackets such as (objectClass=inetOrgPerson)"
_ATTRIBUTE = "an attribute's name, a letter and then letters, digits and -"


class LdapSettings(SourceSettings):
    """The extra of the Airflow connection of an LDAP directory.

    Attributes:
        vendor: Whose usual filters and attributes those are that are left out. In Active Directory, those whose account
            is disabled are suspended.
        base_dn: The entry below which users and groups are.
        user_base: The entry below which users are, if not `base_dn`.
        group_base: The entry below which groups are, if not `base_dn`.
        users_filter: Which entries are people.
        disabled_filter: Which of them are suspended, such as `(pwdAccountLockedTime=*)`. The login must be allowed to
            see what it compares: what it may not see, Active Directory takes for absent.
        groups_filter: Which entries are groups.
        id_attribute: Of users and groups; whose value never changes and never belongs to anybody else.
        email_attribute: Of users.
        name_attribute: Of users.
        group_name_attribute: What grants call a group.
        member_attribute: The distinguished names of a group's members. Those whose primary group it is are not among
            them in Active Directory.
        tls: From the first byte on, or asked for before the password is sent, or none.
        ca_file: Certificates as PEM, one of which vouches for the server's; by default those of the machine.
    """

    kind: Literal["ldap"] = "ldap"
    vendor: Literal["openldap", "active-directory"] = Field(
        default="openldap", description="openldap or active-directory"
    )
    base_dn: _Name = Field(description=_NAME)
    user_base: _Name | None = Field(default=None, description=_NAME)
    group_base: _Name | None = Field(default=None, description=_NAME)
    users_filter: _Filter = Field(description=_FILTER)
    disabled_filter: _Filter | None = Field(default=None, description=_FILTER)
    groups_filter: _Filter = Field(description=_FILTER)
    id_attribute: _Attribute = Field(description=_ATTRIBUTE)
    email_attribute: _Attribute = Field(default="mail", description=_ATTRIBUTE)
    name_attribute: _Attribute = Field(description=_ATTRIBUTE)
    group_name_attribute: _Attribute = Field(description=_ATTRIBUTE)
    member_attribute: _Attribute = Field(default="member", description=_ATTRIBUTE)
    tls: Encryption = Field(
        default="ldaps", description="ldaps, starttls, or none, which sends the password in the clear"
    )
    ca_file: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="the path of a file with certificates as PEM"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, extra: Any) -> Any:  # noqa: ANN401 - whatever the connection's extra is
        if not isinstance(extra, dict):
            return extra
        vendor = extra.get("vendor")
        return {**_PRESETS.get(vendor if isinstance(vendor, str) else "", _PRESETS["openldap"]), **extra}

    def source(self, server: Server) -> LdapSource:
        """Return the directory at a server.

        Raises:
            DirectoryError: Something of the server is missing or not accepted; tells what, never the password.
        """
        return LdapSource(self, Access.to(server, self.tls, self.ca_file))

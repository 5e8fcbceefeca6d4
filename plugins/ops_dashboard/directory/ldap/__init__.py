"""An LDAP directory, such as OpenLDAP or Active Directory."""

from __future__ import annotations

from ops_dashboard.directory.ldap.settings import LdapSettings
from ops_dashboard.directory.ldap.source import LdapSource

__all__ = ["LdapSettings", "LdapSource"]

"""ldap3, imported without the warnings of its import: 2.9.1 uses names that pyasn1 has since renamed."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from ldap3 import BASE, DEREF_NEVER, NONE, SIMPLE, SUBTREE, Connection, Server, Tls
    from ldap3.core.exceptions import LDAPException
    from ldap3.core.results import RESULT_NO_SUCH_OBJECT, RESULT_SUCCESS
    from ldap3.operation.search import compile_filter, parse_filter
    from ldap3.utils.asn1 import encode

__all__ = [
    "BASE",
    "DEREF_NEVER",
    "NONE",
    "RESULT_NO_SUCH_OBJECT",
    "RESULT_SUCCESS",
    "SIMPLE",
    "SUBTREE",
    "Connection",
    "LDAPException",
    "Server",
    "Tls",
    "compile_filter",
    "encode",
    "parse_filter",
]

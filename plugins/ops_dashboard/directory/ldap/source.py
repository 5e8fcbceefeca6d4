"""Reads an LDAP directory."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ops_dashboard.directory.consistent import consistent
from ops_dashboard.directory.ldap.access import Access
from ops_dashboard.directory.ldap.entries import a_few
from ops_dashboard.directory.ldap.groups import read_groups
from ops_dashboard.directory.ldap.login import logged_in
from ops_dashboard.directory.ldap.session import LdapError
from ops_dashboard.directory.ldap.users import read_users
from ops_dashboard.directory.models import Snapshot
from ops_dashboard.directory.settings import GIVE_UP_AFTER, REQUEST_TIMEOUT

if TYPE_CHECKING:
    from ops_dashboard.directory.ldap.settings import LdapSettings


class LdapSource:
    """Logs in, lists users and groups, and leaves."""

    def __init__(
        self,
        settings: LdapSettings,
        access: Access,
        *,
        give_up_after: timedelta = GIVE_UP_AFTER,
        request_timeout: timedelta = REQUEST_TIMEOUT,
    ) -> None:
        """Take what to read and how to get there.

        Args:
            settings: What to read.
            access: Where from.
            give_up_after: How long everything together may take.
            request_timeout: How long the server may be silent.
        """
        self._settings = settings
        self._access = access
        self._give_up_after = give_up_after
        self._request_timeout = request_timeout

    def fetch(self) -> Snapshot:
        """Return all users and groups; those that came before the server failed, without proof.

        Raises:
            DirectoryError: There are none, or no entry to search below, or there is no way in.
        """
        access, settings = self._access, self._settings
        with logged_in(access, give_up_after=self._give_up_after, request_timeout=self._request_timeout) as session:
            try:
                users = read_users(session, settings)
                groups = read_groups(session, settings, users)
            except LdapError as error:
                raise LdapError(f"{access.url}: {error}") from error
        elsewhere = [*session.references]
        notes = (f"other servers that were referred to were not asked: {a_few(elsewhere)}",) if elsewhere else ()
        return consistent(
            settings.source_name,
            # Without the port: one server may have several, and is the same directory by each.
            f"ldap://{access.host.lower()}/{settings.base_dn}",
            users.listing,
            groups.listing,
            (*users.notes, *groups.notes, *notes),
        )

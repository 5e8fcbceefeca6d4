"""The directory of a server that speaks SCIM 2.0 (RFC 7643, RFC 7644), read with a bearer token."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ops_dashboard.directory.consistent import consistent
from ops_dashboard.directory.http import JsonServer, ServerError, server_url
from ops_dashboard.directory.models import DirectoryError, Listing, Snapshot
from ops_dashboard.directory.scim.groups import read_groups
from ops_dashboard.directory.scim.users import read_users
from ops_dashboard.directory.settings import GIVE_UP_AFTER, REQUEST_TIMEOUT, Server, SourceSettings

_REFUSED = "; check that the connection's password is a valid token, and that it may read users and groups"
_HINTS = {
    401: _REFUSED,
    403: _REFUSED,
    404: "; check the url: it is what /Users and /Groups are added to, and often ends in /scim/v2",
}


def _masked(url: object) -> object:
    """Hide what may be secret in an address, before a message about it shows it."""
    return re.sub(r"(?<=//)[^/?#]*@|(?<=[?#]).+", "…", url) if isinstance(url, str) else url


class ScimSettings(SourceSettings):
    """A SCIM server; the connection's password is the bearer token.

    Attributes:
        url: Without encryption only to the same machine, where a test or a proxy may listen: who overhears the token
            can read the whole directory, so there is no switch to allow it elsewhere.
    """

    kind: Literal["scim"] = "scim"
    url: Annotated[str, AfterValidator(server_url), BeforeValidator(_masked)] = Field(
        description="what /Users and /Groups are added to: https://host[:port][/path]; http only to localhost"
    )

    def source(self, server: Server) -> ScimSource:
        """Return the source; nothing is asked of the server yet.

        Raises:
            DirectoryError: The connection has no usable token.
        """
        if not server.password:
            raise DirectoryError("the connection has no password, expected the SCIM server's bearer token")
        if not re.fullmatch("[!-~]+", server.password):
            raise DirectoryError(
                "the connection's password has a blank, a line break or a letter outside ASCII in it,"
                " expected the SCIM server's bearer token alone"
            )
        return ScimSource(self.source_name, self.url, server.password)


class ScimSource:
    """Asks for all users and all groups each time."""

    def __init__(
        self,
        name: str,
        url: str,
        token: str,
        *,
        give_up_after: timedelta = GIVE_UP_AFTER,
        request_timeout: timedelta = REQUEST_TIMEOUT,
    ) -> None:
        """Remember whom to ask.

        Args:
            name: Under which its users and groups are kept.
            url: What `/Users` and `/Groups` are added to.
            token: Sent as bearer token.
            give_up_after: The time for everything.
            request_timeout: The time for one answer.
        """
        self._name = name
        self._url = url
        self._token = token
        self._give_up_after = give_up_after
        self._request_timeout = request_timeout

    def fetch(self) -> Snapshot:
        """Return all users and groups, and whether they are proven to be all.

        Raises:
            DirectoryError: No user could be read.
        """
        with JsonServer(
            self._url,
            headers={"Authorization": f"Bearer {self._token}", "Accept": "application/scim+json, application/json"},
            give_up_after=self._give_up_after,
            request_timeout=self._request_timeout,
        ) as server:
            try:
                users, notes = read_users(server)
            except ServerError as error:
                raise DirectoryError(_with_hint(error)) from error
            if not users.entries:
                raise DirectoryError(f"{self._url}: {users.problem}")
            try:
                groups, more = read_groups(server, {user.external_id for user in users.entries})
            except ServerError as error:
                # Who is suspended is known all the same.
                groups, more = Listing((), proof=None, problem=_with_hint(error)), ()
        return consistent(self._name, self._url, users, groups, (*notes, *more))


def _with_hint(error: ServerError) -> str:
    return f"{error}{_HINTS.get(error.status or 0, '')}"

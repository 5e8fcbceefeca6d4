"""The calls of the Directory API, and what to do when one is refused."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from ops_dashboard.directory.google.account import ServiceAccount
from ops_dashboard.directory.google.answers import Group, Member, User
from ops_dashboard.directory.google.paging import PagedList, read_pages
from ops_dashboard.directory.http import JsonServer, ServerError
from ops_dashboard.text import shown

AT_ONCE = 8
"""How many calls may be under way: Google limits them for each customer, to ten or so."""

_PATH = "/admin/directory/v1"
# https://developers.google.com/workspace/admin/directory/v1/limits
_OVER_QUOTA = frozenset({"userRateLimitExceeded", "quotaExceeded", "rateLimitExceeded"})


class DirectoryApi:
    """One customer's users, groups and members. Every call raises a `ServerError` that says what is to be done."""

    def __init__(self, server: JsonServer, customer: str, account: ServiceAccount) -> None:
        self._server = server
        self._customer = customer
        self._account = account

    def users(self) -> PagedList[User]:
        """Return all users but the deleted."""
        params = {"customer": self._customer, "projection": "basic"}
        return read_pages(partial(self._get, "/users", params), "users", User, at_most=500)

    def groups(self) -> PagedList[Group]:
        """Return all groups."""
        params = {"customer": self._customer}
        return read_pages(partial(self._get, "/groups", params), "groups", Group, at_most=200)

    def members(self, group_id: str) -> PagedList[Member]:
        """Return the direct members of a group.

        With those of groups in it (includeDerivedMembership) the API has been seen to leave out some:
        https://github.com/GAM-team/GAM/issues/1210.
        """
        path = f"/groups/{quote(group_id, safe='')}/members"
        params = {"includeDerivedMembership": "false"}
        return read_pages(partial(self._get, path, params), "members", Member, at_most=200)

    def direct_members(self, group_id: str) -> int | None:
        """Return how many direct members a group says it has now."""
        path = f"/groups/{quote(group_id, safe='')}"
        answer = self._get(path, {}, {"fields": Group.MASK})
        try:
            return Group.model_validate(answer).direct_members
        except ValidationError as error:
            raise ServerError(f"{path}: got {shown(answer)}, expected a group") from error

    def _get(self, path: str, constant: Mapping[str, str], params: Mapping[str, str]) -> dict[str, Any]:
        try:
            return self._server.get(_PATH + path, {**constant, **params})
        except ServerError as error:
            advice = self._advice(error)
            raise ServerError(f"{error}{advice and f'; {advice}'}", status=error.status) from error

    def _advice(self, error: ServerError) -> str:
        if error.status == 403 and not _reasons(error) & {*_OVER_QUOTA, "accessNotConfigured"}:
            return self._account.needs
        if error.status in (400, 404) and self._customer == "my_customer" and self._account.subject is None:
            # https://github.com/googleapis/google-api-nodejs-client/issues/3454
            return (
                "a service account has no customer of its own: set customer to the customer's id"
                " (Admin console > Account > Account settings)"
            )
        return ""


def is_over_quota(error: ServerError) -> bool:
    """Whether Google asks to come back later, by a status that has other meanings as well."""
    return error.status == 403 and bool(_reasons(error) & _OVER_QUOTA)


def _reasons(error: ServerError) -> set[str]:
    match error.answer:
        case {"error": {"errors": [*errors]}}:
            return {str(each.get("reason")) for each in errors if isinstance(each, dict)}
    return set()

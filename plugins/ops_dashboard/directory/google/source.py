"""Read a Google Workspace directory: all users, all groups, and the direct members of each group."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from ops_dashboard.directory.consistent import consistent
from ops_dashboard.directory.google.account import ServiceAccount
from ops_dashboard.directory.google.answers import Group, User
from ops_dashboard.directory.google.api import AT_ONCE, DirectoryApi, is_over_quota
from ops_dashboard.directory.google.paging import PagedList
from ops_dashboard.directory.http import JsonServer, ServerError
from ops_dashboard.directory.models import DirectoryError, DirectoryGroup, DirectoryUser, Listing, Snapshot
from ops_dashboard.directory.settings import GIVE_UP_AFTER, REQUEST_TIMEOUT


class GoogleSource:
    """A Google Workspace customer, as a service account sees it."""

    def __init__(
        self,
        name: str,
        customer: str,
        account: ServiceAccount,
        *,
        api_url: str,
        give_up_after: timedelta = GIVE_UP_AFTER,
        request_timeout: timedelta = REQUEST_TIMEOUT,
    ) -> None:
        self._name = name
        self._customer = customer
        self._account = account
        self._api_url = api_url
        self._give_up_after = give_up_after
        self._request_timeout = request_timeout

    def fetch(self) -> Snapshot:
        """Return all users and groups, with proof if all pages could be read.

        A group is named by its e-mail address: unlike its display name it is unique, and its members can't change it.

        Raises:
            DirectoryError: Not even the first users could be read, or there is nobody and nothing.
        """
        with JsonServer(
            self._api_url,
            auth=self._account.bearer(),
            is_busy=is_over_quota,
            give_up_after=self._give_up_after,
            request_timeout=self._request_timeout,
        ) as server:
            api = DirectoryApi(server, self._customer, self._account)
            users = api.users()
            groups = _groups(api)
            if not users.entries and not groups.entries:
                raise DirectoryError(f"{self._api_url}: customer {self._customer} has no users and no groups")
            with ThreadPoolExecutor(AT_ONCE) as pool:
                read = tuple(pool.map(partial(_with_members, api), dict.fromkeys(groups.entries)))
        customer = next((user.customer for user in users.entries if user.customer), self._customer)
        return consistent(
            self._name,
            f"Google Workspace customer {customer}",
            Listing(tuple(map(_person, users.entries)), *_proof_or_problem("users", users)),
            Listing(read, *_proof_or_problem("groups", groups)),
        )


def _groups(api: DirectoryApi) -> PagedList[Group]:
    try:
        return api.groups()
    except ServerError as error:
        # The users are known, and some of them may be suspended.
        return PagedList((), 0, str(error))


def _proof_or_problem(kind: str, listed: PagedList[User] | PagedList[Group]) -> tuple[str | None, str | None]:
    count = len({entry.id for entry in listed.entries})
    if listed.problem:
        return None, listed.problem
    if not count:
        return None, f"the list of {kind} is empty, which is taken for a failure"
    pages = f"{listed.pages} page{'' if listed.pages == 1 else 's'}"
    return f"{count} {kind} on {pages}, the last without a token for a next one", None


def _person(user: User) -> DirectoryUser:
    active = not (user.suspended or user.archived)
    return DirectoryUser(user.id, user.email, user.name.full or user.email, active)


def _with_members(api: DirectoryApi, group: Group) -> DirectoryGroup:
    name = group.email.lower()
    try:
        members = api.members(group.id)
        listed = {member.id or member.email: member for member in members.entries}
        everyone = any(member.type == "CUSTOMER" for member in members.entries)
        problem = members.problem or (None if everyone else _shortage(api, group, len(listed)))
    except ServerError as error:
        return DirectoryGroup(group.id, name, (), (), problem=str(error))
    # Whoever is not in the directory is among the users here, and left out for not being among those that are listed.
    return DirectoryGroup(
        group.id,
        name,
        member_users=tuple(each for each, member in listed.items() if member.type not in ("GROUP", "CUSTOMER")),
        member_groups=tuple(each for each, member in listed.items() if member.type == "GROUP"),
        everyone=everyone,
        problem=problem,
    )


def _shortage(api: DirectoryApi, group: Group, listed: int) -> str | None:
    """Why the members that were listed can't be all.

    Google leaves the members out of an answer for a group that has none, so that an answer that lost them looks alike.
    """
    expected = group.direct_members
    if expected is not None and listed < expected:
        expected = api.direct_members(group.id)  # somebody may have left between the two lists
    if expected is None and not listed:
        return "no members are listed, and how many there are is not told"
    if expected is not None and listed < expected:
        return f"has {expected} direct members, of which {listed} are listed"
    return None

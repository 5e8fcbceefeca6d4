"""The groups of a SCIM server, and when to believe that one is empty.

Lists may leave out `members`, or show them as empty where they are not: so a group without any is asked for by itself,
with `members` by name. What it is told there still need not be true. Some servers show every group as empty unless
asked in a way of their own; others leave out what is empty, as RFC 7643 (2.5) allows, and others leave out what the
token may not see. Taken for an empty group, each of them would take away everybody's rights. So

- `members: []` counts if the server shows a member of at least one other group;
- no `members` at all counts if the server names the group when it is asked for those without members (`not (members
  pr)`, RFC 7644, 3.4.2.2), and does not name any that it showed a member of: then it knows what it was asked;
- otherwise the group has a problem, and keeps the members it had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote

from ops_dashboard.directory.http import JsonServer, ServerError
from ops_dashboard.directory.models import DirectoryGroup, Listing
from ops_dashboard.directory.scim.paging import Resource, folded, read_all
from ops_dashboard.text import shown

_PATH = "/Groups"
_AT_ONCE = 4
_MOST_NOTES = 5


class _UnclearError(ValueError):
    """What can't be told of a group, for everybody to read, and an example, which may name a person."""

    def __init__(self, problem: str, example: object) -> None:
        super().__init__(problem)
        self.example = shown(example)


@dataclass(frozen=True, slots=True)
class _Told:
    """What the server said about one group; members are None if it did not say who is in it."""

    resource: Resource
    members: Sequence[Any] | None = None
    problem: str | None = None
    example: str | None = None


def read_groups(server: JsonServer, users: Collection[str]) -> tuple[Listing[DirectoryGroup], tuple[str, ...]]:
    """Return all groups, and what to know about them; a list without any is none that is proven.

    Args:
        server: The SCIM server.
        users: Ids of the users it has.

    Raises:
        ServerError: Not even the first page could be read.
    """
    read = read_all(server, _PATH)
    if not read.entries:
        problem = read.problem or f"{_PATH} lists nothing; check that the token may read the groups"
        return Listing((), proof=None, problem=problem), ()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        told = list(pool.map(partial(_ask, server), read.entries))
    group_ids = {resource["id"] for resource in read.entries}
    clear = [_with_kinds(each, users, group_ids) for each in _believed(server, told)]
    listing = Listing(tuple(map(_group, clear)), read.proof, read.problem)
    return listing, tuple(_note(each) for each in clear if each.example)[:_MOST_NOTES]


def _ask(server: JsonServer, resource: Resource) -> _Told:
    try:
        if members := _members(resource):
            return _Told(resource, members)
        path = f"{_PATH}/{quote(resource['id'], safe='')}"
        alone = folded(server.get(path, {"attributes": "id,displayName,members"}))
        if alone.get("id") != resource["id"]:
            return _Told(resource, problem=f"{path} is {shown(alone.get('id'))} instead")
        return _Told(resource, _members(alone))
    except ServerError as error:
        return _Told(resource, problem=str(error))
    except _UnclearError as error:
        return _Told(resource, problem=str(error), example=error.example)


def _members(resource: Resource) -> Sequence[Any] | None:
    members = resource.get("members")
    if members is None or isinstance(members, list):
        return members
    raise _UnclearError("its members are no list", members)


def _believed(server: JsonServer, told: Sequence[_Told]) -> Iterable[_Told]:
    """Settle for each group without members whether it is empty."""
    shown_with_members = {each.resource["id"] for each in told if each.members}
    unsaid = any(each.members is None and not each.problem for each in told)
    empty = _said_to_be_empty(server, shown_with_members) if unsaid and shown_with_members else frozenset()
    for each in told:
        if each.problem or each.members:
            yield each
        elif not shown_with_members:
            yield replace(each, problem="the server shows no member of any group")
        elif each.members is None and each.resource["id"] not in empty:
            yield replace(each, problem="the server does not say who is in it, nor that nobody is")
        else:
            yield replace(each, members=())


def _said_to_be_empty(server: JsonServer, shown_with_members: Collection[str]) -> Collection[str]:
    """Ids of the groups that the server says are empty; none if it does not understand the question."""
    try:
        read = read_all(server, _PATH, {"filter": "not (members pr)", "attributes": "id"})
    except ServerError:
        return frozenset()
    empty = {resource["id"] for resource in read.entries}
    return empty if read.proof and empty.isdisjoint(shown_with_members) else frozenset()


def _with_kinds(told: _Told, users: Collection[str], groups: Collection[str]) -> _Told:
    """With each member as its kind and its id."""
    try:
        return replace(told, members=[(_kind(each, users, groups), each["value"]) for each in told.members or ()])
    except _UnclearError as error:
        return replace(told, members=(), problem=str(error), example=error.example)


def _group(told: _Told) -> DirectoryGroup:
    members = told.members or ()
    return DirectoryGroup(
        told.resource["id"],
        _name(told),
        member_users=tuple(member for kind, member in members if kind == "user"),
        member_groups=tuple(member for kind, member in members if kind == "group"),
        problem=told.problem,
    )


def _note(told: _Told) -> str:
    return f"group {shown(_name(told))}: {told.problem}: {told.example}"


def _name(told: _Told) -> str:
    name = told.resource.get("displayname")
    return name if isinstance(name, str) else ""


def _kind(member: object, users: Collection[str], groups: Collection[str]) -> str:
    """Whether a member is a user or a group: as the server says, in `type` or `$ref`, else as it is listed.

    Not the other way round: where users and groups are numbered apart, a user who is gone has the id of some group.
    """
    key = member.get("value") if isinstance(member, dict) else None
    if not (isinstance(member, dict) and isinstance(key, str) and key):
        raise _UnclearError("one of its members is no object with a value", member)
    said = str(member.get("type")).lower()
    if said in ("user", "group"):
        return said
    collection = str(member.get("$ref")).rpartition("/")[0].rpartition("/")[2].lower()
    if collection in ("users", "groups"):
        return collection.removesuffix("s")
    if key in users and key in groups:
        raise _UnclearError("the id of one of its members is that of a user and of a group", key)
    return "group" if key in groups else "user"

"""Make one consistent snapshot of what a server listed, which may repeat itself and name what it does not list.

Whatever can't be understood is left out in the direction that gives nobody a right: a person without a usable e-mail,
an address that two active people claim, a member who is not in the directory. A group that can't be understood keeps
what is known of it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ops_dashboard.directory.models import DirectoryGroup, DirectoryUser, Listing, Snapshot
from ops_dashboard.text import shown

LONGEST_NAME = 200
LONGEST_ID = 500
LONGEST_EMAIL = 254
# Plain ASCII: two addresses that look alike must be alike.
EMAIL_PATTERN = r"^[!-?A-~]+@[!-?A-~]+$"

_EXAMPLES = 5


def consistent(
    source: str,
    origin: str,
    users: Listing[DirectoryUser],
    groups: Listing[DirectoryGroup],
    notes: Sequence[str] = (),
) -> Snapshot:
    """Return a snapshot in which each id, live address and group name occurs once, and every member exists.

    The notes tell what was left out. Addresses come out in lower case.
    """
    left_out = _LeftOut()
    people = _people(users.entries, left_out)
    bodies = _bodies(groups.entries, left_out)
    members = tuple(_with_known_members(group, people, bodies, left_out) for group in bodies.values())
    return Snapshot(
        source=source,
        origin=origin,
        users=replace(users, entries=tuple(people.values())),
        groups=replace(groups, entries=members),
        notes=(*notes, *left_out.notes()),
    )


class _LeftOut:
    """What was left out, by why."""

    def __init__(self) -> None:
        self._why: dict[str, list[str]] = defaultdict(list)

    def add(self, why: str, what: str) -> None:
        self._why[why].append(shown(what))

    def notes(self) -> list[str]:
        return [f"{why}: {len(what)} left out ({_a_few(what)})" for why, what in self._why.items()]


def _people(entries: Iterable[DirectoryUser], left_out: _LeftOut) -> dict[str, DirectoryUser]:
    """One entry for each id and each address; of two that differ, the one that gives less."""
    by_id: dict[str, DirectoryUser] = {}
    for entry in entries:
        user = replace(entry, email=entry.email.strip().lower(), name=_printable(entry.name))
        if not _usable(user.external_id):
            left_out.add("users without a usable id", user.email)
        elif len(user.email) > LONGEST_EMAIL or not re.match(EMAIL_PATTERN, user.email):
            left_out.add("users without a usable e-mail", user.external_id)
        elif user.external_id not in by_id or not user.active:
            by_id[user.external_id] = user
    by_email: dict[str, list[DirectoryUser]] = defaultdict(list)
    for user in by_id.values():
        by_email[user.email].append(user)
    for email, claimants in by_email.items():
        for user in _losers(claimants):
            left_out.add(f"more than one user has the e-mail {email}", user.external_id)
            del by_id[user.external_id]
    return by_id


def _losers(claimants: Sequence[DirectoryUser]) -> list[DirectoryUser]:
    """Who must do without the address: the suspended, if just one is active; else nobody can tell whose it is."""
    active = [user for user in claimants if user.active]
    if len(claimants) == 1:
        return []
    return [user for user in claimants if user not in active] if len(active) == 1 else list(claimants)


def _bodies(entries: Iterable[DirectoryGroup], left_out: _LeftOut) -> dict[str, DirectoryGroup]:
    """One entry for each id, each with a name of its own or with a problem."""
    by_id: dict[str, DirectoryGroup] = {}
    for group in entries:
        if not _usable(group.external_id):
            left_out.add("groups without a usable id", group.name)
            continue
        known = by_id.setdefault(group.external_id, group)
        if known != group:
            problem = known.problem or group.problem or "it was listed twice, with different contents"
            by_id[group.external_id] = replace(known, problem=problem)
    names = Counter(group.name for group in by_id.values())
    return {key: _with_usable_name(group, names) for key, group in by_id.items()}


def _with_usable_name(group: DirectoryGroup, names: Mapping[str, int]) -> DirectoryGroup:
    if group.problem is not None:
        return replace(group, name=_printable(group.name))
    if not group.name.strip():
        return replace(group, problem="it has no name")
    if len(group.name) > LONGEST_NAME:
        return replace(
            group, name=group.name[:LONGEST_NAME], problem=f"its name has more than {LONGEST_NAME} characters"
        )
    if not group.name.isprintable():
        return replace(group, name=_printable(group.name), problem="its name is not printable")
    if names[group.name] > 1:
        return replace(group, problem=f"{names[group.name]} groups have its name")
    return group


def _with_known_members(
    group: DirectoryGroup,
    people: Mapping[str, DirectoryUser],
    bodies: Mapping[str, DirectoryGroup],
    left_out: _LeftOut,
) -> DirectoryGroup:
    for member in (*group.member_users, *group.member_groups):
        if member not in people and member not in bodies:
            left_out.add("members who are not in the directory", member)
    return replace(
        group,
        member_users=tuple(dict.fromkeys(member for member in group.member_users if member in people)),
        member_groups=tuple(
            dict.fromkeys(member for member in group.member_groups if member in bodies and member != group.external_id)
        ),
    )


def _usable(external_id: str) -> bool:
    return 0 < len(external_id) <= LONGEST_ID and external_id.isprintable()


def _printable(text: str) -> str:
    kept = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(kept.split())[:LONGEST_NAME]


def _a_few(what: Sequence[str]) -> str:
    more = f" and {len(what) - _EXAMPLES} more" if len(what) > _EXAMPLES else ""
    return ", ".join(what[:_EXAMPLES]) + more

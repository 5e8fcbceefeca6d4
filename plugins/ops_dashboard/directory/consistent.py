"""Make one consistent snapshot of what a server listed, which may repeat itself and name what it does not list.

Whatever can't be understood is left out in the direction that gives nobody a right: a person without a usable e-mail, a
member who is not in the directory. A group that can't be understood keeps what is known of it. An address or a name
that several claim stays with all of them here: whose it is depends on what is known (`claims`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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
    """Return a snapshot in which each id occurs once, every name can be shown and every member exists.

    The notes tell what was left out. Addresses come out in lower case.
    """
    left_out = LeftOut()
    suspended = {user.external_id for user in users.entries if user.active is False and _usable(user.external_id)}
    people = _people(users.entries, suspended, left_out)
    bodies = _bodies(groups.entries, left_out)
    members = tuple(_with_known_members(group, people, bodies, left_out) for group in bodies.values())
    return Snapshot(
        source=source,
        origin=origin,
        users=replace(users, entries=tuple(people.values())),
        groups=replace(groups, entries=members),
        notes=(*notes, *left_out.notes()),
        suspended=tuple(sorted(suspended - people.keys())),
    )


class LeftOut:
    """What was left out, by why."""

    def __init__(self) -> None:
        self._why: dict[str, list[str]] = defaultdict(list)

    def add(self, why: str, what: str) -> None:
        """Take down one more."""
        self._why[why].append(shown(what))

    def notes(self) -> list[str]:
        """Tell how many there are for each reason, and the first of them."""
        return [f"{why}: {len(what)} left out ({_a_few(what)})" for why, what in self._why.items()]


def _people(
    entries: Iterable[DirectoryUser], suspended: Collection[str], left_out: LeftOut
) -> dict[str, DirectoryUser]:
    """One entry for each id, suspended if any of its entries is."""
    by_id: dict[str, DirectoryUser] = {}
    for entry in entries:
        email = entry.email.strip()
        if not _usable(entry.external_id):
            left_out.add("users without a usable id", email.lower())
        # Before it is in lower case: there are letters that become those of ASCII only then.
        elif len(email) > LONGEST_EMAIL or not re.match(EMAIL_PATTERN, email):
            left_out.add("users without a usable e-mail", entry.external_id)
        elif entry.external_id not in by_id:
            active = False if entry.external_id in suspended else entry.active
            by_id[entry.external_id] = replace(entry, email=email.lower(), name=_printable(entry.name), active=active)
    return by_id


def _bodies(entries: Iterable[DirectoryGroup], left_out: LeftOut) -> dict[str, DirectoryGroup]:
    """One entry for each id, each with a name that can be used or with a problem."""
    by_id: dict[str, DirectoryGroup] = {}
    for group in entries:
        if not _usable(group.external_id):
            left_out.add("groups without a usable id", group.name)
            continue
        known = by_id.setdefault(group.external_id, group)
        if known != group:
            problem = known.problem or group.problem or "it was listed twice, with different contents"
            by_id[group.external_id] = replace(known, problem=problem)
    return {key: _with_usable_name(group) for key, group in by_id.items()}


def _with_usable_name(group: DirectoryGroup) -> DirectoryGroup:
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
    return group


def _with_known_members(
    group: DirectoryGroup,
    people: Mapping[str, DirectoryUser],
    bodies: Mapping[str, DirectoryGroup],
    left_out: LeftOut,
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

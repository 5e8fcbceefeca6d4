"""Whose an e-mail or a group's name is when several claim it: whoever is known under it keeps it.

The newcomer is left out, or marked, and the rest of the snapshot counts: one collision must not stop every sync.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ops_dashboard.directory.consistent import LeftOut
from ops_dashboard.directory.models import DirectoryError, DirectoryGroup, DirectoryUser, Snapshot

if TYPE_CHECKING:
    import psycopg

_EMAILS = "SELECT email, source, external_id, email_taken FROM ops.users WHERE removed_at IS NULL"
_NAMES = "SELECT name, source, external_id FROM ops.groups WHERE removed_at IS NULL"
_TAKE = """
UPDATE ops.users SET email_taken = external_id = ANY (%(taken)s)
 WHERE source = %(source)s AND external_id = ANY (%(changed)s) AND removed_at IS NULL
"""

EntryT = TypeVar("EntryT", DirectoryUser, DirectoryGroup)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who is known under an e-mail or a name.

    Attributes:
        taken: The directory said that the e-mail is somebody else's, and that has not been applied yet.
    """

    source: str
    external_id: str
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """The live e-mails and group names of all sources, and who bears them."""

    emails: Mapping[str, Bearer]
    names: Mapping[str, Bearer]


def read_known(cursor: psycopg.Cursor[Any]) -> Known:
    """Read what is known now."""
    emails = {email: Bearer(*bearer) for email, *bearer in cursor.execute(_EMAILS).fetchall()}
    return Known(emails, {name: Bearer(*bearer) for name, *bearer in cursor.execute(_NAMES).fetchall()})


def settle(snapshot: Snapshot, known: Known) -> Snapshot:
    """Return the snapshot in which each e-mail and each name of a readable group is one's, of all sources.

    Raises:
        DirectoryError: Nobody is left, as all e-mails are those of other sources.
    """
    left_out = LeftOut()
    users = _users(snapshot, known.emails, left_out)
    if snapshot.users.entries and not users:
        raise DirectoryError(_nobody_left(snapshot, known))
    ids = {user.external_id for user in users} if len(users) < len(snapshot.users.entries) else None
    groups = tuple(_without_strangers(group, ids) for group in _groups(snapshot, known.names))
    return replace(
        snapshot,
        users=replace(snapshot.users, entries=users),
        groups=replace(snapshot.groups, entries=groups),
        notes=(*snapshot.notes, *left_out.notes()),
    )


def take_emails(cursor: psycopg.Cursor[Any], snapshot: Snapshot, known: Known) -> None:
    """Let no e-mail decide for whom it no longer belongs to, though what else the snapshot says may have to wait."""
    claims = {(user.external_id, user.email) for user in snapshot.users.entries}
    claimed = {user.email for user in snapshot.users.entries if user.active is not False}
    taken, changed = [], []
    for email, bearer in known.emails.items():
        if bearer.source != snapshot.source:
            continue
        kept = (bearer.external_id, email) in claims
        if not kept and email in claimed:
            taken.append(bearer.external_id)
        if bearer.taken if kept else (email in claimed and not bearer.taken):
            changed.append(bearer.external_id)
    if changed:
        cursor.execute(_TAKE, {"taken": taken, "changed": changed, "source": snapshot.source})


def contradicts(later: Snapshot, earlier: Snapshot) -> bool:
    """Whether a snapshot suspends somebody, or gives their e-mail to another, whom an earlier one shows otherwise."""
    suspended = later.suspended_ids
    claims = {(user.external_id, user.email) for user in later.users.entries if user.active is not False}
    claimed = {email for _, email in claims}
    return any(
        (user.active and user.external_id in suspended)
        or (user.email in claimed and (user.external_id, user.email) not in claims)
        for user in earlier.users.entries
    )


def _users(snapshot: Snapshot, bearers: Mapping[str, Bearer], left_out: LeftOut) -> tuple[DirectoryUser, ...]:
    lost: set[int] = set()
    for email, claimants in _by(snapshot.users.entries, "email").items():
        bearer = bearers.get(email)
        if bearer is not None and bearer.source != snapshot.source:
            why = f"source {bearer.source!r} has a user with the e-mail {email}"
            losers: Sequence[DirectoryUser] = claimants
        else:
            why, losers = f"more than one user has the e-mail {email}", _losers(claimants, bearer)
        for user in losers:
            left_out.add(why, user.external_id)
            lost.add(id(user))
    return tuple(user for user in snapshot.users.entries if id(user) not in lost)


def _losers(claimants: Sequence[DirectoryUser], bearer: Bearer | None) -> Sequence[DirectoryUser]:
    """Who must do without: the suspended, then all but who is known under it; else nobody can tell whose it is."""
    if len({user.external_id for user in claimants}) == 1:
        return []  # if it is twice the same one, that is the snapshot's own contradiction
    active = [user for user in claimants if user.active is not False]
    if len(active) == 1:
        return [user for user in claimants if user is not active[0]]
    if bearer is None or bearer.external_id not in {user.external_id for user in active or claimants}:
        return claimants
    return [user for user in claimants if user.external_id != bearer.external_id]


def _groups(snapshot: Snapshot, bearers: Mapping[str, Bearer]) -> tuple[DirectoryGroup, ...]:
    """The groups, those with a problem that can't have their name. Such a one keeps the name it had: look again."""
    names = {bearer.external_id: name for name, bearer in bearers.items() if bearer.source == snapshot.source}
    groups = list(snapshot.groups.entries)
    while True:
        kept = {names[group.external_id] for group in groups if group.problem and group.external_id in names}
        problems = dict(_problems(groups, bearers, snapshot.source, kept))
        if not problems:
            return tuple(groups)
        groups = [replace(group, problem=problems[id(group)]) if id(group) in problems else group for group in groups]


def _problems(
    groups: Sequence[DirectoryGroup], bearers: Mapping[str, Bearer], source: str, kept: Collection[str]
) -> Iterator[tuple[int, str]]:
    for name, claimants in _by([group for group in groups if group.problem is None], "name").items():
        bearer = bearers.get(name)
        if bearer is not None and bearer.source != source:
            yield from ((id(group), f"source {bearer.source!r} has a group of its name") for group in claimants)
        elif name in kept:
            yield from ((id(group), "a group that could not be read has its name") for group in claimants)
        elif len({group.external_id for group in claimants}) > 1:
            known = {group.external_id for group in claimants} & {bearer.external_id if bearer else ""}
            problem = f"{len(claimants)} groups have its name"
            yield from ((id(group), problem) for group in claimants if group.external_id not in known)


def _without_strangers(group: DirectoryGroup, users: Collection[str] | None) -> DirectoryGroup:
    if users is None:
        return group
    return replace(group, member_users=tuple(user for user in group.member_users if user in users))


def _by(entries: Sequence[EntryT], attribute: str) -> dict[str, list[EntryT]]:
    found: dict[str, list[EntryT]] = defaultdict(list)
    for entry in entries:
        found[getattr(entry, attribute)].append(entry)
    return found


def _nobody_left(snapshot: Snapshot, known: Known) -> str:
    others = sorted({known.emails[user.email].source for user in snapshot.users.entries if user.email in known.emails})
    sources = ", ".join(other for other in others if other != snapshot.source)
    return (
        f"source {snapshot.source!r} has no user whose e-mail is not claimed by somebody else (sources:"
        f" {sources or 'this'}); if it is another one under a new name, retire that:"
        " ops-dashboard directory retire NAME --reason WHY"
    )

"""`ops-dashboard directory`: try a source before it is used, retire it after, decide a held sync when nobody else may.

Nothing is decided from group data that is too old, a release on the page included; whoever has the product's database
at hand can decide all the same, and that is on record like any act.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from getpass import getuser
from typing import TYPE_CHECKING
from uuid import uuid4

from ops_dashboard.cli.command import Command, fail

if TYPE_CHECKING:
    import psycopg

    from ops_dashboard.directory import Snapshot
    from ops_dashboard.ledger import Details, Request

_SHOWN = 20
_LONGEST_REASON = 500
_TIME_LIMIT = timedelta(minutes=10)


def _arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    check = actions.add_parser("check", help="read a source and print what it would load; nothing is changed")
    check.add_argument(
        "connection", nargs="?", default="ops_directory", help="id of the Airflow connection (default: %(default)s)"
    )
    check.set_defaults(decide=_check)
    for decision in ("release", "discard"):
        parts = actions.add_parser(decision, help=f"{decision} a sync that is held")
        parts.add_argument("source", help="the source's name")
        parts.add_argument("digest", help="of the differences, as the page and the task's log show it")
        parts.add_argument("--reason", required=True, help="why; kept with the record")
        parts.set_defaults(decide=_decide, decision=decision)
    parts = actions.add_parser("retire", help="take out everybody and every group of a source that is no more")
    parts.add_argument("source", help="the source's name")
    parts.add_argument("--reason", required=True, help="why; kept with the record")
    parts.set_defaults(decide=_retire)


def _run(arguments: Namespace) -> int:
    return int(arguments.decide(arguments))


def _check(arguments: Namespace) -> int:
    from ops_dashboard import directory

    try:
        configured = directory.from_connection(arguments.connection)
        with directory.impatient(lambda line: print(line, file=sys.stderr)):
            snapshot = configured.source.fetch()
    except directory.DirectoryError as error:
        return fail(error)
    print(f"source {snapshot.source}: {snapshot.origin}")
    for what, listing in (("users", snapshot.users), ("groups", snapshot.groups)):
        print(f"  {what}: {listing.proof}" if listing.proof else f"  {what}: NOT COMPLETE: {listing.problem}")
    _tell_contents(snapshot)
    if snapshot.users.proof is None or snapshot.groups.proof is None:
        return fail("not everything could be read, so a sync would change nothing but suspensions")
    return 0


def _tell_contents(snapshot: Snapshot) -> None:
    users, groups = snapshot.users.entries, snapshot.groups.entries
    suspended = len(snapshot.suspended_ids)
    members = sum(len(group.member_users) for group in groups)
    nested = sum(len(group.member_groups) for group in groups)
    print(f"  would load {len(users)} users ({suspended} suspended) and {len(groups)} groups")
    print(f"  with {members} direct memberships and {nested} groups in groups")
    for group in snapshot.unread_groups[:_SHOWN]:
        print(f"  group {group.name or group.external_id} keeps what is known of it: {group.problem}")
    for note in snapshot.notes:
        print(f"  {note}")


def _decide(arguments: Namespace) -> int:
    from ops_dashboard import directory
    from ops_dashboard.acts import DecideSyncRequest, RequestError, parse
    from ops_dashboard.ledger import Details

    values = {name: getattr(arguments, name) for name in ("source", "digest", "decision", "reason")}
    try:
        asked = parse(DecideSyncRequest, values)
    except RequestError as error:
        return fail(error)
    request = _request(asked.decision, asked.reason)
    released = asked.decision == "release"
    decide = directory.release if released else directory.discard
    after = directory.SyncState.APPLIED if released else directory.SyncState.DISCARDED
    return _recorded(
        request,
        Details(before="held", requested=asked.requested, after=str(after), time_limit=_TIME_LIMIT),
        lambda connection: decide(connection, asked.source, asked.digest, request.actor, request.reason),
    )


def _retire(arguments: Namespace) -> int:
    from ops_dashboard import directory
    from ops_dashboard.ledger import Details
    from ops_dashboard.text import shorten

    if not (reason := shorten(arguments.reason, _LONGEST_REASON).strip()):
        return fail("reason: got nothing, expected a few words that say why")
    request = _request("retire", reason)

    def retire(connection: psycopg.Connection) -> None:
        asked = directory.Asked(request.actor, request.run_id)
        changed = directory.retire(connection, arguments.source, request.reason, asked)
        gone = f"{changed.count('user_removed')} users and {changed.count('group_removed')} groups"
        print(f"retiring {arguments.source}: {gone} taken out")

    requested = f"retire source {shorten(arguments.source)}"
    return _recorded(
        request, Details(before="known", requested=requested, after="retired", time_limit=_TIME_LIMIT), retire
    )


def _recorded(request: Request, details: Details, act: Callable[[psycopg.Connection], object]) -> int:
    import psycopg

    from ops_dashboard import database

    try:
        with database.connect() as connection:
            return _done(connection, request, details, act)
    except database.DatabaseDownError as error:
        return fail(error)
    except psycopg.Error as error:
        return fail(f"not done, unless the page says so: {str(error).strip()}")


def _done(
    connection: psycopg.Connection, request: Request, details: Details, act: Callable[[psycopg.Connection], object]
) -> int:
    from ops_dashboard import directory, ledger

    asked = replace(details, after=None)
    try:
        # What is done and its record are committed together, or neither is. The record comes last: whoever else writes
        # one waits for it, and to apply a directory takes its time.
        with connection.transaction():
            act(connection)
            ledger.append(connection, request, ledger.Event.STARTED, asked)
            ledger.append(connection, request, ledger.Event.SUCCEEDED, details)
    except directory.DirectoryError as error:
        ledger.append(connection, request, ledger.Event.REFUSED, replace(asked, message=str(error)))
        connection.commit()
        return fail(error)
    print(f"done: {details.requested}; on record as {request.run_id}")
    return 0


def _who_types() -> str:
    try:
        return getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        return f"user {os.getuid()}"


def _request(task_id: str, reason: str) -> Request:
    from ops_dashboard.ledger import Request

    return Request(
        request_id=uuid4(),
        actor=f"{_who_types()} at a shell",
        action="manage",
        resource="access",
        dag_id="(shell)",
        run_id=f"shell__{uuid4()}",
        task_id=task_id,
        reason=reason,
    )


DIRECTORY = Command(
    "directory", "try a source of users and groups, decide a sync that is held, or retire a source", _arguments, _run
)

"""`ops-dashboard directory`: try a source before it is used, and decide a held sync when nobody else may.

Nothing is decided from group data that is too old, a release on the page included; whoever has the product's database
at hand can decide all the same, and that is on record like any act.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from datetime import timedelta
from getpass import getuser
from typing import TYPE_CHECKING
from uuid import uuid4

from ops_dashboard.cli.command import Command, fail

if TYPE_CHECKING:
    import psycopg

    from ops_dashboard.acts import DecideSyncRequest
    from ops_dashboard.directory import Snapshot
    from ops_dashboard.ledger import Request

_SHOWN = 20
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


def _run(arguments: Namespace) -> int:
    return int(arguments.decide(arguments))


def _check(arguments: Namespace) -> int:
    from ops_dashboard import directory

    try:
        configured = directory.from_connection(arguments.connection)
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
    suspended = sum(not user.active for user in users)
    members = sum(len(group.member_users) for group in groups)
    nested = sum(len(group.member_groups) for group in groups)
    print(f"  would load {len(users)} users ({suspended} suspended) and {len(groups)} groups")
    print(f"  with {members} direct memberships and {nested} groups in groups")
    for group in snapshot.unread_groups[:_SHOWN]:
        print(f"  group {group.name or group.external_id} keeps what is known of it: {group.problem}")
    for note in snapshot.notes:
        print(f"  {note}")


def _decide(arguments: Namespace) -> int:
    import psycopg

    from ops_dashboard import database
    from ops_dashboard.acts import DecideSyncRequest, RequestError, parse

    values = {name: getattr(arguments, name) for name in ("source", "digest", "decision", "reason")}
    try:
        asked = parse(DecideSyncRequest, values)
        with database.connect() as connection:
            return _decided(connection, asked, _request(asked))
    except (RequestError, database.DatabaseDownError) as error:
        return fail(error)
    except psycopg.Error as error:
        return fail(f"not decided, unless the page says so: {str(error).strip()}")


def _decided(connection: psycopg.Connection, asked: DecideSyncRequest, request: Request) -> int:
    from ops_dashboard import directory, ledger

    released = asked.decision == "release"
    decide = directory.release if released else directory.discard
    details = ledger.Details(before="held", requested=asked.requested, time_limit=_TIME_LIMIT)
    after = directory.SyncState.APPLIED if released else directory.SyncState.DISCARDED
    try:
        # What is done and its record are committed together, or neither is. The record comes last: whoever else writes
        # one waits for it, and to apply a directory takes its time.
        with connection.transaction():
            decide(connection, asked.source, asked.digest, request.actor, request.reason)
            ledger.append(connection, request, ledger.Event.STARTED, details)
            ledger.append(connection, request, ledger.Event.SUCCEEDED, replace(details, after=str(after)))
    except directory.DirectoryError as error:
        ledger.append(connection, request, ledger.Event.REFUSED, replace(details, message=str(error)))
        connection.commit()
        return fail(error)
    print(f"done: {asked.requested}; on record as {request.run_id}")
    return 0


def _request(asked: DecideSyncRequest) -> Request:
    from ops_dashboard.ledger import Request

    return Request(
        request_id=uuid4(),
        actor=f"{getuser()} at a shell",
        action=asked.verb,
        resource=asked.resource,
        dag_id="(shell)",
        run_id=f"shell__{uuid4()}",
        task_id=asked.decision,
        reason=asked.reason,
    )


DIRECTORY = Command("directory", "try a source of users and groups, or decide a sync that is held", _arguments, _run)

"""`ops-dashboard ledger`: whether anybody changed what is on record."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from ops_dashboard.cli.command import Command, fail

if TYPE_CHECKING:
    import psycopg


def _arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="walk the whole hash chain and tell where it breaks first")
    verify.add_argument(
        "--database-url",
        metavar="URL",
        help="postgresql://... of a user who may read the ledger (default: the product's Airflow connection)",
    )
    verify.add_argument(
        "--kept",
        metavar="HEAD",
        type=_head,
        help="a head that was printed before and kept elsewhere; the chain must still contain it",
    )


def _head(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise ArgumentTypeError(f"{text!r} is not accepted; give the 64 hexadecimal digits that were printed")
    return text


def _verify(arguments: Namespace) -> int:
    import psycopg

    from ops_dashboard import database, ledger

    try:
        with _connect(arguments.database_url) as connection:
            found = ledger.verify(connection, arguments.kept)
    except (database.DatabaseDownError, psycopg.Error) as error:
        return fail(f"the ledger can't be read: {str(error).strip()}")
    print(f"{found.count} rows, head {found.head}")
    if found.first_break is not None:
        return fail(f"the chain is broken: {found.first_break}")
    if arguments.kept and not found.has_kept:
        return fail("the chain does not contain the head that was kept: it was rewritten, or cut off before it")
    print("the chain holds")
    return 0


def _connect(url: str | None) -> psycopg.Connection:
    from ops_dashboard import database

    return database.connect_url(url) if url else database.connect()


LEDGER = Command("ledger", "verify that nobody changed what is on record", _arguments, _verify)

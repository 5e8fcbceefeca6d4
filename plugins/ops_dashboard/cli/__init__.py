"""The console script `ops-dashboard`: all that is done at a shell.

Exit codes: 0 done, 1 refused or failed with the reason on stderr, 2 wrong arguments.
"""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ops_dashboard.cli.catalog import CHECK
from ops_dashboard.cli.command import Command
from ops_dashboard.cli.directory import DIRECTORY
from ops_dashboard.cli.ledger import LEDGER
from ops_dashboard.cli.schema import MIGRATE

_COMMANDS: tuple[Command, ...] = (CHECK, MIGRATE, DIRECTORY, LEDGER)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the subcommand that the arguments name; without arguments those of the process."""
    chosen = build_parser().parse_args(arguments)
    run: Callable[..., int] = chosen.run
    with _only_its_own_words():
        return run(chosen)


def build_parser() -> ArgumentParser:
    """Return the parser of all subcommands; what it parses has the subcommand's function as `run`."""
    parser = ArgumentParser(prog="ops-dashboard", description="Self-service operations inside Airflow.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        # A script that abbreviates an option would break when a similar one is added.
        subparser = subparsers.add_parser(command.name, help=command.help, description=command.help, allow_abbrev=False)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


@contextmanager
def _only_its_own_words() -> Iterator[None]:
    """Keep what libraries log below an error out of a command's output: Airflow writes warnings into it, on stdout."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        yield
    finally:
        logging.disable(before)

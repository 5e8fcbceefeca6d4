"""What a subcommand is, and how it ends."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: what it takes, and the function that does it and returns the exit code."""

    name: str
    help: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]


def fail(reason: object) -> int:
    """Tell why it did not work and return the exit code for that."""
    print(reason, file=sys.stderr)
    return 1

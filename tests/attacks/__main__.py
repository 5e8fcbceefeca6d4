"""Try all attacks and print the table: `make attack`."""

from __future__ import annotations

import sys

import pytest

from tests.attacks.table import AttackTable


def main(arguments: list[str]) -> int:
    """Return 0 only if every attack was tried and none succeeded."""
    table = AttackTable()
    # Neither pytest's report nor what the product's programs print belongs into the table.
    quiet = ["-p", "no:terminal", "-p", "no:warnings", "-o", "addopts=", "--import-mode=importlib"]
    code = pytest.main([*quiet, "-m", "attack", *arguments], plugins=[table])
    print(f"attacks {table.tried} succeeded {table.succeeded}")
    return 0 if code == pytest.ExitCode.OK and table.tried and not table.succeeded else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What `make attack` begins with."""

from __future__ import annotations

import subprocess
import sys

from demo.environment import REPOSITORY


def test_all_attacks_are_found() -> None:
    command = [sys.executable, "-m", "tests.attacks", "-k", "no_such_attack"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert "SUCCEEDED" not in done.stdout, "a module that can't be read counts as an attack that succeeded"
    assert done.stdout.splitlines()[-1] == "attacks 0 succeeded 0"
    assert done.returncode == 1, "nothing was tried"

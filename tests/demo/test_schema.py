"""A demo that was set up before the migrations were rewritten starts all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.postgres import Postgres
from demo.schema import forget_rewritten

NAME = "rewritten"


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "versions"
    folder.mkdir()
    (folder / "0001_first.sql").write_text("CREATE SCHEMA ops;")
    return folder


def test_a_database_is_dropped_only_if_a_migration_that_it_has_was_rewritten(
    postgres: Postgres, migrations: Path, tmp_path: Path
) -> None:
    def forgets() -> bool:
        dropped = forget_rewritten(postgres, NAME, migrations, tmp_path / "migrations.json")
        assert postgres.has_database(NAME) is not dropped or not existed
        return dropped

    existed = False
    assert not forgets(), "there is nothing to forget at first"
    existed = True
    postgres.ensure_database(NAME)
    assert not forgets()
    (migrations / "0002_second.sql").write_text("CREATE TABLE ops.second ();")
    assert not forgets(), "what was added is applied as always"
    (migrations / "0001_first.sql").write_text("CREATE SCHEMA ops; -- anew")
    assert forgets()
    postgres.ensure_database(NAME)
    assert not forgets()
    (tmp_path / "migrations.json").unlink()
    assert forgets(), "it is older than the notes"

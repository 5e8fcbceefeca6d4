"""The files that operations name, checked before they are merged."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from demo.environment import REPOSITORY
from demo.orders import DATABASE, LOGIN, ensure_orders
from demo.postgres import Postgres
from ops_dashboard.catalog import load_catalog
from ops_dashboard.cli import main
from ops_dashboard.database import connect_url
from ops_dashboard.operations.checking import check_files
from ops_dashboard.operations.sql_files import read_query, read_statements

CATALOG = """\
operations:
  repair:
    title: Repair
    owner: Search
    parameters:
      region: {{type: string}}
      batch:
        type: string
        choices:
          query: batches.sql
          connection: shop
          needs: [{need}]
    sql:
      file: repair.sql
      connection: shop
      max_rows: 3
  purge:
    title: Purge
    owner: Search
    script:
      file: purge.py
      interpreter: python
      sha256: {digest}
"""
SCRIPT = "print('purged')\n"
DIGEST = sha256(SCRIPT.encode()).hexdigest()


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A folder with a catalog and the files that its operations name."""
    for folder in ("catalog", "scripts"):
        (tmp_path / folder).mkdir()
    (tmp_path / "catalog" / "a.yaml").write_text("grants:\n  - {group: staff, action: view:*}\n")
    (tmp_path / "catalog" / "b.yaml").write_text(CATALOG.format(need="region", digest=DIGEST))
    (tmp_path / "scripts" / "repair.sql").write_text("UPDATE t SET a = 1 WHERE b = %(batch)s;\n")
    (tmp_path / "scripts" / "batches.sql").write_text("SELECT batch FROM t WHERE region = %(region)s")
    (tmp_path / "scripts" / "purge.py").write_text(SCRIPT)
    return tmp_path


def mistakes(team: Path) -> list[str]:
    catalog = team / "catalog"
    found = check_files(load_catalog(catalog), catalog, team / "scripts")
    return [str(mistake).replace(f"{team}/", "") for mistake in found]


def test_files_without_mistakes(team: Path) -> None:
    assert mistakes(team) == []


def test_a_missing_file_is_told_where_it_is_named(team: Path) -> None:
    for file in (team / "scripts").iterdir():
        file.unlink()
    why = "there is no such file in scripts"
    assert mistakes(team) == [
        "catalog/b.yaml:10: operations.repair.parameters.batch.choices.query: got 'batches.sql',"
        f" expected a file that can be run; script batches.sql: {why}",
        "catalog/b.yaml:14: operations.repair.sql.file: got 'repair.sql',"
        f" expected a file that can be run; script repair.sql: {why}",
        "catalog/b.yaml:21: operations.purge.script.file: got 'purge.py',"
        f" expected a file that can be run; script purge.py: {why}",
    ]


def test_a_link_is_no_file(team: Path) -> None:
    file = team / "scripts" / "purge.py"
    file.rename(team / "purge.py")
    file.symlink_to(team / "purge.py")
    assert "is a symbolic link, which is not followed" in mistakes(team)[0]


def test_a_script_that_is_not_the_one_is_told(team: Path) -> None:
    (team / "scripts" / "purge.py").write_text("print('other')\n")
    (mistake,) = mistakes(team)
    assert mistake.startswith(f"catalog/b.yaml:23: operations.purge.script.sha256: got '{DIGEST}', expected that of")


def test_sql_is_told_at_its_own_line(team: Path) -> None:
    (team / "scripts" / "repair.sql").write_text("UPDATE t SET a = 1;\nCOMMIT;\nSELECT %(x)s;\n")
    (team / "scripts" / "batches.sql").write_text("DELETE FROM t")
    assert mistakes(team) == [
        "scripts/batches.sql:1: got DELETE, expected one query: SELECT, WITH, VALUES, TABLE",
        "scripts/repair.sql:2: got COMMIT, expected nothing that begins or ends a transaction: the whole file is one",
        "scripts/repair.sql:3: got the parameter 'x', expected one of region, batch",
    ]


def test_the_command_tells_them_and_fails(team: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(team / "catalog")]) == 0
    assert main(["check", str(team / "catalog"), "--scripts", str(team / "elsewhere")]) == 1
    (team / "scripts" / "repair.sql").write_text("COMMIT")
    assert main(["check", str(team / "catalog")]) == 1
    assert f"{team}/scripts/repair.sql:1: got COMMIT, expected" in capsys.readouterr().err


def test_the_command_needs_neither_airflow_nor_a_database(team: Path) -> None:
    program = (
        "import sys\n"
        "from ops_dashboard.cli import main\n"
        f"assert main(['check', {str(team / 'catalog')!r}]) == 0\n"
        "slow = {'airflow', 'sqlalchemy', 'psycopg', 'kubernetes', 'fastapi'} & set(sys.modules)\n"
        "assert not slow, slow\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, timeout=120)


def test_the_demo_has_orders_to_repair(postgres: Postgres) -> None:
    scripts = REPOSITORY / "dags" / "scripts"
    repair = load_catalog(REPOSITORY / "dags" / "catalog").operation("repair-orders")
    assert repair.sql is not None
    ensure_orders(postgres)
    ensure_orders(postgres)
    try:
        with connect_url(postgres.url(DATABASE, LOGIN)) as connection:
            (regions,) = read_query(scripts, "order_regions.sql", ()).statements
            assert [row[0] for row in connection.execute(regions.encode(), {})] == ["ap-south", "eu-west", "us-east"]
            (batches,) = read_query(scripts, "order_batches.sql", ("region",)).statements
            assert repair.example["batch"] in {row[0] for row in connection.execute(batches.encode(), repair.example)}
            statement = read_statements(scripts, repair.sql.file, repair.parameters).statements[0]
            changed = connection.execute(statement.encode(), repair.example).rowcount
            assert 0 < changed <= repair.sql.max_rows
            too_many = connection.execute(statement.encode(), {"region": "eu-west", "batch": "2026-11-05"}).rowcount
            assert too_many > repair.sql.max_rows
            connection.rollback()
    finally:
        postgres.run("DROP DATABASE {} WITH (FORCE)", DATABASE)

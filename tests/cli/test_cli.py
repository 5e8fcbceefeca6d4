"""The console script, run as people run it: the installed program in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from demo.environment import REPOSITORY
from demo.postgres import Postgres
from ops_dashboard.ledger import Event
from tests.support.ledger_records import request, write

BIN = Path(sys.executable).parent
GOOD = "grants:\n  - {group: staff, action: view:*}\n"


def ops_dashboard(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "ops-dashboard", *map(str, arguments)],
        cwd=REPOSITORY,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_check_counts_what_is_good() -> None:
    done = ops_dashboard("check", "dags/catalog")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "6 pools, 11 grants, 4 operations, 2 settings: good\n",
        "",
    )


def test_check_looks_where_a_team_keeps_its_catalog() -> None:
    assert ops_dashboard("check").stdout == ops_dashboard("check", "dags/catalog").stdout


def test_check_tells_every_mistake_and_fails(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("pools: {A/b: }\ngrants: on\n")
    (tmp_path / "b.yaml").write_text("")

    done = ops_dashboard("check", tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert [line.split(" got ")[0] for line in done.stderr.splitlines()] == [
        f"{tmp_path}/a.yaml:1: pools.A/b:",
        f"{tmp_path}/a.yaml:2: grants:",
        f"{tmp_path}/b.yaml:",
    ]


def test_check_of_a_missing_folder_says_so(tmp_path: Path) -> None:
    done = ops_dashboard("check", tmp_path / "gone")
    assert (done.returncode, done.stderr) == (
        1,
        f"{tmp_path}/gone: got No such file or directory, expected a folder that can be read\n",
    )


def test_check_does_not_need_airflow(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    program = (
        "import sys\n"
        "from ops_dashboard.cli import main\n"
        f"assert main(['check', {str(tmp_path)!r}]) == 0\n"
        "slow = {'airflow', 'sqlalchemy', 'psycopg', 'kubernetes', 'fastapi'} & set(sys.modules)\n"
        "assert not slow, slow\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["chek"], "invalid choice: 'chek'"),
        (["check", "a", "b"], "unrecognized arguments: b"),
        (["migrate", "--url", "x"], "unrecognized arguments: --url"),
        (["migrate", "--database", "x"], "unrecognized arguments: --database"),
        (["ledger"], "the following arguments are required: ACTION"),
        (["ledger", "verify", "--kept", "12ab"], "'12ab' is not accepted; give the 64 hexadecimal digits"),
    ],
)
def test_wrong_arguments_end_with_code_2(arguments: list[str], message: str) -> None:
    done = ops_dashboard(*arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_every_command_is_listed_in_the_help() -> None:
    done = ops_dashboard("--help")
    assert done.returncode == 0
    listed = {line.split()[0] for line in done.stdout.splitlines() if re.match(r" {4}\w", line)}
    assert listed == {"check", "migrate", "directory", "ledger"}


def test_migrate_applies_what_is_missing_once(empty_database_url: str, tmp_path: Path) -> None:
    arguments = ("migrate", "--no-role", "--database-url", empty_database_url)

    first = ops_dashboard(*arguments, AIRFLOW_HOME=str(tmp_path))
    second = ops_dashboard(*arguments, AIRFLOW_HOME=str(tmp_path))

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("applied 0001")
    assert (second.returncode, second.stdout) == (0, "the schema is up to date\n")
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT to_regclass('ops.ledger') IS NOT NULL").fetchone() == (True,)


def test_migrate_without_url_takes_the_airflow_connection(empty_database_url: str, tmp_path: Path) -> None:
    done = ops_dashboard(
        "migrate", "--no-role", AIRFLOW_HOME=str(tmp_path), AIRFLOW_CONN_OPS_DASHBOARD=empty_database_url
    )
    assert (done.returncode, "\napplied 0001" in f"\n{done.stdout}") == (0, True), done.stdout + done.stderr


def test_migrate_without_any_connection_says_so(tmp_path: Path) -> None:
    metadata = f"sqlite:///{tmp_path}/airflow.db"
    done = ops_dashboard("migrate", AIRFLOW_HOME=str(tmp_path), AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=metadata)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "Airflow has no connection 'ops_dashboard'" in done.stderr


def test_migrate_to_a_database_that_is_down_says_so_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql://owner:hush-hush@/ops?host={tmp_path}"
    done = ops_dashboard("migrate", "--database-url", url, AIRFLOW_HOME=str(tmp_path))
    assert (done.returncode, "Traceback" in done.stderr, "hush-hush" in done.stderr) == (1, False, False)
    assert "the database can't be reached" in done.stderr


def test_migrate_with_too_few_rights_says_which(postgres: Postgres, empty_database_url: str, tmp_path: Path) -> None:
    postgres.run("CREATE ROLE {} LOGIN", "cli_reader")
    url = postgres.url(urlsplit(empty_database_url).path.removeprefix("/"), "cli_reader")
    done = ops_dashboard("migrate", "--database-url", url, AIRFLOW_HOME=str(tmp_path))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "the database role lacks a right" in done.stderr


def test_migrate_before_airflow_itself_is_migrated_says_so(empty_database_url: str, tmp_path: Path) -> None:
    done = ops_dashboard(
        "migrate",
        "--database-url",
        empty_database_url,
        AIRFLOW_HOME=str(tmp_path),
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{tmp_path}/airflow.db",
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "is `airflow db migrate` done?" in done.stderr


def test_migrate_makes_the_role_in_airflow(postgres: Postgres, empty_database_url: str, tmp_path: Path) -> None:
    environment = {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": empty_database_url.replace("postgresql:", "postgresql+psycopg:"),
        "PATH": f"{BIN}:/usr/bin:/bin",
    }
    subprocess.run([BIN / "airflow", "db", "migrate"], env=environment, check=True, capture_output=True, timeout=300)

    done = ops_dashboard("migrate", "--database-url", empty_database_url, **environment)

    assert done.returncode == 0, done.stderr
    assert "Airflow's role Ops is ready" in done.stdout
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT count(*) FROM ab_role WHERE name = 'Ops'").fetchone() == (1,)


def test_ledger_verify_tells_the_head_and_that_the_chain_holds(
    app_url: str, app_connection: psycopg.Connection, tmp_path: Path
) -> None:
    write(app_connection, request(), Event.STARTED, Event.FAILED)
    verify = ("ledger", "verify", "--database-url", app_url)
    done = ops_dashboard(*verify, AIRFLOW_HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    told = re.fullmatch("2 rows, head ([0-9a-f]{64})\nthe chain holds\n", done.stdout)
    assert told
    write(app_connection, request(), Event.DENIED)
    assert ops_dashboard(*verify, "--kept", told[1], AIRFLOW_HOME=str(tmp_path)).returncode == 0
    rewritten = ops_dashboard(*verify, "--kept", "0" * 64, AIRFLOW_HOME=str(tmp_path))
    assert (rewritten.returncode, "the chain holds" in rewritten.stdout) == (1, False)
    assert "the chain does not contain the head that was kept" in rewritten.stderr


def test_ledger_verify_tells_where_the_chain_breaks(
    database_url: str, owner_connection: psycopg.Connection, tmp_path: Path
) -> None:
    write(owner_connection, request(), Event.STARTED, Event.FAILED)
    owner_connection.execute("ALTER TABLE ops.ledger DISABLE TRIGGER append_only; DELETE FROM ops.ledger WHERE seq = 1")
    owner_connection.commit()
    done = ops_dashboard("ledger", "verify", AIRFLOW_HOME=str(tmp_path), AIRFLOW_CONN_OPS_DASHBOARD=database_url)
    assert (done.returncode, done.stderr) == (1, "the chain is broken: row 1 is missing\n")


def test_ledger_verify_without_a_ledger_says_so(empty_database_url: str, tmp_path: Path) -> None:
    done = ops_dashboard("ledger", "verify", "--database-url", empty_database_url, AIRFLOW_HOME=str(tmp_path))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert 'the ledger can\'t be read: relation "ops.ledger" does not exist' in done.stderr

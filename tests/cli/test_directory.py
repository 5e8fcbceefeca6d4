"""`ops-dashboard directory`: what a source would load, and deciding a held sync at a shell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import psycopg
import pytest

from demo.environment import REPOSITORY
from ops_dashboard import ledger
from ops_dashboard.cli import main
from ops_dashboard.database import connect_url
from ops_dashboard.directory import SyncRules, SyncState, recent_runs, sync
from tests.cli.test_cli import ops_dashboard
from tests.support.company import COMPANY, SCHEDULED, load, memberships
from tests.support.ledger_records import request

EXAMPLE = REPOSITORY / "demo" / "company" / "directory.yaml"


def connection_of(extra: object) -> str:
    return json.dumps({"conn_type": "generic", "extra": extra})


def test_check_prints_what_would_be_loaded(tmp_path: Path) -> None:
    source = connection_of({"kind": "file", "path": str(EXAMPLE)})
    done = ops_dashboard("directory", "check", AIRFLOW_CONN_OPS_DIRECTORY=source, AIRFLOW_HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.splitlines()
    assert told[0] == f"source file: {EXAMPLE}"
    assert told[-2:] == [
        "  would load 5 users (0 suspended) and 4 groups",
        "  with 5 direct memberships and 3 groups in groups",
    ]


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"kind": "file", "path": "/nowhere/directory.yaml"}, "/nowhere/directory.yaml"),
        ({"kind": "fiel"}, "extra has kind 'fiel', expected file, google, ldap, scim"),
        ({"kind": "scim", "url": "https://localhost:1/scim/v2"}, "connection 'other': "),
    ],
)
def test_check_tells_what_is_wrong_and_fails(tmp_path: Path, extra: object, told: str) -> None:
    environment = {"AIRFLOW_CONN_OTHER": connection_of(extra), "AIRFLOW_HOME": str(tmp_path)}
    done = ops_dashboard("directory", "check", "other", **environment)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_check_tells_at_once_that_it_asks_again_and_nothing_else(tmp_path: Path) -> None:
    source = json.loads(connection_of({"kind": "scim", "url": "https://localhost:1/scim/v2"}))
    environment = {"AIRFLOW_CONN_OTHER": json.dumps({**source, "password": "t"}), "AIRFLOW_HOME": str(tmp_path)}
    done = ops_dashboard("directory", "check", "other", **environment)
    assert (done.returncode, done.stdout) == (1, "")
    problem = "https://localhost:1/scim/v2/Users: cannot be reached: [Errno 111] Connection refused"
    assert done.stderr.splitlines() == [f"try 1 of 2: {problem}; asking again", problem]


@pytest.fixture
def held(app_connection: psycopg.Connection) -> str:
    """Digest of a first run that waits."""
    report = sync(app_connection, COMPANY, SyncRules(), SCHEDULED)
    app_connection.commit()
    assert report.digest is not None
    return report.digest


@pytest.mark.parametrize(
    ("decision", "state", "size"), [("release", SyncState.APPLIED, 8), ("discard", SyncState.DISCARDED, 0)]
)
def test_a_held_sync_is_decided_and_on_record(
    app_connection: psycopg.Connection,
    app_url: str,
    tmp_path: Path,
    held: str,
    decision: str,
    state: SyncState,
    size: int,
) -> None:
    done = ops_dashboard(
        "directory",
        decision,
        "file",
        held,
        "--reason",
        "checked with HR",
        AIRFLOW_CONN_OPS_DASHBOARD=app_url.replace("postgresql", "postgres"),
        AIRFLOW_HOME=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    (run,) = recent_runs(app_connection, "file")
    assert (run.state, run.decided_why) == (state, "checked with HR")
    assert len(memberships(app_connection)) == size
    (entry,) = ledger.entries(app_connection, ledger.Filter()).entries
    assert (entry.action, entry.resource, entry.outcome) == ("manage", "access", ledger.Outcome.SUCCEEDED)
    assert entry.requested == f"{decision} of sync {held[:12]} of file"
    assert (entry.before, entry.after, entry.reason) == ("held", str(state), "checked with HR")
    assert entry.actor.endswith(" at a shell")


def test_another_digest_is_refused_and_on_record(
    app_connection: psycopg.Connection, app_url: str, tmp_path: Path, held: str
) -> None:
    other = "0" * 64
    environment = {
        "AIRFLOW_CONN_OPS_DASHBOARD": app_url.replace("postgresql", "postgres"),
        "AIRFLOW_HOME": str(tmp_path),
    }
    done = ops_dashboard("directory", "release", "file", other, "--reason", "x", **environment)
    assert done.returncode == 1
    assert "source 'file' holds no run with digest 000000000000" in done.stderr
    (entry,) = ledger.entries(app_connection, ledger.Filter()).entries
    assert entry.outcome is ledger.Outcome.REFUSED
    assert memberships(app_connection) == set()


def test_a_source_is_retired_and_on_record(app_connection: psycopg.Connection, app_url: str, tmp_path: Path) -> None:
    load(app_connection, COMPANY)
    app_connection.commit()
    environment = {
        "AIRFLOW_CONN_OPS_DASHBOARD": app_url.replace("postgresql", "postgres"),
        "AIRFLOW_HOME": str(tmp_path),
    }
    done = ops_dashboard("directory", "retire", "fiel", "--reason", "it is corp now", **environment)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "there is no source 'fiel'; known are file")
    done = ops_dashboard("directory", "retire", "file", "--reason", "it is corp now", **environment)
    assert done.returncode == 0, done.stderr
    assert "retiring file: 5 users and 4 groups taken out" in done.stdout
    assert memberships(app_connection) == set()
    retired, refused = ledger.entries(app_connection, ledger.Filter()).entries
    assert (retired.requested, retired.after, retired.outcome) == ("retire source file", "retired", "succeeded")
    assert refused.outcome is ledger.Outcome.REFUSED


@pytest.mark.parametrize(
    ("digest", "reason", "told"),
    [
        ("x" * 64, "checked", "is not accepted; accepted is the digest of the differences"),
        ("", "checked", "digest: '' is not accepted"),
        ("0" * 64, " ", "reason: ' ' is not accepted; accepted is a few words that say why"),
    ],
)
def test_what_is_no_request_is_told_before_anything_is_looked_at(digest: str, reason: str, told: str) -> None:
    done = ops_dashboard("directory", "release", "file", digest, "--reason", reason)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def syncing(app_url: str) -> Iterator[psycopg.Connection]:
    """Somebody else's sync, for which a release waits."""
    with connect_url(app_url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('ops.directory', 0))")
        yield connection


def release_here(digest: str) -> int:
    return main(["directory", "release", "file", digest, "--reason", "checked with HR"])


def test_others_write_their_records_while_a_release_takes_its_time(
    product_database: str, app_connection: psycopg.Connection, held: str, syncing: psycopg.Connection
) -> None:
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(release_here, held)
        wait_for_a_lock(app_connection)
        app_connection.execute("SET statement_timeout = '5s'")
        ledger.append(app_connection, request(), ledger.Event.DENIED, ledger.Details())
        app_connection.commit()
        syncing.rollback()
        assert done.result() == 0


def test_a_database_that_fails_meanwhile_is_told(
    product_database: str,
    owner_connection: psycopg.Connection,
    held: str,
    syncing: psycopg.Connection,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(release_here, held)
        pid = wait_for_a_lock(owner_connection)
        owner_connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert done.result() == 1
    assert "not done, unless the page says so" in capsys.readouterr().err


def wait_for_a_lock(connection: psycopg.Connection) -> int:
    """Wait until somebody waits for an advisory lock, and say who."""
    for _ in range(200):
        found = connection.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone()
        connection.rollback()
        if found is not None:
            return int(found[0])
        sleep(0.05)
    raise AssertionError("nobody waits")

"""`ops-dashboard directory`: what a source would load, and deciding a held sync at a shell."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from ops_dashboard import ledger
from ops_dashboard.directory import SyncRules, SyncState, recent_runs, sync
from tests.company import COMPANY, SCHEDULED, memberships
from tests.test_cli import REPOSITORY, ops_dashboard

EXAMPLE = REPOSITORY / "demo" / "company" / "directory.yaml"


def connection_of(extra: object) -> str:
    return json.dumps({"conn_type": "generic", "extra": extra})


def test_check_prints_what_would_be_loaded(tmp_path: Path) -> None:
    source = connection_of({"kind": "file", "path": str(EXAMPLE)})
    done = ops_dashboard("directory", "check", AIRFLOW_CONN_OPS_DIRECTORY=source, AIRFLOW_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert told[-5] == f"source file: {EXAMPLE}"
    assert told[-2:] == [
        "  would load 4 users (0 suspended) and 4 groups",
        "  with 4 direct memberships and 3 groups in groups",
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
    assert (entry.before, entry.requested, entry.reason) == ("held", f"{decision} file {held[:12]}", "checked with HR")
    assert entry.actor.endswith(" at a shell")


def test_another_digest_is_refused_and_on_record(
    app_connection: psycopg.Connection, app_url: str, tmp_path: Path, held: str
) -> None:
    other = "x" * 64
    environment = {
        "AIRFLOW_CONN_OPS_DASHBOARD": app_url.replace("postgresql", "postgres"),
        "AIRFLOW_HOME": str(tmp_path),
    }
    done = ops_dashboard("directory", "release", "file", other, "--reason", "x", **environment)
    assert done.returncode == 1
    assert "source 'file' holds no run with digest xxxxxxxxxxxx" in done.stderr
    (entry,) = ledger.entries(app_connection, ledger.Filter()).entries
    assert entry.outcome is ledger.Outcome.REFUSED
    assert memberships(app_connection) == set()

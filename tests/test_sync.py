"""The tasks of ops_sync_groups: what they bring in, and what they leave alone when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from ops_dashboard import access
from ops_operators.sync import SyncCatalogGrantsOperator, SyncDirectoryOperator
from tests.company import ADS, VIEWER, memberships

COMPANY_FILE = Path(__file__).parent.parent / "demo" / "company" / "directory.yaml"
CONTEXT: Any = {}


@pytest.fixture
def directory_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the directory connection leads to, holding the demo company."""
    path = tmp_path / "directory.yaml"
    path.write_text(COMPANY_FILE.read_text())
    extra = {"kind": "file", "path": str(path)}
    monkeypatch.setenv("AIRFLOW_CONN_OPS_DIRECTORY", json.dumps({"conn_type": "generic", "extra": extra}))
    return path


@pytest.fixture
def catalog_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog with one grant."""
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / "grants.yaml").write_text('grants: [{group: ads-oncall, action: "scale:ads/*"}]')
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(folder))
    return folder


def sync_directory() -> dict[str, Any]:
    return SyncDirectoryOperator(task_id="sync_directory").execute(CONTEXT)


def sync_grants() -> dict[str, Any]:
    return SyncCatalogGrantsOperator(task_id="sync_catalog_grants").execute(CONTEXT)


def test_the_demo_company_comes_in_nested_groups_closed(
    product_database: str, directory_file: Path, app_connection: psycopg.Connection
) -> None:
    assert sync_directory()["users_added"] == 4
    assert {(ADS, "ads-oncall"), (ADS, "staff"), (VIEWER, "staff")} <= memberships(app_connection)
    again = sync_directory()
    assert (again["users_added"], again["memberships_added"], again["memberships_removed"]) == (0, 0, 0)


@pytest.mark.parametrize("content", [None, "", "users: []\ngroups: []", "users: [", "users:\n  - {id: u-1}"])
def test_a_directory_without_a_complete_answer_changes_nothing(
    product_database: str, directory_file: Path, app_connection: psycopg.Connection, content: str | None
) -> None:
    sync_directory()
    before = memberships(app_connection)
    app_connection.rollback()
    if content is None:
        directory_file.unlink()
    else:
        directory_file.write_text(content)
    with pytest.raises(AirflowFailException, match="users and groups stay as they were"):
        sync_directory()
    assert memberships(app_connection) == before


def test_the_catalogs_grants_come_and_go_with_it(
    product_database: str, directory_file: Path, catalog_folder: Path, app_connection: psycopg.Connection
) -> None:
    sync_directory()
    assert sync_grants() == {"added": 1, "revoked": 0}
    assert access.decide(app_connection, ADS, "scale:ads/bidder").allowed
    app_connection.rollback()
    (catalog_folder / "grants.yaml").write_text('grants: [{group: staff, action: "view:*"}]')
    assert sync_grants() == {"added": 1, "revoked": 1}
    assert not access.decide(app_connection, ADS, "scale:ads/bidder").allowed


def test_a_catalog_with_mistakes_changes_no_grant(
    product_database: str, directory_file: Path, catalog_folder: Path, app_connection: psycopg.Connection
) -> None:
    sync_directory()
    sync_grants()
    (catalog_folder / "grants.yaml").write_text("grants: [{group: ads-oncall}]")
    with pytest.raises(AirflowFailException, match="the grants stay as they were"):
        sync_grants()
    assert access.decide(app_connection, ADS, "scale:ads/bidder").allowed


def test_a_database_that_is_down_is_told(directory_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OPS_DASHBOARD", '{"conn_type": "postgres", "host": "localhost", "port": 1}')
    with pytest.raises(AirflowFailException, match="can't be reached"):
        sync_directory()

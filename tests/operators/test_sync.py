"""The tasks of ops_sync_groups: what they bring in, and what they leave alone when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from airflow.sdk.exceptions import AirflowFailException
from structlog.testing import capture_logs

from demo.environment import REPOSITORY
from ops_dashboard import access
from ops_dashboard.directory import Snapshot, recent_runs
from ops_dashboard.directory.file import FileSource
from ops_dashboard.settings import settings
from ops_operators.sync import SyncCatalogGrantsOperator, SyncDirectoryOperator
from tests.support.acting import Run
from tests.support.company import ADS, VIEWER, memberships

COMPANY_FILE = REPOSITORY / "demo" / "company" / "directory.yaml"
NOBODY_ASKED: Any = {"dag_run": Run({}, triggering_user_name=None), "params": {}}
REHEARSAL: Any = {"dag_run": Run({}, triggering_user_name=VIEWER), "params": {"dry_run": True}}


@pytest.fixture
def directory_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the directory connection leads to, holding the demo company."""
    path = tmp_path / "directory.yaml"
    path.write_text(COMPANY_FILE.read_text())
    extra = {"kind": "file", "path": str(path), "first_run": "apply"}
    monkeypatch.setenv("AIRFLOW_CONN_OPS_DIRECTORY", json.dumps({"conn_type": "generic", "extra": extra}))
    return path


def company_of(size: int) -> dict[str, list[dict[str, Any]]]:
    """A directory file's content with so many people in one group."""
    users = [{"id": f"x-{n}", "email": f"x{n}@example.com", "name": f"X {n}"} for n in range(size)]
    return {"users": users, "groups": [{"id": "g-x", "name": "x", "users": [user["id"] for user in users]}]}


@pytest.fixture
def catalog_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog with one grant."""
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / "grants.yaml").write_text('grants: [{group: ads-oncall, action: "scale:ads/*"}]')
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(folder))
    return folder


def sync_directory(context: Any = NOBODY_ASKED) -> dict[str, Any]:
    return SyncDirectoryOperator(task_id="sync", connection_id="ops_directory").execute(context)


def sync_grants(context: Any = NOBODY_ASKED) -> dict[str, Any]:
    return SyncCatalogGrantsOperator(task_id="sync_catalog_grants").execute(context)


def hang_up(connection: psycopg.Connection) -> None:
    """End all other connections to this database, as something between the two may do."""
    connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    connection.rollback()


def runs_of(connection: psycopg.Connection) -> list[tuple[str, str]]:
    connection.rollback()
    return [(run.state, run.asked_by) for run in recent_runs(connection, "file")]


def test_the_demo_company_comes_in_nested_groups_closed(
    product_database: str, directory_file: Path, app_connection: psycopg.Connection
) -> None:
    assert sync_directory()["differences"]["users"] == 5
    assert {(ADS, "ads-oncall"), (ADS, "staff"), (VIEWER, "staff")} <= memberships(app_connection)
    again = sync_directory()
    assert again["state"] == "applied"
    assert (again["differences"]["changes"], again["differences"]["memberships_added"]) == ([], 0)
    assert runs_of(app_connection) == [("applied", "the schedule")] * 2


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
    assert runs_of(app_connection)[0][0] == "failed"


SMALL_COMPANY = """
users: [{id: u-300, email: admin@platform.example.com, name: Data Platform}]
groups: [{id: g-30, name: platform-admins, users: [u-300]}]
"""


def test_a_suspiciously_small_directory_is_held_and_the_task_fails(
    product_database: str, directory_file: Path, catalog_folder: Path, app_connection: psycopg.Connection
) -> None:
    directory_file.write_text(yaml.safe_dump(company_of(40)))
    sync_directory()
    before = memberships(app_connection)
    app_connection.rollback()
    directory_file.write_text(SMALL_COMPANY)
    with pytest.raises(
        AirflowFailException, match=r"^held, .* 40 of 40 active users would be removed.*digest [0-9a-f]{64}"
    ):
        sync_directory()
    assert memberships(app_connection) == before
    assert runs_of(app_connection)[0] == ("held", "the schedule")


def test_a_dry_run_asked_for_by_a_person_tells_what_would_change(
    product_database: str, directory_file: Path, app_connection: psycopg.Connection
) -> None:
    told = sync_directory(REHEARSAL)
    assert (told["state"], told["differences"]["users"]) == ("rehearsed", 5)
    assert memberships(app_connection) == set()
    assert runs_of(app_connection) == [("rehearsed", VIEWER)]


def test_a_dry_run_tells_why_it_would_be_held(product_database: str, directory_file: Path) -> None:
    directory_file.write_text(yaml.safe_dump(company_of(40)))
    sync_directory()
    directory_file.write_text(SMALL_COMPANY)
    with capture_logs() as logs:
        assert sync_directory(REHEARSAL)["state"] == "rehearsed"
    told = [each["event"] for each in logs]
    assert any(each.startswith("Without a dry run it would be held: 40 of 40 active users") for each in told), told


def test_two_connections_that_keep_their_users_under_one_name_are_told(
    product_database: str, directory_file: Path, app_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"kind": "file", "path": str(directory_file)}
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps({"conn_type": "generic", "extra": extra}))
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__DIRECTORY_CONNECTION_IDS", "ops_directory,missing,other")
    settings.cache_clear()
    with pytest.raises(AirflowFailException, match="'ops_directory' and 'other' both keep their users under"):
        sync_directory()
    assert memberships(app_connection) == set()
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps({"conn_type": "generic", "extra": {**extra, "name": "corp"}}))
    assert sync_directory()["state"] == "applied"
    settings.cache_clear()


def test_a_dry_run_says_that_most_of_the_grants_would_go(
    product_database: str, directory_file: Path, catalog_folder: Path
) -> None:
    declare(catalog_folder, "scale:a", "scale:b", "scale:c")
    sync_grants()
    declare(catalog_folder, "view:*")
    with capture_logs() as logs:
        assert sync_grants(REHEARSAL) == {"added": 1, "revoked": 3}
    assert any(each["event"].startswith("Without a dry run it would be held: 3 of the 3") for each in logs), logs


def test_a_dry_run_tells_what_would_become_of_grants_and_changes_none(
    product_database: str, directory_file: Path, catalog_folder: Path, app_connection: psycopg.Connection
) -> None:
    sync_directory()
    sync_grants()
    (catalog_folder / "grants.yaml").write_text('grants: [{group: staff, action: "view:*"}]')
    before = access.live_grants(app_connection)
    app_connection.rollback()
    assert sync_grants(REHEARSAL) == {"added": 1, "revoked": 1}
    assert access.live_grants(app_connection) == before
    app_connection.rollback()
    assert sync_grants() == {"added": 1, "revoked": 1}


def test_a_source_may_take_longer_than_an_idle_connection_lasts(
    product_database: str,
    directory_file: Path,
    owner_connection: psycopg.Connection,
    app_connection: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = FileSource.fetch

    def fetch_slowly(self: FileSource) -> Snapshot:
        hang_up(owner_connection)
        return read(self)

    app_connection.close()
    monkeypatch.setattr(FileSource, "fetch", fetch_slowly)
    assert sync_directory()["state"] == "applied"


def test_a_connection_that_is_lost_while_it_is_used_is_told(
    product_database: str,
    directory_file: Path,
    catalog_folder: Path,
    owner_connection: psycopg.Connection,
    app_connection: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lose(connection: psycopg.Connection, *_: object, **__: object) -> None:
        hang_up(owner_connection)
        connection.execute("SELECT 1")

    app_connection.close()
    monkeypatch.setattr("ops_dashboard.directory.sync", lose)
    monkeypatch.setattr("ops_dashboard.access.apply_catalog_grants", lose)
    with pytest.raises(AirflowFailException, match="users and groups stay as they were"):
        sync_directory()
    with pytest.raises(AirflowFailException, match="the grants stay as they were"):
        sync_grants()


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


def test_the_groups_that_approve_the_catalogs_operations_are_known_to_the_guards(
    product_database: str, catalog_folder: Path, app_connection: psycopg.Connection
) -> None:
    approved = {
        "title": "Purge",
        "owner": "Search",
        "script": {"file": "purge.sh", "interpreter": "sh"},
        "approval": {"group": "platform-admins", "within": 600},
    }
    (catalog_folder / "operations.yaml").write_text(yaml.safe_dump({"operations": {"purge": approved}}))
    sync_grants()
    assert app_connection.execute("SELECT group_name FROM ops.operation_approvers").fetchall() == [("platform-admins",)]
    app_connection.rollback()
    (catalog_folder / "operations.yaml").unlink()
    sync_grants()
    assert app_connection.execute("SELECT group_name FROM ops.operation_approvers").fetchall() == []


def declare(folder: Path, *actions: str) -> None:
    grants = [{"group": "ads-oncall", "action": action} for action in actions]
    (folder / "grants.yaml").write_text(yaml.safe_dump({"grants": grants}))


def test_most_of_the_catalogs_grants_go_only_if_somebody_confirms(
    product_database: str, catalog_folder: Path, app_connection: psycopg.Connection
) -> None:
    declare(catalog_folder, "scale:a", "scale:b", "scale:c", "scale:d", "scale:e")
    sync_grants()
    declare(catalog_folder, "scale:a", "scale:b", "view:*")
    with pytest.raises(AirflowFailException, match=r"^held: 3 of the 5 grants .* would be revoked.*confirm_grants"):
        sync_grants()
    assert len(access.live_grants(app_connection)) == 5
    app_connection.rollback()
    confirmed: Any = {**NOBODY_ASKED, "params": {"confirm_grants": True}}
    assert sync_grants(confirmed) == {"added": 1, "revoked": 3}
    # Few are, and so is each that comes back with other terms.
    declare(catalog_folder, "scale:a")
    assert sync_grants() == {"added": 0, "revoked": 2}


def test_grants_that_have_expired_can_be_tidied_away_and_hide_no_loss(
    product_database: str, catalog_folder: Path, owner_connection: psycopg.Connection
) -> None:
    def declare_until(expired: str, lasting: str) -> None:
        grants = [{"group": "g", "action": f"scale:{name}", "expires_at": "2020-01-01T00:00:00Z"} for name in expired]
        grants += [{"group": "g", "action": f"scale:{name}"} for name in lasting]
        (catalog_folder / "grants.yaml").write_text(yaml.safe_dump({"grants": grants}))

    declare_until("abcd", "xyz")
    sync_grants()
    declare_until("d", "xyz")
    assert sync_grants() == {"added": 0, "revoked": 3}
    declare_until("abcdefgh", "xyz")
    sync_grants()
    declare_until("abcdefgh", "")
    with pytest.raises(AirflowFailException, match=r"^held: 3 of the 3 grants"):
        sync_grants()


def test_grants_with_other_terms_are_not_gone(
    product_database: str, catalog_folder: Path, app_connection: psycopg.Connection
) -> None:
    for limit in (1, 2):
        grants = [{"group": "g", "action": f"scale:{name}", "limits": {"max": limit}} for name in "abc"]
        (catalog_folder / "grants.yaml").write_text(yaml.safe_dump({"grants": grants}))
        sync_grants()
    assert {grant.limits.max for grant in access.live_grants(app_connection)} == {2}


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

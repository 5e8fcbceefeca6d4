from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from demo.postgres import Postgres
from ops_dashboard import database

REVISIONS = ["0001_directory", "0002_access", "0003_ledger", "0004_operations", "0005_rights"]


def connection_as_airflow_has_it(url: str, **fields: object) -> str:
    parts = psycopg.conninfo.conninfo_to_dict(url)
    values = {"host": parts["host"], "login": parts["user"], "schema": parts["dbname"], **fields}
    return json.dumps({"conn_type": "postgres", **values})


@pytest.fixture
def airflow_connection(monkeypatch: pytest.MonkeyPatch, app_url: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OPS_DASHBOARD", connection_as_airflow_has_it(app_url))


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture
def pool(airflow_connection: None) -> Iterator[None]:
    yield
    database.pool().close()
    database.connections._pool_of.cache_clear()


def test_migrating_an_empty_database_applies_everything_in_order(empty_database_url: str) -> None:
    assert database.migrate(empty_database_url) == REVISIONS


def test_migrating_again_finds_nothing_to_do(database_url: str) -> None:
    assert database.migrate(database_url) == []


def test_of_two_migrations_at_once_the_second_waits_and_finds_nothing_to_do(empty_database_url: str) -> None:
    results: list[list[str]] = []
    threads = [threading.Thread(target=lambda: results.append(database.migrate(empty_database_url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [[], [], [], REVISIONS]


def test_a_failing_migration_leaves_nothing_behind(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = database.migrations._sql_folder()
    broken = tmp_path / "sql"
    (broken / "versions").mkdir(parents=True)
    for file in [real / "env.py", *(real / "versions").glob("*.*")]:
        (broken / file.relative_to(real)).write_text(file.read_text())
    (broken / "versions" / "0005_rights.sql").write_text("SELECT no_such_function()")
    monkeypatch.setattr(database.migrations, "_sql_folder", lambda: broken)

    with pytest.raises(database.MigrationError, match=r"stays as it was: function no_such_function\(\) does not"):
        database.migrate(empty_database_url)

    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT to_regnamespace('ops')").fetchone() == (None,)


def test_a_role_without_the_right_to_create_is_told_which_right_it_lacks(
    postgres: Postgres, empty_database_url: str
) -> None:
    postgres.run("CREATE ROLE {} LOGIN", "may_only_log_in")
    url = postgres.url(urlsplit(empty_database_url).path[1:], "may_only_log_in")
    with pytest.raises(database.MigrationError, match="role lacks a right: permission denied for database"):
        database.migrate(url)
    postgres.run("DROP ROLE {}", "may_only_log_in")


@pytest.fixture
def owner_url(postgres: Postgres, empty_database_url: str) -> Iterator[str]:
    """An empty database as its owner, who may do nothing else on the server."""
    name = urlsplit(empty_database_url).path[1:]
    postgres.run("CREATE ROLE {} LOGIN", "owns_it")
    postgres.run("ALTER DATABASE {} OWNER TO {}", name, "owns_it")
    yield postgres.url(name, "owns_it")
    postgres.run("ALTER DATABASE {} OWNER TO {}", name, "postgres")
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("DROP OWNED BY owns_it CASCADE")
    postgres.run("DROP ROLE {}", "owns_it")


@pytest.mark.usefixtures("migrated_template")
def test_an_owner_who_may_not_create_roles_is_told_so(postgres: Postgres, owner_url: str) -> None:
    postgres.run("ALTER ROLE {} RENAME TO {}", "ops_dashboard_app", "hidden")
    try:
        with pytest.raises(database.MigrationError, match=r"permission denied to create role.* CREATEROLE unless"):
            database.migrate(owner_url)
    finally:
        postgres.run("ALTER ROLE {} RENAME TO {}", "hidden", "ops_dashboard_app")


@pytest.mark.usefixtures("migrated_template")
def test_an_owner_can_migrate_where_the_product_s_role_exists(owner_url: str) -> None:
    assert database.migrate(owner_url) == REVISIONS


def test_the_app_role_may_do_nothing_else_in_the_schema(app_connection: psycopg.Connection) -> None:
    may = app_connection.execute(
        """
        SELECT table_name, array_agg(privilege_type::text ORDER BY privilege_type)
          FROM information_schema.role_table_grants
         WHERE grantee = 'ops_dashboard_app' AND table_schema = 'ops' GROUP BY table_name
        """
    )
    read, write, append = ["SELECT"], ["INSERT", "SELECT", "UPDATE"], ["INSERT", "SELECT"]
    assert dict(may.fetchall()) == {
        "sources": write,
        "users": write,
        "groups": write,
        "direct_memberships": append,
        "direct_members": read,
        "cancellations": append,
        "operation_approvers": ["DELETE", "INSERT", "SELECT"],
        "nested_groups": append,
        "containments": ["DELETE", "INSERT", "SELECT"],
        "memberships": read,
        "sync_runs": append,
        "group_names": append,
        "grants": append,
        "grants_in_force": read,
        "ledger": read,
        "open_requests": read,
        "requests": read,
    }


def test_nobody_else_may_call_the_product_s_functions(owner_connection: psycopg.Connection) -> None:
    open_to_all = owner_connection.execute(
        """
        SELECT proname FROM pg_proc CROSS JOIN LATERAL aclexplode(coalesce(proacl, acldefault('f', proowner))) AS acl
         WHERE pronamespace = 'ops'::regnamespace AND acl.grantee = 0
        """
    ).fetchall()
    assert open_to_all == []


def test_functions_with_their_owner_s_rights_ignore_the_caller_s_search_path(
    owner_connection: psycopg.Connection,
) -> None:
    unpinned = owner_connection.execute(
        """
        SELECT proname FROM pg_proc WHERE pronamespace = 'ops'::regnamespace AND prosecdef
           AND NOT coalesce(proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']
        """
    ).fetchall()
    assert unpinned == []


def test_a_url_connection_is_read_committed_and_not_autocommit(database_url: str) -> None:
    with database.connect_url(database_url) as connection:
        assert connection.execute("SHOW transaction_isolation").fetchone() == ("read committed",)
        assert not connection.autocommit


def test_the_server_notices_soon_that_a_machine_has_vanished(database_url: str) -> None:
    """What it holds for the session, a pool's lock above all, must not be held for hours."""
    with database.connect_url(database_url) as connection:
        # What is shown of a socket in the file system is 0, whatever was asked for.
        query = "SELECT name, reset_val, source FROM pg_settings WHERE name LIKE 'tcp_keepalives%' ORDER BY name"
        found = connection.execute(query).fetchall()
    assert [(name, source) for name, _, source in found] == [
        ("tcp_keepalives_count", "session"),
        ("tcp_keepalives_idle", "session"),
        ("tcp_keepalives_interval", "session"),
    ]


def test_rows_are_tuples_whatever_cursor_the_airflow_connection_asks_for(
    monkeypatch: pytest.MonkeyPatch, app_url: str
) -> None:
    configured = connection_as_airflow_has_it(app_url, extra={"cursor": "dictcursor"})
    monkeypatch.setenv("AIRFLOW_CONN_OPS_DASHBOARD", configured)
    with database.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.usefixtures("airflow_connection")
def test_the_airflow_connection_opens_the_database_with_its_login() -> None:
    with database.connect() as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("ops_test_app",)
        assert connection.execute("SHOW transaction_isolation").fetchone() == ("read committed",)
        assert not connection.autocommit


@pytest.mark.usefixtures("pool")
def test_the_pool_gives_connections_again() -> None:
    seen = set()
    for _ in range(20):
        with database.pool().connection() as connection:
            seen.add(connection.info.backend_pid)
    assert len(seen) < 20


@pytest.mark.usefixtures("pool")
def test_the_pool_survives_a_restarted_server(owner_connection: psycopg.Connection) -> None:
    with database.pool().connection() as connection:
        pid = connection.info.backend_pid
    owner_connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with database.pool().connection() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.usefixtures("pool")
def test_a_forked_process_has_a_pool_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    of_the_parent = database.pool()
    assert database.pool() is of_the_parent
    with monkeypatch.context() as forked:
        forked.setattr(os, "getpid", lambda: -1)
        of_the_child = database.pool()
        of_the_child.close()
    assert of_the_child is not of_the_parent


def test_the_down_pool_says_so_within_seconds(monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    monkeypatch.setattr(database.connections, "_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setenv("AIRFLOW_CONN_OPS_DASHBOARD", f"postgres://someone:s3cret@127.0.0.1:{unused_port}/ops")
    with pytest.raises(database.DatabaseDownError, match="gave no connection"), database.pool().connection():
        pass
    database.pool().close()
    database.connections._pool_of.cache_clear()


@pytest.mark.parametrize("connect", [database.connect_url, database.migrate])
def test_a_down_server_is_told_plainly(connect: Callable[[str], object], unused_port: int) -> None:
    with pytest.raises(database.DatabaseDownError, match=r"can't be reached: .*refused") as caught:
        connect(f"postgresql://someone:s3cret@127.0.0.1:{unused_port}/ops")
    assert "s3cret" not in str(caught.value)


def test_a_down_server_behind_the_airflow_connection_is_told_plainly(
    monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OPS_DASHBOARD", f"postgres://someone:s3cret@127.0.0.1:{unused_port}/ops")
    with pytest.raises(database.DatabaseDownError, match=r"can't be reached: .*refused") as caught:
        database.connect()
    assert "s3cret" not in str(caught.value)


def test_a_missing_airflow_connection_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_OPS_DASHBOARD", raising=False)
    with pytest.raises(database.DatabaseDownError, match="Airflow has no connection 'ops_dashboard'"):
        database.connect()


@pytest.mark.parametrize(
    "url",
    ["postgresql//someone:s3cret@host/ops", "host=a password=s3cret nonsense", "postgresql://a:s3cret@h:port/ops"],
)
def test_a_url_that_cannot_be_read_is_not_quoted(url: str) -> None:
    with pytest.raises(database.DatabaseDownError) as caught:
        database.connect_url(url)
    assert "s3cret" not in str(caught.value)


def test_a_server_that_accepts_and_says_nothing_costs_seconds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database.connections, "_TIMEOUT_SECONDS", 2)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(database.DatabaseDownError, match="timeout"),
    ):
        database.connect_url(f"postgresql://someone@127.0.0.1:{silent.getsockname()[1]}/ops")

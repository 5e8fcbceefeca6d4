"""SQL operations on a real database: all or nothing, within limits, and nothing that a person typed is ever SQL."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops_dashboard import cancellations, database
from ops_dashboard.ledger import Outcome
from ops_dashboard.operations.sql_files import SqlFile
from ops_dashboard.operations.sql_runs import PreparedSql
from ops_operators.cancelling import CancellationWatch
from ops_operators.sql import SqlOperator
from ops_operators.verdicts import UncertainError
from tests.operators.sql_operations import DAG_ID, WriteFile, asked, carry_out, operation, text
from tests.support.acting import records
from tests.support.company import ADS

pytestmark = pytest.mark.usefixtures("on_call")

RESET = "UPDATE orders SET status = 'new' WHERE batch = %(batch)s AND id <= 5;\n"
BATCH = {"batch": text()}


def statuses(shop: psycopg.Connection) -> dict[str, int]:
    return dict(shop.execute("SELECT status, count(*) FROM orders GROUP BY 1").fetchall())


def refusal(run: Callable[[], object]) -> str:
    with pytest.raises(AirflowFailException) as refused:
        run()
    return str(refused.value)


def sleepers(shop: psycopg.Connection) -> int:
    rows = shop.execute("SELECT 1 FROM pg_stat_activity WHERE query ~ 'pg_sleep.60' AND state = 'active'").fetchall()
    return len(rows) - 1  # this question itself


MORE = "[no more is shown: the output is longer than 18000 bytes]"


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_changes_rows_and_tells_how_many(
    shop: psycopg.Connection,
    write_file: WriteFile,
    on_call: psycopg.Connection,
    said: Callable[[], list[str]],
) -> None:
    file = write_file("repair.sql", RESET + "SELECT id, status, now() AS at, 1.5::numeric AS n FROM orders WHERE id=1;")
    run = asked(batch="b1")
    assert carry_out(operation(parameters=BATCH), run) == {"rows": 2}
    assert statuses(shop) == {"stuck": 8, "new": 2}
    lines = said()
    assert lines[:2] == ["UPDATE 2 rows", "SELECT 1 row"]
    row = json.loads(lines[2])
    assert (row["id"], row["status"], row["n"], row["at"][:2]) == (1, "new", "1.5", "20")
    (record,) = records(on_call, run)
    assert (record.outcome, record.requested) == (Outcome.SUCCEEDED, '{"batch": "b1"}')
    assert file.exists()


def test_that_nothing_was_kept_is_told_below_what_was_changed(
    shop: psycopg.Connection, write_file: WriteFile, said: Callable[[], list[str]]
) -> None:
    write_file("repair.sql", RESET + "UPDATE orders SET status = 'old' WHERE id IN (9, 10)")
    refusal(lambda: carry_out(operation(parameters=BATCH), asked(batch="b1")))
    assert said()[-1] == "Rolled back: of what stands above nothing was kept."


def test_what_would_change_too_much_changes_nothing(shop: psycopg.Connection, write_file: WriteFile) -> None:
    write_file("repair.sql", RESET + "UPDATE orders SET status = 'old' WHERE id IN (9, 10)")
    message = refusal(lambda: carry_out(operation(parameters=BATCH), asked(batch="b1")))
    assert "repair.sql, statement 2 of 2: 4 rows would be changed so far, at most 3 may be; nothing was changed" in (
        message
    )
    assert statuses(shop) == {"stuck": 10}


@pytest.mark.parametrize(
    "statement",
    [
        "WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone",
        "SELECT clear_orders()",
        "DO $$ BEGIN PERFORM clear_orders(); END $$",
        "UPDATE regions SET name = 'x' || name",
        "EXPLAIN ANALYZE DELETE FROM orders",
        "MERGE INTO orders USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
        "INSERT INTO orders SELECT id + 100, region, batch, status FROM orders",
    ],
)
def test_rows_that_a_statement_changes_indirectly_count(
    shop: psycopg.Connection, write_file: WriteFile, statement: str
) -> None:
    shop.execute("CREATE FUNCTION clear_orders() RETURNS void BEGIN ATOMIC DELETE FROM orders; END")
    shop.execute("CREATE TABLE regions AS SELECT DISTINCT region AS name FROM orders")
    shop.execute("ALTER TABLE regions ADD UNIQUE (name)")
    shop.execute("ALTER TABLE orders ADD FOREIGN KEY (region) REFERENCES regions (name) ON UPDATE CASCADE")
    write_file("repair.sql", statement)
    assert re.search("1[02] rows would be changed", refusal(lambda: carry_out(operation(), asked())))
    assert shop.execute("SELECT count(*) FROM orders").fetchone() == (10,)
    assert statuses(shop) == {"stuck": 10}


def test_an_error_undoes_what_came_before(shop: psycopg.Connection, write_file: WriteFile) -> None:
    write_file("repair.sql", RESET + "SELECT 1 / 0")
    message = refusal(lambda: carry_out(operation(parameters=BATCH), asked(batch="b1")))
    assert message == "repair.sql, statement 2 of 2: division by zero; nothing was changed"
    assert statuses(shop) == {"stuck": 10}


def test_it_ends_after_its_time(shop: psycopg.Connection, write_file: WriteFile) -> None:
    write_file("repair.sql", RESET + "SET LOCAL statement_timeout = 0; SELECT pg_sleep(0.7); SELECT pg_sleep(60)")
    begun = time.monotonic()
    message = refusal(lambda: carry_out(operation(parameters=BATCH, timeout=1), asked(batch="b1")))
    assert message == "repair.sql was ended because it had not finished after 1 seconds; nothing was changed"
    assert time.monotonic() - begun < 10
    assert statuses(shop) == {"stuck": 10}


def test_it_does_not_wait_for_a_lock_until_the_end(shop: psycopg.Connection, write_file: WriteFile) -> None:
    write_file("repair.sql", "UPDATE orders SET status = 'new' WHERE id = 1")
    with shop.transaction():
        shop.execute("LOCK orders")
        message = refusal(lambda: carry_out(operation(timeout=2), asked()))
    assert "canceling statement due to lock timeout; nothing was changed" in message


def test_cancelling_ends_a_statement_that_runs(
    shop: psycopg.Connection, write_file: WriteFile, on_call: psycopg.Connection, app_url: str
) -> None:
    write_file("repair.sql", RESET + "SELECT pg_sleep(60)")
    run = asked(batch="b1")

    def cancel() -> None:
        wait_until(lambda: sleepers(shop) == 1)
        with database.connect_url(app_url) as connection:
            cancellations.cancel(connection, DAG_ID, run.run_id, "grace")

    thread = threading.Thread(target=cancel)
    thread.start()
    begun = time.monotonic()
    message = refusal(lambda: carry_out(operation(parameters=BATCH, idempotent=True, retries=3), run))
    thread.join()
    assert message == "repair.sql: cancelled by grace; nothing was changed"
    assert time.monotonic() - begun < 15
    assert statuses(shop) == {"stuck": 10}
    assert records(on_call, run)[0].outcome is Outcome.FAILED
    wait_until(lambda: sleepers(shop) == 0)


def test_a_task_that_is_ended_leaves_no_statement_behind(shop: psycopg.Connection, write_file: WriteFile) -> None:
    """As Airflow does it: its signal handler raises an exception of its own wherever the task is."""
    write_file("repair.sql", "SELECT pg_sleep(60)")

    class Ended(BaseException):
        pass

    def end(*_: object) -> None:
        raise Ended

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, 1.5)
    try:
        with pytest.raises(Ended):
            carry_out(operation(timeout=60), asked())
    finally:
        signal.signal(signal.SIGALRM, before)
    wait_until(lambda: sleepers(shop) == 0)


def test_a_failure_is_tried_again_if_that_does_no_harm(shop: psycopg.Connection, write_file: WriteFile) -> None:
    shop.execute("CREATE SEQUENCE tries")
    write_file("repair.sql", "SELECT 1 / (nextval('tries') - 2)::int; UPDATE orders SET status = 'new' WHERE id = 1")
    shop.execute("SELECT nextval('tries')")
    assert carry_out(operation(idempotent=True, retries=1), asked()) == {"rows": 1}


def test_a_connection_that_is_lost_meanwhile_has_changed_nothing(
    shop: psycopg.Connection, write_file: WriteFile
) -> None:
    write_file("repair.sql", RESET + "SELECT pg_terminate_backend(pg_backend_pid())")
    message = refusal(lambda: carry_out(operation(parameters=BATCH), asked(batch="b1")))
    assert message.endswith("; nothing was changed")
    assert statuses(shop) == {"stuck": 10}


def test_a_lost_answer_to_the_commit_is_told_as_what_nobody_knows(
    shop: psycopg.Connection,
    write_file: WriteFile,
    on_call: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_file("repair.sql", RESET)
    connect = database.connect

    def treacherous(connection_id: str | None = None) -> psycopg.Connection:
        connection = connect(connection_id)
        if connection_id == "shop":
            commit = connection.commit

            def lose_the_answer() -> None:
                shop.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
                commit()

            monkeypatch.setattr(connection, "commit", lose_the_answer)
        return connection

    monkeypatch.setattr(database, "connect", treacherous)
    run = asked(batch="b1")
    message = refusal(lambda: carry_out(operation(parameters=BATCH, idempotent=True, retries=2), run))
    assert "what it has changed may be there or not" in message
    assert [record.outcome for record in records(on_call, run)] == [Outcome.UNKNOWN]


def test_a_commit_that_is_refused_has_changed_nothing(shop: psycopg.Connection, write_file: WriteFile) -> None:
    shop.execute("ALTER TABLE orders ADD EXCLUDE (batch WITH =) WHERE (status = 'new') DEFERRABLE INITIALLY DEFERRED")
    write_file("repair.sql", RESET)
    message = refusal(lambda: carry_out(operation(parameters=BATCH), asked(batch="b1")))
    assert "repair.sql: conflicting key value violates exclusion constraint" in message
    assert message.endswith("; nothing was changed")
    assert statuses(shop) == {"stuck": 10}


def test_a_file_with_mistakes_does_not_run(
    shop: psycopg.Connection, write_file: WriteFile, on_call: psycopg.Connection
) -> None:
    write_file("repair.sql", RESET + "COMMIT;")
    run = asked(batch="b1")
    message = refusal(lambda: carry_out(operation(parameters=BATCH), run))
    assert "repair.sql: line 2: got COMMIT, expected nothing that begins or ends a transaction" in message
    assert message.endswith("; nothing was run")
    assert records(on_call, run)[0].started_at is None


def run_unseen(write_file: WriteFile, shop: psycopg.Connection, *statements: str) -> Any:
    """Run statements that the lint would have refused, or could not read."""
    file = SqlFile("repair.sql", "0" * 64, statements, frozenset())
    request: Any = None
    prepared = PreparedSql(file, {}, "shop", 3, 20, 1000)
    return SqlOperator(task_id="run", operation=operation()).carry_out(prepared, CancellationWatch(request))


@pytest.mark.attack(then="noticed, and told")
@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "ABORT", "END"])
def test_a_transaction_that_was_ended_unseen_is_noticed(
    shop: psycopg.Connection, write_file: WriteFile, end: str
) -> None:
    with pytest.raises(UncertainError, match="has ended the transaction"):
        run_unseen(write_file, shop, "UPDATE orders SET status = 'new' WHERE id = 1", end, "SELECT 1")


def test_two_statements_never_go_for_one(shop: psycopg.Connection, write_file: WriteFile) -> None:
    with pytest.raises(Exception, match="cannot insert multiple commands into a prepared statement"):
        run_unseen(write_file, shop, "SELECT 1; DROP TABLE orders")
    assert statuses(shop) == {"stuck": 10}


def test_without_the_connection_nothing_runs(write_file: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    write_file("repair.sql", "SELECT 1")
    monkeypatch.delenv("AIRFLOW_CONN_SHOP", raising=False)
    assert "connection shop: Airflow has no connection 'shop'; nothing was run" in refusal(
        lambda: carry_out(operation(), asked())
    )
    nowhere = {"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "password": "hush-hush", "login": "x"}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps(nowhere))
    message = refusal(lambda: carry_out(operation(), asked()))
    assert "connection shop: the database can't be reached" in message
    assert "hush-hush" not in message


def test_output_has_its_limits(shop: psycopg.Connection, write_file: WriteFile, said: Callable[[], list[str]]) -> None:
    write_file(
        "repair.sql",
        "SELECT generate_series(1, 60) AS n; SELECT repeat('x', 20000) AS n; SELECT 'NaN'::float8;"
        " SELECT repeat('y', 2000)",
    )
    carry_out(operation(output_limit=18_000), asked())
    lines = said()
    assert lines[0] == "SELECT 60 rows"
    assert lines[50:53] == ['{"n": 50}', "[10 more rows are not shown]", "SELECT 1 row"]
    assert lines[53].endswith("[cut here: the line is longer than 16384 characters]")
    assert lines[54:] == ["SELECT 1 row", '{"float8": "nan"}', "SELECT 1 row", MORE]


HOSTILE = [
    "'; DROP TABLE orders; --",
    "%(x)s",
    "%s %% %",
    "{{ 7*7 }}",
    "$1",
    "\\'; COMMIT; --",
    "b1' OR '1'='1",
    '"; --',
    "/*",
    "$$",
    "line\nbreak",
    "ünïcode",
]


@pytest.mark.attack("rundeck#298", then="a bound parameter: the row holds just this text")
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_stays_what_it_is(shop: psycopg.Connection, write_file: WriteFile, value: str) -> None:
    write_file("repair.sql", "UPDATE orders SET status = %(status)s WHERE id = 1")
    assert carry_out(operation(parameters={"status": text(format="multiline")}), asked(status=value)) == {"rows": 1}
    assert statuses(shop) == {"stuck": 9, value: 1}


@pytest.mark.attack(then="refused; no statement ran")
@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_what_is_no_text_is_not_given(shop: psycopg.Connection, write_file: WriteFile, value: str) -> None:
    write_file("repair.sql", "UPDATE orders SET status = %(status)s WHERE id = 1")
    message = refusal(lambda: carry_out(operation(parameters={"status": text()}), asked(status=value)))
    assert "status: " in message
    assert statuses(shop) == {"stuck": 10}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text("';-%\"\\$()s{}x\n"))
def test_any_text_arrives_as_it_is(shop: psycopg.Connection, value: str) -> None:
    statement = "UPDATE orders SET status = %(status)s, batch = '50 %%' WHERE id = 1 AND %(status)s::text IS NOT NULL"
    prepared = PreparedSql(
        SqlFile("repair.sql", "0" * 64, (statement,), frozenset({"status"})), {"status": value}, "shop", 1, 20, 1000
    )
    request: Any = None
    result = SqlOperator(task_id="run", operation=operation()).carry_out(prepared, CancellationWatch(request))
    assert result == {"rows": 1}
    assert shop.execute("SELECT status, batch FROM orders WHERE id = 1").fetchall() == [(value, "50 %")]


def test_each_type_of_parameter_can_be_bound(shop: psycopg.Connection, write_file: WriteFile) -> None:
    write_file(
        "repair.sql",
        "UPDATE orders SET status = concat_ws(' ', %(i)s::bigint, %(n)s::float8, %(b)s::boolean, %(t)s::text)"
        " WHERE id = 1 AND %(none)s::text IS NULL",
    )
    parameters = {
        "i": {"type": "integer"},
        "n": {"type": "number"},
        "b": {"type": "boolean"},
        "t": text(),
        "none": text(optional=True),
    }
    repair = operation(parameters=parameters)
    assert carry_out(repair, asked(i=2**53 - 1, n=0.5, b=True, t="x")) == {"rows": 1}
    assert "9007199254740991 0.5 t x" in statuses(shop)


def test_who_may_not_run_it_does_not(shop: psycopg.Connection, write_file: WriteFile) -> None:
    write_file("repair.sql", RESET)
    run = asked(batch="b1")
    run.triggering_user_name = ADS.replace("ads", "search")
    assert "in no group that may run:repair" in refusal(lambda: carry_out(operation(parameters=BATCH), run))
    assert statuses(shop) == {"stuck": 10}

"""Values that a query offers: to the form, and to the task that accepts nothing else."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from ops_dashboard.acts import RequestError
from ops_dashboard.catalog import Operation
from ops_dashboard.ledger import Outcome
from ops_dashboard.operations.choices import Choice, ChoicesError, check_choices, offered
from tests.operators.sql_operations import WriteFile, asked, carry_out, operation, text
from tests.support.acting import records
from tests.support.company import SEARCH

REGIONS = "SELECT DISTINCT region, upper(region) FROM orders ORDER BY region"
BATCHES = "SELECT DISTINCT batch FROM orders WHERE region = %(region)s ORDER BY batch"


def choices(query: str, *needs: str) -> dict[str, Any]:
    return dict(text(choices={"query": query, "connection": "shop", "needs": list(needs)}))


@pytest.fixture
def repair(shop: psycopg.Connection, write_file: WriteFile) -> Operation:
    write_file("regions.sql", REGIONS)
    write_file("batches.sql", BATCHES)
    write_file("repair.sql", "UPDATE orders SET status = 'new' WHERE region = %(region)s AND batch = %(batch)s")
    return operation(
        parameters={"region": choices("regions.sql"), "batch": choices("batches.sql", "region")}, sql={"max_rows": 5}
    )


def values(offer: tuple[Choice, ...]) -> list[str]:
    return [choice.value for choice in offer]


def test_a_query_offers_values_and_labels(repair: Operation) -> None:
    assert offered(repair, "region", {}) == (Choice("eu", "EU"), Choice("us", "US"))


def test_what_depends_on_another_is_offered_once_that_is_given(repair: Operation, shop: psycopg.Connection) -> None:
    shop.execute("DELETE FROM orders WHERE region = 'us' AND batch = 'b0'")
    assert offered(repair, "batch", {}) == ()
    assert offered(repair, "batch", {"region": None}) == ()
    assert values(offered(repair, "batch", {"region": "eu"})) == ["b0", "b1", "b2"]
    assert values(offered(repair, "batch", {"region": "us", "batch": "?"})) == ["b1", "b2"]
    assert offered(repair, "batch", {"region": "mars"}) == ()


@pytest.mark.parametrize("value", ["'; DROP TABLE orders; --", "%(x)s", "{{ 7*7 }}", "eu' OR '1'='1", "$1"])
def test_a_hostile_value_offers_nothing(repair: Operation, shop: psycopg.Connection, value: str) -> None:
    assert offered(repair, "batch", {"region": value}) == ()
    assert shop.execute("SELECT count(*) FROM orders").fetchone() == (10,)


def test_a_form_does_not_ask_each_time_but_the_task_does(
    repair: Operation, shop: psycopg.Connection, write_file: WriteFile
) -> None:
    offered(repair, "region", {})
    shop.execute("DELETE FROM orders WHERE region = 'us'")
    assert values(offered(repair, "region", {})) == ["eu", "us"]
    with pytest.raises(RequestError, match=r"region: 'us' is not offered; accepted is one of eu$"):
        check_choices(repair, {"region": "us", "batch": None})
    write_file("regions.sql", f"{REGIONS} -- changed")
    assert values(offered(repair, "region", {})) == ["eu"]


def test_what_is_offered_is_told_in_part(shop: psycopg.Connection, write_file: WriteFile, repair: Operation) -> None:
    shop.execute("INSERT INTO orders SELECT n, 'eu', 'c' || n, 'stuck' FROM generate_series(11, 19) AS n")
    with pytest.raises(RequestError) as refused:
        check_choices(repair, {"region": "mars", "batch": "x"})
    assert refused.value.problems == {
        "region": "'mars' is not offered; accepted is one of eu, us",
        "batch": "'x' is not offered; accepted is nothing with this region",
    }
    with pytest.raises(RequestError) as refused:
        check_choices(repair, {"region": "eu", "batch": "x"})
    assert refused.value.problems["batch"].endswith("accepted is one of b0, b1, b2, c11, c12 and 7 more")


def test_what_is_no_text_is_offered_as_text(shop: psycopg.Connection, write_file: WriteFile) -> None:
    write_file("a.sql", "VALUES (1.50, 'x'), (2, NULL), (NULL, 'nothing')")
    write_file("b.sql", "SELECT true UNION ALL SELECT true")
    found = operation(parameters={"a": choices("a.sql"), "b": choices("b.sql")})
    assert offered(found, "a", {}) == (Choice("1.50", "x"), Choice("2", "2"))
    assert offered(found, "b", {}) == (Choice("true", "true"),)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT generate_series(1, 501)", "the query offers more than 500 values; let it need another parameter"),
        ("SELECT 1 / 0", "division by zero"),
        ("SELECT nothing FROM orders", 'column "nothing" does not exist'),
        ("SELECT pg_sleep(20)", "the query took longer than 3 seconds"),
        ("WITH gone AS (DELETE FROM orders RETURNING id) SELECT id FROM gone", "must not contain data-modifying"),
        ("SELECT nextval('counter')", "cannot execute nextval() in a read-only transaction"),
        ("SELECT 1; SELECT 2", "line 1: got statement 2, expected one SELECT and nothing else"),
        ("DROP TABLE orders", "line 1: got DROP, expected one query"),
    ],
)
def test_a_query_that_does_not_work_is_told(
    shop: psycopg.Connection, write_file: WriteFile, query: str, message: str
) -> None:
    shop.execute("CREATE SEQUENCE counter")
    write_file("a.sql", query)
    found = operation(parameters={"a": choices("a.sql")})
    with pytest.raises(ChoicesError) as refused:
        offered(found, "a", {})
    assert str(refused.value).startswith("the choices of a: a.sql")
    assert message in str(refused.value)
    assert shop.execute("SELECT count(*) FROM orders").fetchone() == (10,)


def test_without_a_database_nothing_is_offered_and_no_secret_told(
    repair: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", "postgres://someone:hush-hush@127.0.0.1:1/shop")
    with pytest.raises(ChoicesError, match=r"regions\.sql on shop: the database can't be reached") as refused:
        offered(repair, "region", {})
    assert "hush-hush" not in str(refused.value)


def test_500_are_not_too_many(shop: psycopg.Connection, write_file: WriteFile) -> None:
    write_file("a.sql", "SELECT generate_series(1, 500)")
    assert len(offered(operation(parameters={"a": choices("a.sql")}), "a", {})) == 500


def test_the_task_accepts_what_is_offered(
    repair: Operation, on_call: psycopg.Connection, shop: psycopg.Connection
) -> None:
    assert carry_out(repair, asked(region="eu", batch="b1")) == {"rows": 2}


@pytest.mark.parametrize("batch", ["b9", "'; DROP TABLE orders; --", "--upload-pack=touch x"])
def test_the_task_refuses_what_is_not_offered(
    repair: Operation, on_call: psycopg.Connection, shop: psycopg.Connection, batch: str
) -> None:
    """CVE-2025-53652: a choice that only the form knew of."""
    run = asked(region="eu", batch=batch)
    with pytest.raises(AirflowFailException, match="is not offered; accepted is one of b0, b1, b2"):
        carry_out(repair, run)
    assert records(on_call, run)[0].outcome is Outcome.REFUSED
    assert shop.execute("SELECT count(*) FROM orders WHERE status = 'stuck'").fetchone() == (10,)


def test_who_may_not_run_it_learns_nothing_of_what_is_offered(repair: Operation, on_call: psycopg.Connection) -> None:
    run = asked(region="eu", batch="b9")
    run.triggering_user_name = SEARCH
    with pytest.raises(AirflowFailException) as refused:
        carry_out(repair, run)
    assert "b0" not in str(refused.value)
    assert records(on_call, run)[0].outcome is Outcome.DENIED


def test_the_task_does_not_run_what_it_can_not_check(
    repair: Operation, on_call: psycopg.Connection, write_file: WriteFile
) -> None:
    write_file("batches.sql", "SELECT 1 / 0")
    run = asked(region="eu", batch="b1")
    with pytest.raises(AirflowFailException, match="division by zero; nothing was run"):
        carry_out(repair, run)
    assert records(on_call, run)[0].started_at is None

"""Cancelling as an act of its own: who may, what can be, and what is on record of both runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from demo.environment import REPOSITORY
from ops_dashboard import cancellations, ledger
from ops_dashboard.ledger import Details, Entry, Event, Outcome
from ops_operators.cancelling import CancelRunOperator
from tests.support.acting import Run, perform, records
from tests.support.company import ADS, SEARCH, VIEWER, grant, with_grants
from tests.support.ledger_records import request, soon

OPERATION = "rebuild-report"


@pytest.fixture
def on_call(at_work: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> psycopg.Connection:
    """The company, whose ads on-call may rebuild reports, and the repository's catalog."""
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(REPOSITORY / "dags" / "catalog"))
    return with_grants(at_work, grant("ads-oncall", f"run:{OPERATION}"), grant("search-oncall", "run:repair-orders"))


def begun(connection: psycopg.Connection, *steps: Event) -> ledger.Request:
    asked = request(action="run", resource=OPERATION, dag_id=f"ops_run_{OPERATION}", actor=ADS, task_id="run")
    for step in steps:
        ledger.append(connection, asked, step, Details(time_limit=soon()))
    connection.commit()
    return asked


def cancelling(run_id: str, *, by: str = ADS, operation: str = OPERATION) -> Run:
    conf = {"operation": operation, "run_id": run_id, "reason": "the wrong day"}
    return Run(conf, triggering_user_name=by, dag_id="ops_cancel_run")


def carry_out(run: Run) -> dict[str, object]:
    return perform(CancelRunOperator(task_id="cancel"), run)


def failing(run: Run, connection: psycopg.Connection) -> Entry:
    with pytest.raises(AirflowFailException):
        carry_out(run)
    (record,) = records(connection, run)
    return record


@pytest.fixture
def ending(product_database: str) -> Iterator[Callable[[ledger.Request], None]]:
    """Plays the task of a run, which ends as soon as it is asked to."""
    threads: list[threading.Thread] = []

    def play(asked: ledger.Request) -> None:
        def wait_and_end() -> None:
            with psycopg.connect(product_database, autocommit=True) as connection:
                while cancellations.cancelled_by(connection, asked.dag_id, asked.run_id) is None:
                    threading.Event().wait(0.05)
                ledger.append(connection, asked, Event.FAILED, Details(message="cancelled"))

        threads.append(threading.Thread(target=wait_and_end))
        threads[-1].start()

    yield play
    for thread in threads:
        thread.join(10)


def test_it_asks_and_waits_for_the_end(on_call: psycopg.Connection, ending: Callable[[ledger.Request], None]) -> None:
    asked = begun(on_call, Event.STARTED)
    ending(asked)
    run = cancelling(asked.run_id)
    assert carry_out(run)["after"] == "failed"
    (record,) = records(on_call, run)
    assert (record.outcome, record.actor, record.resource) == (Outcome.SUCCEEDED, ADS, OPERATION)
    assert cancellations.cancelled_by(on_call, asked.dag_id, asked.run_id) == ADS


@pytest.mark.parametrize("state", ["failed", "success"])
def test_what_was_lost_is_told_as_lost(on_call: psycopg.Connection, state: str) -> None:
    asked = begun(on_call, Event.STARTED)
    run = cancelling(asked.run_id)
    run.others[asked.run_id] = state
    assert carry_out(run)["after"] == "unknown"
    (record,) = records(on_call, Run({}, run_id=asked.run_id))
    assert (record.outcome, record.actor) == (Outcome.UNKNOWN, ADS)
    assert "the task was lost: Airflow has ended the run" in str(record.message)


@pytest.mark.parametrize("by", [SEARCH, VIEWER, "nobody@example.com"])
def test_who_may_not_run_it_does_not_end_it(on_call: psycopg.Connection, by: str) -> None:
    run_id = begun(on_call, Event.STARTED).run_id
    record = failing(cancelling(run_id, by=by), on_call)
    assert (record.outcome, record.actor) == (Outcome.DENIED, by)
    assert cancellations.cancelled_by(on_call, f"ops_run_{OPERATION}", run_id) is None


REFUSED: list[tuple[str, tuple[Event, ...], str]] = [
    ("not begun", (), "has not begun; nothing was cancelled"),
    ("ended", (Event.STARTED, Event.SUCCEEDED), "has ended already: succeeded; nothing was cancelled"),
    ("failed", (Event.STARTED, Event.FAILED), "has ended already: failed; nothing was cancelled"),
    ("denied", (Event.DENIED,), "has not begun; nothing was cancelled"),
]


@pytest.mark.parametrize(("steps", "message"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_what_does_not_run_is_not_cancelled(
    on_call: psycopg.Connection, steps: tuple[Event, ...], message: str
) -> None:
    record = failing(cancelling(begun(on_call, *steps).run_id), on_call)
    assert (record.outcome, message in str(record.message)) == (Outcome.REFUSED, True)


def test_a_run_of_another_operation_is_not_reached_by_ones_own(on_call: psycopg.Connection) -> None:
    run_id = begun(on_call, Event.STARTED).run_id
    record = failing(cancelling(run_id, by=SEARCH, operation="repair-orders"), on_call)
    assert record.outcome is Outcome.REFUSED
    assert cancellations.cancelled_by(on_call, f"ops_run_{OPERATION}", run_id) is None


@pytest.mark.parametrize("name", ["../x", "rebuild-report\n", "*", "<b>"])
def test_what_is_no_name_of_an_operation_is_refused(on_call: psycopg.Connection, name: str) -> None:
    record = failing(cancelling("x", operation=name), on_call)
    assert record.outcome is Outcome.REFUSED
    assert "operation: " in str(record.message)


def test_a_run_id_that_others_use_too_is_still_found(
    on_call: psycopg.Connection, ending: Callable[[ledger.Request], None]
) -> None:
    """Anybody may trigger any operation with any run id, to be denied on record."""
    asked = begun(on_call, Event.STARTED)
    for number in range(30):
        other = request(action="run", resource=f"other-{number}", dag_id=f"ops_run_other-{number}", task_id="run")
        ledger.append(on_call, replace(other, run_id=asked.run_id), Event.DENIED, Details())
    on_call.commit()
    ending(asked)
    assert carry_out(cancelling(asked.run_id))["after"] == "failed"


def test_who_asked_first_stays_on_record(on_call: psycopg.Connection, tmp_path: Path) -> None:
    for by in ("grace", "ada"):
        cancellations.cancel(on_call, "dag", "run", by)
    assert cancellations.cancelled_by(on_call, "dag", "run") == "grace"
    assert cancellations.cancelled_by(on_call, "other", "run") is None

"""Operations that run scripts, on their whole path: what they are given, how they end, what is on record."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from ops_dashboard import cancellations, ledger
from ops_dashboard.catalog import Operation
from ops_dashboard.ledger import Details, Entry, Event, Outcome, Request
from ops_operators.script import ScriptOperator
from tests.operators.sql_operations import WriteFile
from tests.support.acting import Run, perform, records
from tests.support.company import ADS, SEARCH
from tests.support.ledger_records import request, soon

pytestmark = pytest.mark.usefixtures("on_call")

PASSWORD = "correct-horse-battery"
COUNT_TRIES = 'count=$(cat "{tries}" 2>/dev/null || echo 0); echo $((count + 1)) > "{tries}"; '


def operation(interpreter: str = "sh", script: dict[str, Any] | None = None, **fields: Any) -> Operation:
    run = {"file": "act", "interpreter": interpreter, **(script or {})}
    return Operation.model_validate(
        {"name": "act", "title": "Act", "owner": "Ads", "script": run, "timeout": 30, **fields}
    )


def asked(**values: Any) -> Run:
    return Run({**values, "reason": "because"}, dag_id="ops_run_act")


def carry_out(of: Operation, run: Run) -> dict[str, Any]:
    return perform(ScriptOperator(task_id="run", operation=of), run)


def failing(of: Operation, run: Run, connection: psycopg.Connection) -> Entry:
    with pytest.raises(AirflowFailException):
        carry_out(of, run)
    (record,) = records(connection, run)
    return record


def test_its_result_and_its_fingerprint_are_on_record(on_call: psycopg.Connection, write_file: WriteFile) -> None:
    file = write_file("act", 'echo "{\\"rows\\": 7}" > $OPS_RESULT')
    run = asked()
    assert json.loads(carry_out(operation(), run)["after"]) == {"rows": 7}
    (record,) = records(on_call, run)
    assert (record.outcome, record.after, record.script) == (
        Outcome.SUCCEEDED,
        '{"rows": 7}',
        sha256(file.read_bytes()).hexdigest(),
    )


def test_what_it_says_is_told_line_by_line(write_file: WriteFile, said: Callable[[], list[str]]) -> None:
    write_file("act", "echo one; echo 'ops-progress 1/4 a quarter'; printf '\\033[1mtwo'")
    carry_out(operation(), asked())
    assert said() == ["one", "ops-progress 25.0 a quarter", "two"]


FAILURES = [
    ("exit 3", {}, "exit code 3"),
    ("kill -9 $$", {}, "SIGKILL"),
    ("sleep 60", {"timeout": 1}, "not finished after 1 seconds"),
    ("echo '{' > $OPS_RESULT", {}, "is no JSON document"),
    ("(yes & yes) | head -c 100; exit 4", {}, "exit code 4"),
]


@pytest.mark.parametrize(("text", "fields", "message"), FAILURES, ids=[each[0] for each in FAILURES])
def test_a_failure_is_on_record_with_its_cause(
    on_call: psycopg.Connection, write_file: WriteFile, text: str, fields: dict[str, Any], message: str
) -> None:
    write_file("act", text)
    record = failing(operation(**fields), asked(), on_call)
    assert record.outcome is Outcome.FAILED
    assert message in str(record.message)


@pytest.mark.parametrize(("fields", "tries"), [({}, 1), ({"idempotent": True, "retries": 2}, 3)])
def test_only_what_may_be_repeated_is_tried_again(
    on_call: psycopg.Connection, write_file: WriteFile, fields: dict[str, Any], tries: int
) -> None:
    counter = write_file("tries", "0")
    write_file("act", COUNT_TRIES.format(tries=counter) + "exit 1")
    failing(operation(**fields), asked(), on_call)
    assert counter.read_text().strip() == str(tries)


def test_a_try_that_works_ends_it(on_call: psycopg.Connection, write_file: WriteFile) -> None:
    counter = write_file("tries", "0")
    write_file("act", COUNT_TRIES.format(tries=counter) + '[ "$count" -ge 1 ]')
    run = asked()
    carry_out(operation(idempotent=True, retries=5), run)
    assert counter.read_text().strip() == "2"
    assert records(on_call, run)[0].outcome is Outcome.SUCCEEDED


def test_a_cancelled_one_is_not_tried_again(
    on_call: psycopg.Connection, write_file: WriteFile, product_database: str, said: Callable[[], list[str]]
) -> None:
    write_file("act", "echo ready; sleep 60")
    run = asked()

    def cancel() -> None:
        while "ready" not in said():
            threading.Event().wait(0.05)
        with psycopg.connect(product_database) as connection:
            cancellations.cancel(connection, run.dag_id, run.run_id, "grace")

    other = threading.Thread(target=cancel)
    other.start()
    record = failing(operation(idempotent=True, retries=5), run, on_call)
    other.join()
    assert record.outcome is Outcome.FAILED
    assert "cancelled by grace" in str(record.message)
    assert record.cancelled_by == "grace"
    assert said().count("ready") == 1


def test_a_script_that_is_not_the_pinned_one_does_not_run(on_call: psycopg.Connection, write_file: WriteFile) -> None:
    canary = write_file("canary", "untouched")
    write_file("act", f'echo touched > "{canary}"')
    record = failing(operation(script={"sha256": "0" * 64}), asked(), on_call)
    assert (record.started_at, canary.read_text()) == (None, "untouched")
    assert "act has changed: its sha256 is" in str(record.message)


def test_a_script_that_is_gone_is_told(on_call: psycopg.Connection, write_file: WriteFile) -> None:
    write_file("other", "true")
    record = failing(operation(), asked(), on_call)
    assert record.started_at is None
    assert "there is no such file" in str(record.message)


def test_who_may_not_run_it_does_not(on_call: psycopg.Connection, write_file: WriteFile) -> None:
    canary = write_file("canary", "untouched")
    write_file("act", f'echo touched > "{canary}"')
    run = asked()
    run.triggering_user_name = SEARCH
    record = failing(operation(), run, on_call)
    assert (record.outcome, canary.read_text()) == (Outcome.DENIED, "untouched")


STORE = {"store": {"type": "string", "format": "connection", "enum": ["store"]}}
USE_SECRET = """
import json, os, sys
given = json.load(sys.stdin)["store"]
print("the password is", given["password"])
with open(os.environ["OPS_RESULT"], "w") as file:
    json.dump({"length": len(given["password"]), "host": given["host"], "copied": given["password"]}, file)
"""


@pytest.mark.attack("CVE-2022-31044", then="the script has it; the record tells the connection's id only")
def test_a_secret_goes_to_the_script_alone(
    on_call: psycopg.Connection, write_file: WriteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_STORE", json.dumps({"conn_type": "generic", "host": "store.example", "password": PASSWORD})
    )
    write_file("act", USE_SECRET)
    run = asked(store="store")
    carry_out(operation("python", parameters=STORE), run)
    (record,) = records(on_call, run)
    assert json.loads(str(record.after)) == {"length": len(PASSWORD), "host": "store.example", "copied": "***"}
    assert record.requested == '{"store": "store"}'
    assert PASSWORD not in repr(record)


def test_a_connection_that_is_missing_is_told(on_call: psycopg.Connection, write_file: WriteFile) -> None:
    write_file("act", "true")
    record = failing(operation(parameters=STORE), asked(store="store"), on_call)
    assert "Airflow has no connection store; nothing was run" in str(record.message)


def test_the_person_who_asked_is_on_record(on_call: psycopg.Connection, write_file: WriteFile) -> None:
    write_file("act", "true")
    run = asked()
    carry_out(operation(), run)
    (record,) = records(on_call, run)
    assert (record.actor, record.action, record.resource, record.grant) == (ADS, "run", "act", "ads-oncall → run:*")


def running(connection: psycopg.Connection) -> Request:
    """A run of the operation that has started, and not ended by its record."""
    made = request(action="run", resource="act", dag_id="ops_run_act", task_id="run", actor=SEARCH)
    ledger.append(connection, made, Event.STARTED, Details(requested="{}", time_limit=soon()))
    connection.commit()
    return made


def test_beside_one_that_goes_on_none_is_run(on_call: psycopg.Connection, write_file: WriteFile) -> None:
    """Also if the other one's database session, and its lock with it, was lost."""
    write_file("act", "echo no")
    other = running(on_call)
    message = str(failing(operation(), asked(), on_call).message)
    assert f"act is being run by {SEARCH} (run {other.run_id}); one at a time: wait" in message


@pytest.mark.parametrize("state", ["failed", "success"])
def test_one_whose_task_was_lost_keeps_nobody_from_asking_again(
    on_call: psycopg.Connection, write_file: WriteFile, state: str
) -> None:
    write_file("act", "echo yes")
    lost = running(on_call)
    run = asked()
    run.others[lost.run_id] = state
    carry_out(operation(), run)
    (record,) = records(on_call, Run({}, run_id=lost.run_id))
    assert (record.outcome, record.actor) == (Outcome.UNKNOWN, SEARCH)
    assert str(record.message).startswith("the task was lost: Airflow has ended the run")


def test_progress_floods_no_log(write_file: WriteFile, said: Callable[[], list[str]]) -> None:
    write_file("act", "for i in $(seq 2000); do echo ops-progress 99 x; echo ops-progress 100 y; done")
    carry_out(operation(), asked())
    assert said()[:2] == ["ops-progress 99.0 x", "ops-progress 100.0 y"]
    assert len(said()) < 50


def test_too_many_processes_are_a_failure_like_others(
    on_call: psycopg.Connection, write_file: WriteFile, tmp_path: Path
) -> None:
    tries = COUNT_TRIES.format(tries=tmp_path / "tries")
    write_file("act", tries + "[ $count -gt 0 ] && exit 0; for i in $(seq 300); do sleep 100 & done; wait")
    run = asked()
    carry_out(operation(idempotent=True, retries=1), run)
    (record,) = records(on_call, run)
    assert record.outcome is Outcome.SUCCEEDED

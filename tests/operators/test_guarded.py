"""The fixed path of every act, on a real database, with an act whose effect a test can see."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, LiteralString

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTerminated
from psycopg import sql

from ops_dashboard import ledger
from ops_dashboard.acts import ActRequest, RequestError
from ops_dashboard.ledger import Details, Event, Outcome, Request, Value
from ops_operators.guarded import GuardedOperator
from ops_operators.steps import Attempt, Effect, Observation
from ops_operators.verdicts import FailedError, RefusedError, UncertainError
from tests.support.acting import Run, perform, records
from tests.support.company import ADS, SEARCH, VIEWER

ASKED = {"dial": "ads/dial", "value": 9, "reason": "because"}


class TurnRequest(ActRequest):
    verb: ClassVar[str] = "scale"

    dial: str
    value: int
    expected: int | None = None

    @classmethod
    def resource_of(cls, values: Mapping[str, Any]) -> str:
        return str(values.get("dial", ""))

    @property
    def requested(self) -> Value:
        return self.value

    @property
    def expects(self) -> int | None:
        return self.expected


class TurnDial(GuardedOperator[TurnRequest, int]):
    """Turns a dial in memory and writes down every step that it is led through."""

    request_model = TurnRequest

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(task_id="act", time_limit=timedelta(minutes=5), **kwargs)
        self.dial = 6
        self.steps: list[str] = []
        self.attempts: list[Attempt] = []
        self.before_change: Callable[[], None] = lambda: None
        self.after_change: Callable[[], None] = lambda: None

    def check(self, request: TurnRequest) -> None:
        self.steps.append("check")
        if request.value > 100:
            raise RequestError({"value": "too high; at most 100"})

    def observe(self, request: TurnRequest) -> Observation[int]:
        self.steps.append("observe")
        return Observation(self.dial, self.dial)

    def act(self, request: TurnRequest, seen: int, attempt: Attempt) -> Effect:
        self.steps.append("act")
        self.attempts.append(attempt)
        self.before_change()
        self.dial = request.value
        attempt.changed(request.value)
        self.after_change()
        return Effect(after=self.dial, ready=self.dial)


def test_an_allowed_act_is_carried_out_and_recorded(at_work: psycopg.Connection) -> None:
    operator, run = TurnDial(), Run(ASKED)
    assert perform(operator, run) == {"before": 6, "after": 9, "ready": 9}
    (record,) = records(at_work, run)
    assert operator.steps == ["check", "observe", "act"]
    assert [(attempt.by, attempt.why) for attempt in operator.attempts] == [(ADS, "because")]
    assert (record.outcome, record.actor, record.resource) == (Outcome.SUCCEEDED, ADS, "ads/dial")
    assert (record.before, record.requested, record.after, record.ready) == (6, 9, 9, 9)
    assert record.grant == "ads-oncall → scale:ads/*"
    assert record.started_at is not None
    assert record.changed_at is not None


def refuse(error: Exception) -> Callable[[], None]:
    def raise_it() -> None:
        raise error

    return raise_it


OUT_OF_HAND: list[tuple[str, dict[str, Any], dict[str, Any], Outcome, str]] = [
    ("another team's", {"triggering_user_name": SEARCH}, {}, Outcome.DENIED, "in no group that may scale:ads/*"),
    ("no group", {"triggering_user_name": VIEWER}, {}, Outcome.DENIED, "in no group at all"),
    ("unknown person", {"triggering_user_name": "x@example.com"}, {}, Outcome.DENIED, "not in the company directory"),
    ("nobody", {"triggering_user_name": None}, {}, Outcome.REFUSED, "no person triggered this run"),
    ("beyond the grant", {}, {"value": 17}, Outcome.DENIED, "changes of at most 10 at a time"),
    ("unknown key", {}, {"user": ADS}, Outcome.REFUSED, "user: unknown; accepted are"),
    ("text for a number", {}, {"value": "9"}, Outcome.REFUSED, "value: '9' is not accepted"),
    ("true for a number", {}, {"value": True}, Outcome.REFUSED, "value: True is not accepted"),
    ("float for a number", {}, {"value": 9.0}, Outcome.REFUSED, "value: 9.0 is not accepted"),
    ("not a number", {}, {"value": float("nan")}, Outcome.REFUSED, "value: nan is not accepted"),
    ("blank reason", {}, {"reason": " \t"}, Outcome.REFUSED, "reason: "),
    ("reason that nobody can see", {}, {"reason": "\u200b\u2060"}, Outcome.REFUSED, "reason: "),
    ("reason of fillers", {}, {"reason": "\u3164\u2800\ufe0f"}, Outcome.REFUSED, "reason: "),
    ("value nobody may have", {}, {"value": 101}, Outcome.REFUSED, "too high; at most 100"),
    ("another value than seen", {}, {"expected": 5}, Outcome.REFUSED, "changed from 5 to 6 by somebody outside"),
    ("cleared", {"clear_number": 1}, {}, Outcome.REFUSED, "was executed before"),
    ("all", {"run_id": "~"}, {}, Outcome.REFUSED, "run id '~' is not accepted"),
    ("here", {"run_id": "."}, {}, Outcome.REFUSED, "run id '.' is not accepted"),
    ("up", {"run_id": ".."}, {}, Outcome.REFUSED, "is not accepted"),
    ("a line", {"run_id": "abc\n"}, {}, Outcome.REFUSED, "is not accepted"),
    ("old", {"run_after": datetime.now(UTC) - timedelta(hours=7)}, {}, Outcome.REFUSED, "ask anew"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("run_values", "conf", "outcome", "message"), [row[1:] for row in OUT_OF_HAND], ids=[row[0] for row in OUT_OF_HAND]
)
def test_what_must_not_be_done_is_not_done_and_recorded(
    at_work: psycopg.Connection,
    run_values: dict[str, Any],
    conf: dict[str, Any],
    outcome: Outcome,
    message: str,
) -> None:
    operator, run = TurnDial(), Run({**ASKED, **conf}, **run_values)
    with pytest.raises(AirflowFailException, match=r"."):
        perform(operator, run)
    (record,) = records(at_work, run)
    assert "act" not in operator.steps
    assert operator.dial == 6
    assert record.outcome is outcome
    assert message in str(record.message)


def test_a_task_that_is_tried_again_does_not_act(at_work: psycopg.Connection) -> None:
    operator = TurnDial()
    with pytest.raises(AirflowFailException, match="executed before"):
        perform(operator, Run(ASKED), try_number=2)
    assert operator.steps == []


def test_a_run_acts_once_even_if_airflow_hides_that_it_ran_before(at_work: psycopg.Connection) -> None:
    operator, run = TurnDial(), Run(ASKED)
    perform(operator, run)
    operator.dial = 6
    with pytest.raises(AirflowFailException, match="has acted before"):
        perform(operator, run)
    assert operator.dial == 6
    assert [record.outcome for record in records(at_work, run)] == [Outcome.REFUSED, Outcome.SUCCEEDED]


ENDINGS: list[tuple[str, str, Exception | BaseException, Outcome, int | None]] = [
    ("changed meanwhile", "before", RefusedError("changed from 6 to 7 by kubectl"), Outcome.REFUSED, None),
    ("failed before", "before", FailedError("cluster down"), Outcome.FAILED, None),
    ("failed after", "after", FailedError("no node", ready=7), Outcome.FAILED, 9),
    ("nobody knows", "before", UncertainError("may or may not"), Outcome.UNKNOWN, None),
    ("a bug before", "before", KeyError("oops"), Outcome.UNKNOWN, None),
    ("a bug after", "after", KeyError("oops"), Outcome.FAILED, 9),
    ("ended from outside", "after", AirflowTaskTerminated("ended"), Outcome.FAILED, 9),
]  # fmt: skip


@pytest.mark.parametrize(
    ("when", "error", "outcome", "after"), [row[1:] for row in ENDINGS], ids=[row[0] for row in ENDINGS]
)
def test_every_way_out_of_an_act_leaves_its_outcome(
    at_work: psycopg.Connection, when: str, error: Exception, outcome: Outcome, after: int | None
) -> None:
    operator, run = TurnDial(), Run(ASKED)
    setattr(operator, f"{when}_change", refuse(error))
    with pytest.raises(BaseException, match=r"."):
        perform(operator, run)
    (record,) = records(at_work, run)
    assert (record.outcome, record.after) == (outcome, after)
    assert record.started_at is not None


def test_without_a_database_nothing_is_observed_or_done(
    at_work: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OPS_DASHBOARD", '{"conn_type": "postgres", "host": "localhost", "port": 1}')
    operator = TurnDial()
    with pytest.raises(AirflowFailException, match="nothing was changed"):
        perform(operator, Run(ASKED))
    assert operator.steps == []


def test_without_a_started_entry_there_is_no_act(
    at_work: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    owner_connection.execute("REVOKE EXECUTE ON FUNCTION ops.ledger_append FROM ops_dashboard_app")
    owner_connection.commit()
    operator = TurnDial()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        perform(operator, Run(ASKED))
    assert "act" not in operator.steps
    assert operator.dial == 6


def test_before_the_first_sync_nobody_may_do_anything(
    product_database: str, app_connection: psycopg.Connection
) -> None:
    run = Run(ASKED)
    with pytest.raises(AirflowFailException, match="has not been loaded yet"):
        perform(TurnDial(), run)
    assert records(app_connection, run)[0].outcome is Outcome.DENIED


def test_one_act_at_a_time_on_a_resource(at_work: psycopg.Connection) -> None:
    first, second = TurnDial(), TurnDial()
    changing, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        changing.set()
        assert go_on.wait(20)

    first.after_change = wait
    first_run, second_run = Run(ASKED), Run(ASKED)
    thread = threading.Thread(target=perform, args=(first, first_run))
    thread.start()
    assert changing.wait(20)
    with pytest.raises(AirflowFailException, match=f"is being acted on by {ADS}"):
        perform(second, second_run)
    other = TurnDial()
    perform(other, Run({**ASKED, "dial": "ads/other"}))
    go_on.set()
    thread.join()
    assert second.steps == ["check"]
    assert other.dial == 9
    assert records(at_work, second_run)[0].outcome is Outcome.REFUSED
    assert records(at_work, first_run)[0].outcome is Outcome.SUCCEEDED
    third = TurnDial()
    perform(third, Run(ASKED))
    assert third.dial == 9


def test_a_database_that_restarts_during_the_act_does_not_lose_the_outcome(
    at_work: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    operator, run = TurnDial(), Run(ASKED)

    def cut_all_connections() -> None:
        owner_connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        owner_connection.commit()

    operator.after_change = cut_all_connections
    perform(operator, run)
    (record,) = records(owner_connection, run)
    assert record.outcome is Outcome.SUCCEEDED


def test_a_change_that_could_not_be_told_at_once_is_told_with_the_outcome(
    at_work: psycopg.Connection, owner_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What belongs to the change, as a restart, is done though the ledger is away for longer than it is waited for."""
    monkeypatch.setattr("ops_operators.record._ATTEMPTS", 1)
    operator, run = TurnDial(), Run(ASKED)

    failing = [True]
    append = ledger.append

    def fail_once(connection: psycopg.Connection, request: Request, event: Event, details: Details) -> int:
        if event is Event.CHANGED and failing:
            failing.pop()
            raise psycopg.OperationalError("gone")
        return append(connection, request, event, details)

    monkeypatch.setattr(ledger, "append", fail_once)
    perform(operator, run)
    (record,) = records(owner_connection, run)
    assert (record.outcome, record.after) == (Outcome.SUCCEEDED, 9)
    assert record.changed_at is not None


def test_a_database_that_can_only_be_read_for_a_while_does_not_lose_the_outcome(
    at_work: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    """As when the connection leads to a standby until the switch to it is complete."""
    operator, run = TurnDial(), Run(ASKED)
    owner_connection.autocommit = True
    (name,) = owner_connection.execute("SELECT current_database()").fetchall()[0]

    def read_only(state: LiteralString) -> None:
        owner_connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        alter = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
        owner_connection.execute(alter.format(sql.Identifier(name), sql.SQL(state)))

    def fail_over() -> None:
        read_only("on")
        owner_connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        threading.Timer(0.8, read_only, ["off"]).start()

    operator.after_change = fail_over
    perform(operator, run)
    owner_connection.autocommit = False
    (record,) = records(owner_connection, run)
    assert record.outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("name", ["execute", "on_kill", "_guarded", "_observe_and_act", "_authorise"])
def test_a_subclass_can_not_leave_the_path(name: str) -> None:
    with pytest.raises(TypeError, match=f"must not override {name}"):
        type("Shortcut", (TurnDial,), {name: lambda *_: None})
    mixin = type("Mixin", (), {name: lambda *_: None})
    with pytest.raises(TypeError, match=f"must not override {name}"):
        type("Detour", (mixin, TurnDial), {})


def test_airflow_can_not_be_told_to_retry_an_act() -> None:
    assert TurnDial(retries=3).retries == 0


def test_ending_the_task_from_outside_leaves_the_act_at_once() -> None:
    with pytest.raises(AirflowTaskTerminated):
        TurnDial().on_kill()

"""A second person's word: who is asked, whose answer counts, and for what exactly."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput
from hypothesis import given
from hypothesis import strategies as st

from ops_dashboard import database, ledger
from ops_dashboard.access import apply_catalog_grants
from ops_dashboard.acts import Preview, approval_in_markdown, approver_in, parts_in
from ops_dashboard.catalog import CatalogGrant, Limits
from ops_dashboard.ledger import Outcome
from ops_operators import approval, record
from tests.operators.test_guarded import ASKED, TurnDial, TurnRequest
from tests.support.acting import Run, TaskInstance, perform, records
from tests.support.company import ADMIN, ADS, COMPANY, SEARCH, load, snapshot

TO = {"dial": "ads/dial", "value": 30, "reason": "because"}


@dataclass
class Asked:
    """What Airflow was asked to put before people."""

    details: list[dict[str, Any]] = field(default_factory=list)

    def upsert(self, **details: Any) -> None:
        self.details.append(details)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found = Asked()
    monkeypatch.setattr(approval, "upsert_hitl_detail", found.upsert)
    monkeypatch.setattr(TaskInstance, "id", "an-id", raising=False)
    return found


@pytest.fixture
def limited(at_work: psycopg.Connection) -> psycopg.Connection:
    """The ads on-call may change by ten, and more if a platform administrator approves."""
    grants = [
        CatalogGrant(
            group="ads-oncall", action="scale:ads/*", limits=Limits(max_change=10), approver="platform-admins"
        ),
        CatalogGrant(group="search-oncall", action="scale:search/*"),
    ]
    apply_catalog_grants(at_work, grants, confirmed=True)
    at_work.commit()
    return at_work


class Approved(TurnDial):
    """Takes a second person whatever is asked for."""

    within = timedelta(minutes=5)

    def approval(self, request: TurnRequest) -> tuple[str, timedelta] | None:
        return "platform-admins", self.within


def parked(operator: TurnDial, run: Run) -> TaskAwaitingInput:
    with pytest.raises(TaskAwaitingInput) as caught:
        perform(operator, run)
    return caught.value


_JUST_NOW = timedelta()


def answered(by: str | None, choice: str = "Approve", *, note: str = "", ago: timedelta = _JUST_NOW) -> dict[str, Any]:
    """What Airflow tells of an answer; when it was given is told when the run goes on."""
    responder = {"id": "1", "name": by} if by is not None else None
    return {
        "chosen_options": [choice],
        "params_input": {"note": note},
        "responded_at": ago,
        "responded_by_user": responder,
        "timedout": False,
    }


TIMED_OUT = {"error": "no answer", "error_type": "timeout"}


def resume(operator: TurnDial, run: Run, waiting: TaskAwaitingInput, event: dict[str, Any]) -> dict[str, Any]:
    context: Any = {"dag_run": run, "ti": TaskInstance(operator.task_id)}
    times = {key: datetime.now(UTC) - value for key, value in event.items() if isinstance(value, timedelta)}
    return operator.resume(context, event=event | times, **(waiting.kwargs or {}))


def refused(operator: TurnDial, run: Run, waiting: TaskAwaitingInput, event: dict[str, Any]) -> str:
    with pytest.raises(AirflowFailException) as caught:
        resume(operator, run, waiting, event)
    assert "act" not in operator.steps
    return str(caught.value)


def test_beyond_a_grants_limits_somebody_else_is_asked_and_nothing_is_done(
    limited: psycopg.Connection, asked: Asked
) -> None:
    operator, run = TurnDial(), Run(TO)
    waiting = parked(operator, run)
    assert (waiting.method_name, waiting.timeout) == ("resume", timedelta(hours=1))
    (details,) = asked.details
    assert details["options"] == ["Approve", "Reject"]
    assert details.get("defaults") is None
    assert approver_in(details["body"]) == "platform-admins"
    assert parts_in(details["body"]) == (("Reason", "because"), ("scale ads/dial", "6 → 30"))
    assert "act" not in operator.steps


def test_what_waits_is_on_record_from_then_on(limited: psycopg.Connection, asked: Asked) -> None:
    operator, run = TurnDial(), Run(TO)
    waiting = parked(operator, run)
    (found,) = records(limited, run)
    assert (found.outcome, found.is_waiting, found.is_running) == (Outcome.RUNNING, True, False)
    assert (found.actor, found.resource, found.before, found.requested) == (ADS, "ads/dial", 6, 30)
    assert (found.approver, found.answer_by) == ("platform-admins", found.at + timedelta(hours=1))
    assert [each.request_id for each in ledger.waiting(limited)] == [found.request_id]

    resume(operator, run, waiting, answered(ADMIN))

    (done,) = records(limited, run)
    assert (done.request_id, done.at, done.is_waiting) == (found.request_id, found.at, False)
    assert (done.approver, done.approved_by) == ("platform-admins", ADMIN)
    assert ledger.waiting(limited) == ()


def test_what_waits_keeps_nobody_from_acting(limited: psycopg.Connection, asked: Asked) -> None:
    parked(TurnDial(), Run(TO))
    assert perform(TurnDial(), Run(ASKED, run_id="another"))["after"] == 9


def test_what_can_not_be_recorded_is_put_before_nobody(
    limited: psycopg.Connection, asked: Asked, owner_connection: psycopg.Connection
) -> None:
    owner_connection.execute(
        """
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END; $$;
        CREATE TRIGGER fail BEFORE INSERT ON ops.ledger FOR EACH ROW WHEN (NEW.event = 'waiting')
            EXECUTE FUNCTION fail();
        """
    )
    owner_connection.commit()
    with pytest.raises(psycopg.Error, match="the disk is full"):
        perform(TurnDial(), Run(TO))
    assert asked.details == []


def test_within_the_limits_nobody_is_asked(limited: psycopg.Connection, asked: Asked) -> None:
    assert perform(TurnDial(), Run(ASKED))["after"] == 9
    assert asked.details == []


def test_who_has_no_right_at_all_is_denied_before_anybody_is_asked(limited: psycopg.Connection, asked: Asked) -> None:
    run = Run(TO, triggering_user_name=SEARCH)
    with pytest.raises(AirflowFailException):
        perform(Approved(), run)
    assert asked.details == []
    assert [found.outcome for found in records(limited, run)] == [Outcome.DENIED]


def test_what_is_approved_is_done_and_the_record_names_both(limited: psycopg.Connection, asked: Asked) -> None:
    operator, run = TurnDial(), Run(TO)
    assert resume(operator, run, parked(operator, run), answered(ADMIN))["after"] == 30
    (found,) = records(limited, run)
    assert (found.outcome, found.actor, found.approved_by) == (Outcome.SUCCEEDED, ADS, ADMIN)


@pytest.mark.parametrize(
    ("by", "choice"), [(ADMIN, "Approve"), (ADMIN, "Reject"), (SEARCH, "Approve"), (ADS, "Reject")]
)
def test_who_answered_when_and_with_which_note_is_on_record(
    limited: psycopg.Connection, asked: Asked, by: str, choice: str
) -> None:
    operator, run = TurnDial(), Run(TO)
    with suppress(AirflowFailException):
        resume(operator, run, parked(operator, run), answered(by, choice, note="quota is there"))
    (found,) = records(limited, run)
    assert (found.answered_by, found.note) == (by, "quota is there")
    assert found.answered_at is not None
    assert (found.approved_by == by) is (found.outcome is Outcome.SUCCEEDED)


ANSWERS: list[tuple[str, dict[str, Any], str]] = [
    ("nobody in time", TIMED_OUT, "nobody approved it in time"),
    ("rejected", answered(ADMIN, "Reject", note="not now"), f"{ADMIN} rejected it: not now"),
    ("withdrawn", answered(ADS, "Reject"), "withdrawn by who asked"),
    ("by the requester", answered(ADS), "approved by who asked"),
    ("by the requester in other case", answered(ADS.upper()), "approved by who asked"),
    ("by another group", answered(SEARCH), "who is not in platform-admins"),
    ("by a stranger", answered("x@example.com"), "whom the company directory does not know"),
    ("by nobody", answered(None), "nobody approved it in time"),
    ("by a default", answered(None) | {"timedout": True}, "nobody approved it in time"),
    ("both", answered(ADMIN) | {"chosen_options": ["Approve", "Reject"]}, f"{ADMIN} rejected it"),
    ("neither", answered(ADMIN) | {"chosen_options": []}, f"{ADMIN} rejected it"),
    ("long ago", answered(ADMIN, ago=timedelta(minutes=16)), "asked for 16 minutes ago"),
]


@pytest.mark.parametrize(("event", "message"), [each[1:] for each in ANSWERS], ids=[each[0] for each in ANSWERS])
def test_no_other_answer_counts(limited: psycopg.Connection, asked: Asked, event: dict[str, Any], message: str) -> None:
    operator, run = TurnDial(), Run(TO)
    assert message in refused(operator, run, parked(operator, run), event)
    (found,) = records(limited, run)
    assert (found.outcome, found.changed_at) == (Outcome.REFUSED, None)


def test_a_request_may_wait_longer_than_one_without_approval(limited: psycopg.Connection, asked: Asked) -> None:
    operator, run = TurnDial(), Run(TO)
    waiting = parked(operator, run)
    run.run_after = datetime.now(UTC) - timedelta(minutes=50)
    assert resume(operator, run, waiting, answered(ADMIN))["after"] == 30


def test_only_what_was_shown_is_approved(limited: psycopg.Connection, asked: Asked) -> None:
    operator, run = TurnDial(), Run(TO)
    waiting = parked(operator, run)
    operator.dial = 12
    assert "not what was shown" in refused(operator, run, waiting, answered(ADMIN))


NOT_SHOWN, NOT_WAITING = "not what was shown", "does not wait for an answer any more"


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"approved_digest": ""}, NOT_SHOWN),
        ({"approved_digest": "0" * 64}, NOT_SHOWN),
        ({"waiting_request": str(uuid4())}, NOT_WAITING),
        ({"waiting_request": "00000000-0000-0000-0000-000000000000"}, NOT_WAITING),
    ],
)
def test_an_answer_to_something_else_does_not_count(
    limited: psycopg.Connection, asked: Asked, kwargs: dict[str, Any], message: str
) -> None:
    operator, run = TurnDial(), Run(TO)
    waiting = parked(operator, run)
    waiting.kwargs = {**(waiting.kwargs or {}), **kwargs}
    assert message in refused(operator, run, waiting, answered(ADMIN))


def test_of_two_executions_that_go_on_with_an_answer_one_acts(limited: psycopg.Connection, asked: Asked) -> None:
    first, second, run = TurnDial(), TurnDial(), Run(TO)
    waiting = parked(first, run)
    assert resume(first, run, waiting, answered(ADMIN))["after"] == 30
    assert NOT_WAITING in refused(second, run, waiting, answered(ADMIN))
    assert {record.outcome for record in records(limited, run)} == {Outcome.SUCCEEDED, Outcome.REFUSED}


def test_a_task_that_is_executed_anew_does_not_end_the_record_of_the_one_that_acts(
    limited: psycopg.Connection, asked: Asked
) -> None:
    acting, run = TurnDial(), Run(TO)
    waiting = parked(acting, run)

    def clear() -> None:
        with pytest.raises(AirflowFailException, match="was executed before"):
            perform(TurnDial(), replace(run, clear_number=1))

    acting.before_change = clear
    assert resume(acting, run, waiting, answered(ADMIN))["after"] == 30
    by_outcome = {found.outcome: found for found in records(limited, run)}
    assert by_outcome.keys() == {Outcome.SUCCEEDED, Outcome.REFUSED}
    assert by_outcome[Outcome.SUCCEEDED].changed_at is not None


def test_a_run_that_is_executed_anew_ends_what_it_waited_for(limited: psycopg.Connection, asked: Asked) -> None:
    """It was deleted, say, and somebody else used its id again, for something else."""
    run = Run(TO)
    parked(TurnDial(), run)
    assert perform(TurnDial(), replace(run, conf={**TO, "value": 9}))["after"] == 9
    new, old = records(limited, run)
    assert (new.requested, new.outcome) == (9, Outcome.SUCCEEDED)
    assert (old.requested, old.outcome) == (30, Outcome.REFUSED)
    assert old.message == "its run was executed anew while it waited; ask anew"
    assert ledger.waiting(limited) == ()


def test_an_answer_after_the_deadline_does_not_count(
    limited: psycopg.Connection, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow takes it all the same, if its scheduler has not noticed yet."""
    monkeypatch.setattr(record, "MAX_AGE", timedelta(minutes=-1))
    operator, run = Approved(), Run(ASKED)
    operator.within = timedelta()
    waiting = parked(operator, run)
    assert "it was approved too late" in refused(operator, run, waiting, answered(ADMIN))
    (found,) = records(limited, run)
    assert found.outcome is Outcome.REFUSED


def test_an_approved_request_waits_for_the_database(
    limited: psycopg.Connection, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator, run = TurnDial(), Run(TO)
    waiting = parked(operator, run)
    connect, failures = database.connect, iter(range(3))

    def down_at_first() -> psycopg.Connection:
        if next(failures, None) is not None:
            raise database.DatabaseDownError("the database can't be reached")
        return connect()

    monkeypatch.setattr(database, "connect", down_at_first)
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert resume(operator, run, waiting, answered(ADMIN))["after"] == 30
    (found,) = records(limited, run)
    assert found.outcome is Outcome.SUCCEEDED


def test_the_requesters_right_is_judged_again_after_the_wait(limited: psycopg.Connection, asked: Asked) -> None:
    operator, run = TurnDial(), Run(TO)
    waiting = parked(operator, run)
    apply_catalog_grants(limited, [], confirmed=True)
    limited.commit()
    assert "in no group that may" in refused(operator, run, waiting, answered(ADMIN))
    (found,) = records(limited, run)
    assert found.outcome is Outcome.DENIED


@pytest.mark.parametrize(
    ("by", "message"), [(ADMIN, "not what was shown"), (ADS, "not what was shown"), (SEARCH, "not what was shown")]
)
def test_an_answer_holds_for_what_was_shown_also_where_none_is_needed_any_more(
    limited: psycopg.Connection, asked: Asked, by: str, message: str
) -> None:
    """From 6 to 30 takes a second person, from 25 to 30 does not."""
    operator, run = TurnDial(), Run(TO)
    waiting = parked(operator, run)
    operator.dial = 25
    assert message in refused(operator, run, waiting, answered(by))


def test_nobody_in_time_is_told_as_such_however_long_that_was(limited: psycopg.Connection, asked: Asked) -> None:
    operator, run = TurnDial(), Run(TO)
    waiting = parked(operator, run)
    run.run_after = datetime.now(UTC) - timedelta(hours=1)
    assert "nobody approved it in time" in refused(operator, run, waiting, TIMED_OUT)


def test_what_can_not_be_asked_is_on_record(
    limited: psycopg.Connection, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("the API server is gone")

    monkeypatch.setattr(approval, "upsert_hitl_detail", fail)
    run = Run(TO)
    with pytest.raises(RuntimeError):
        perform(TurnDial(), run)
    (found,) = records(limited, run)
    assert (found.outcome, found.started_at) == (Outcome.FAILED, None)
    assert "the API server is gone" in str(found.message)


def test_the_approver_must_be_in_the_group_when_it_is_done(limited: psycopg.Connection, asked: Asked) -> None:
    operator, run = TurnDial(), Run(TO)
    waiting = parked(operator, run)
    groups = [
        replace(group, member_users=()) if group.name == "platform-admins" else group
        for group in COMPANY.groups.entries
    ]
    load(limited, snapshot(COMPANY.users.entries, groups))
    limited.commit()
    assert "who is not in platform-admins" in refused(operator, run, waiting, answered(ADMIN))


def test_a_cleared_run_is_not_approved_anew(limited: psycopg.Connection, asked: Asked) -> None:
    operator, run = TurnDial(), Run(TO)
    waiting = parked(operator, run)
    run.clear_number = 1
    assert "was executed before" in refused(operator, run, waiting, answered(ADMIN))
    (found,) = records(limited, run)
    assert found.outcome is Outcome.REFUSED


def test_an_approval_that_is_always_needed_is_asked_for_within_the_limits_too(
    limited: psycopg.Connection, asked: Asked
) -> None:
    operator, run = Approved(), Run(ASKED)
    waiting = parked(operator, run)
    assert waiting.timeout == timedelta(minutes=5)
    assert resume(operator, run, waiting, answered(ADMIN))["after"] == 9


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(reason=TEXT, parts=st.lists(st.tuples(st.sampled_from(["Command", "Script"]), TEXT), max_size=3))
def test_what_is_written_for_airflow_is_read_back_and_holds_no_markup(
    reason: str, parts: list[tuple[str, str]]
) -> None:
    written = approval_in_markdown("ops", reason, Preview(tuple(parts)))
    lines = written.split("\n")
    assert approver_in(written) == "ops"
    assert [title for title, _ in parts_in(written)] == ["Reason", *(title for title, _ in parts)]
    typed = [line for line in lines[1:] if line and not line.startswith("**")]
    assert all(line.startswith("    ") for line in typed)

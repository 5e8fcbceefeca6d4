"""What is written to the ledger: every step once, in an order that makes sense, whatever was typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops_dashboard import ledger
from ops_dashboard.database import connect_url
from ops_dashboard.ledger import Details, Entry, Event, Filter, Outcome
from tests.support.ledger_records import at_once, listed, long_ago, request, soon, write


def test_a_request_s_steps_become_one_entry(app_connection: psycopg.Connection) -> None:
    asked = request()
    grant = {"grant_id": 7, "grant": "ads-oncall → scale:ads/*"}
    steps = [
        (Event.STARTED, Details(before=6, requested=9, expected=6, seconds=0.1, time_limit=soon(), **grant)),  # type: ignore[arg-type]
        (Event.CHANGED, Details(before=6, requested=9, after=9, seconds=0.3)),
        (Event.SUCCEEDED, Details(after=9, ready=9, seconds=4.25)),
    ]
    assert [ledger.append(app_connection, asked, event, details) for event, details in steps] == [1, 2, 3]
    (entry,) = ledger.entries(app_connection, Filter()).entries
    assert entry == Entry(
        request_id=asked.request_id,
        seq=1,
        dag_id=asked.dag_id,
        run_id=asked.run_id,
        actor=asked.actor,
        action="scale",
        resource="ads/bidder",
        reason=asked.reason,
        outcome=Outcome.SUCCEEDED,
        before=6,
        requested=9,
        after=9,
        ready=9,
        seconds=4.25,
        message=None,
        grant="ads-oncall → scale:ads/*",
        approver=None,
        within=None,
        answered_by=None,
        note=None,
        approved_by=None,
        cancelled_by=None,
        script=None,
        bundle=None,
        at=entry.at,
        answered_at=None,
        started_at=entry.at,
        changed_at=entry.changed_at,
        finished_at=entry.finished_at,
    )
    assert entry.changed_at is not None
    assert entry.finished_at is not None
    assert entry.at < entry.changed_at < entry.finished_at


def test_the_caller_commits(app_connection: psycopg.Connection, app_url: str) -> None:
    ledger.append(app_connection, request(), Event.DENIED, Details())
    with connect_url(app_url) as other:
        assert listed(other) == []
    app_connection.rollback()
    assert listed(app_connection) == []


@pytest.mark.parametrize(
    ("steps", "time_limit", "outcome"),
    [
        ([Event.DENIED], soon, Outcome.DENIED),
        ([Event.REFUSED], soon, Outcome.REFUSED),
        ([Event.FAILED], soon, Outcome.FAILED),
        ([Event.WAITING], soon, Outcome.RUNNING),
        ([Event.WAITING], long_ago, Outcome.REFUSED),
        ([Event.WAITING, Event.DENIED], soon, Outcome.DENIED),
        ([Event.WAITING, Event.REFUSED], long_ago, Outcome.REFUSED),
        ([Event.WAITING, Event.ANSWERED], soon, Outcome.RUNNING),
        ([Event.WAITING, Event.ANSWERED], long_ago, Outcome.REFUSED),
        ([Event.WAITING, Event.ANSWERED, Event.STARTED], soon, Outcome.RUNNING),
        ([Event.WAITING, Event.ANSWERED, Event.STARTED, Event.CHANGED, Event.SUCCEEDED], soon, Outcome.SUCCEEDED),
        ([Event.STARTED], soon, Outcome.RUNNING),
        ([Event.STARTED, Event.CHANGED], soon, Outcome.RUNNING),
        ([Event.STARTED], long_ago, Outcome.UNKNOWN),
        ([Event.STARTED, Event.CHANGED], long_ago, Outcome.UNKNOWN),
        ([Event.STARTED, Event.REFUSED], long_ago, Outcome.REFUSED),
        ([Event.STARTED, Event.FAILED], long_ago, Outcome.FAILED),
        ([Event.STARTED, Event.UNKNOWN], soon, Outcome.UNKNOWN),
        ([Event.STARTED, Event.CHANGED, Event.FAILED], soon, Outcome.FAILED),
        ([Event.STARTED, Event.CHANGED, Event.SUCCEEDED], long_ago, Outcome.SUCCEEDED),
    ],
)
def test_the_outcome_is_the_ending_or_follows_from_the_deadline(
    app_connection: psycopg.Connection, steps: list[Event], time_limit: Callable[[], timedelta], outcome: Outcome
) -> None:
    asked = write(app_connection, request(), *steps, time_limit=time_limit())
    (entry,) = ledger.entries(app_connection, Filter()).entries
    assert entry.outcome == outcome
    for other in Outcome:
        assert listed(app_connection, outcome=other) == ([asked.request_id] if other == outcome else [])


def test_an_entry_has_only_the_times_of_its_steps(app_connection: psycopg.Connection) -> None:
    write(app_connection, request(), Event.DENIED)
    (entry,) = ledger.entries(app_connection, Filter()).entries
    assert (entry.started_at, entry.changed_at, entry.finished_at) == (None, None, entry.at)


def test_a_step_that_is_recorded_already_is_not_recorded_again(app_connection: psycopg.Connection) -> None:
    """The answer to a commit can get lost; who then repeats the step must not leave two."""
    asked = write(app_connection, request(), Event.STARTED)
    for event, seq in [(Event.CHANGED, 2), (Event.FAILED, 3)]:
        for _ in range(2):
            assert ledger.append(app_connection, asked, event, Details()) == seq
            app_connection.commit()
    with pytest.raises(ledger.AlreadyDoneError):
        write(app_connection, asked, Event.STARTED)
    app_connection.rollback()
    assert app_connection.execute("SELECT count(*) FROM ops.ledger").fetchone() == (3,)


@pytest.mark.parametrize(
    ("steps", "refused", "because"),
    [
        ([], Event.CHANGED, "has not started"),
        ([], Event.SUCCEEDED, "has not started"),
        ([], Event.UNKNOWN, "has not started"),
        ([Event.WAITING], Event.CHANGED, "has not started"),
        ([Event.WAITING], Event.SUCCEEDED, "has not started"),
        ([Event.STARTED], Event.WAITING, "does not wait"),
        ([Event.STARTED], Event.ANSWERED, "does not wait"),
        ([], Event.ANSWERED, "does not wait"),
        ([Event.WAITING], Event.STARTED, "was not answered in time"),
        ([Event.WAITING, Event.REFUSED], Event.STARTED, "has ended"),
        ([Event.WAITING, Event.REFUSED], Event.ANSWERED, "has ended"),
        ([Event.DENIED], Event.STARTED, "has ended"),
        ([Event.FAILED], Event.CHANGED, "has ended"),
        ([Event.STARTED, Event.SUCCEEDED], Event.FAILED, "has ended"),
        ([Event.STARTED, Event.UNKNOWN], Event.SUCCEEDED, "has ended"),
    ],
)
def test_a_step_that_cannot_follow_is_refused(
    app_connection: psycopg.Connection, steps: list[Event], refused: Event, because: str
) -> None:
    asked = write(app_connection, request(), *steps)
    with pytest.raises(psycopg.errors.CheckViolation, match=because):
        ledger.append(app_connection, asked, refused, Details(time_limit=soon()))


@pytest.mark.parametrize("field", ["actor", "action", "resource", "dag_id", "run_id", "task_id", "reason"])
def test_a_later_step_cannot_tell_of_another_request(app_connection: psycopg.Connection, field: str) -> None:
    asked = write(app_connection, request(), Event.STARTED)
    with pytest.raises(psycopg.errors.CheckViolation, match="was opened with other values"):
        ledger.append(app_connection, replace(asked, **{field: "other"}), Event.CHANGED, Details())  # type: ignore[arg-type]


@pytest.mark.parametrize("event", [Event.WAITING, Event.STARTED])
def test_what_goes_on_needs_a_deadline(app_connection: psycopg.Connection, event: Event) -> None:
    with pytest.raises(ValueError, match=f"can't be {event} without a time limit"):
        ledger.append(app_connection, request(), event, Details())


def test_a_task_of_a_run_starts_once_and_the_second_try_can_still_be_recorded(
    app_connection: psycopg.Connection,
) -> None:
    first = write(app_connection, request(), Event.STARTED)
    second = replace(first, request_id=uuid4())
    with pytest.raises(ledger.AlreadyDoneError, match=f"^started: task scale of run {first.run_id}"):
        ledger.append(app_connection, second, Event.STARTED, Details(time_limit=soon()))
    write(app_connection, second, Event.REFUSED)
    assert listed(app_connection, run_id=first.run_id) == [second.request_id, first.request_id]
    write(app_connection, replace(first, request_id=uuid4(), task_id="another"), Event.STARTED)


def test_what_waits_is_taken_up_once_and_only_then_starts(app_connection: psycopg.Connection) -> None:
    waiting = write(app_connection, request(), Event.WAITING)
    with pytest.raises(psycopg.errors.CheckViolation, match="was not answered in time"):
        write(app_connection, waiting, Event.STARTED)
    app_connection.rollback()
    write(app_connection, waiting, Event.ANSWERED)
    for again in (Event.WAITING, Event.ANSWERED):
        with pytest.raises(ledger.AlreadyDoneError):
            write(app_connection, waiting, again)
    write(app_connection, waiting, Event.STARTED, Event.CHANGED, Event.SUCCEEDED)


def test_what_waited_too_long_can_be_ended_and_not_started(app_connection: psycopg.Connection) -> None:
    waiting = write(app_connection, request(), Event.WAITING, Event.ANSWERED, time_limit=long_ago())
    with pytest.raises(psycopg.errors.CheckViolation, match="was not answered in time"):
        write(app_connection, waiting, Event.STARTED)
    app_connection.rollback()
    write(app_connection, waiting, Event.REFUSED)


def test_what_a_run_has_waiting_is_found_whoever_asked(app_connection: psycopg.Connection) -> None:
    """A run can be deleted while it waits, and its id be used again."""
    first = write(app_connection, request(reason="x" * 3000), Event.WAITING, time_limit=long_ago())
    second = write(app_connection, replace(first, request_id=uuid4(), actor="other@example.com"), Event.WAITING)
    for other in ({"task_id": "another"}, {"run_id": "another"}, {"dag_id": "another"}):
        write(app_connection, replace(first, request_id=uuid4(), **other), Event.WAITING)
    write(app_connection, replace(first, request_id=uuid4()), Event.WAITING, Event.REFUSED)
    found = ledger.waiting_of_run(app_connection, replace(first, request_id=uuid4()))
    assert [each.request_id for each in found] == [second.request_id, first.request_id]
    write(app_connection, found[1], Event.REFUSED)


def test_of_many_that_start_the_same_run_at_once_one_does(app_url: str) -> None:
    shared = request()
    results: list[str] = []

    def start() -> None:
        with connect_url(app_url) as connection:
            try:
                write(connection, replace(shared, request_id=uuid4()), Event.STARTED)
            except ledger.AlreadyDoneError:
                results.append("refused")
            else:
                results.append("started")

    at_once([start] * 8)
    assert sorted(results) == ["refused"] * 7 + ["started"]


def test_a_writer_that_hangs_does_not_stop_the_others_for_ever(
    app_connection: psycopg.Connection, app_url: str, owner_connection: psycopg.Connection
) -> None:
    owner_connection.execute("ALTER FUNCTION ops.ledger_append SET lock_timeout = '50ms'")
    owner_connection.commit()
    ledger.append(app_connection, request(), Event.DENIED, Details())
    with connect_url(app_url) as other, pytest.raises(psycopg.errors.LockNotAvailable):
        write(other, request(), Event.DENIED)


def test_a_writer_that_hangs_before_it_commits_is_ended(app_connection: psycopg.Connection) -> None:
    ledger.append(app_connection, request(), Event.DENIED, Details())
    assert app_connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("30s",)
    app_connection.commit()
    assert app_connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("0",)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("x" * 10_000, "x" * 1999 + "…"),
        ("a\x00b", "a\\x00b"),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
        ("two\nlines\ttab", "two\nlines\ttab"),
        ("", ""),
        ("'; DROP TABLE ops.ledger; --", "'; DROP TABLE ops.ledger; --"),
        ("%s %(x)s {} \\", "%s %(x)s {} \\"),
    ],
)
def test_no_record_is_lost_over_a_text(app_connection: psycopg.Connection, text: str, stored: str) -> None:
    asked = request(reason=text, resource=text)
    ledger.append(app_connection, asked, Event.REFUSED, Details(message=text))
    (entry,) = ledger.entries(app_connection, Filter()).entries
    assert (entry.reason, entry.message) == (stored, stored)
    assert entry.resource == (stored if len(stored) <= 250 else f"{text[:249]}…")


FORGE = """
SELECT ops.ledger_append(gen_random_uuid(), 'denied', 'actor', 'scale', 'ads/bidder', 'dag', 'run', 'task', 'forged',
    NULL, %s)
"""
STRANGE = [
    '["list"]',
    '{"requested": [1]}',
    '{"before": {"count": 1}}',
    '{"unheard_of": [1]}',
    '{"after": 1e301}',
    f'{{"expected": -{"9" * 5000}}}',
    '{"ready": 1.5}',
    '{"ready": "many"}',
    '{"ready": true}',
    '{"seconds": "3"}',
    '{"message": 3}',
    '{"message": null}',
    '{"grant": {}}',
    '{"approver": 1}',
    '{"within": "an hour"}',
    '{"within": 1e300}',
    '{"within": -1}',
]


@pytest.mark.parametrize("details", STRANGE)
def test_details_that_no_reader_knows_are_refused_whoever_appends(
    app_connection: psycopg.Connection, details: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="ledger_details_check"):
        app_connection.execute(FORGE, [details])


def test_details_may_hold_any_plain_value(app_connection: psycopg.Connection) -> None:
    plain = (
        '{"before": "<b>", "requested": true, "expected": null, "after": 0.5, "ready": 3, "seconds": 1.5, "grant": ""}'
    )
    app_connection.execute(FORGE, [plain])
    (entry,) = ledger.entries(app_connection, Filter()).entries
    assert (entry.before, entry.requested, entry.after, entry.ready) == ("<b>", True, 0.5, 3)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (10**300, 10**300),
        (10**301, f"1{'0' * 248}…"),
        (-(10**301), f"-1{'0' * 247}…"),
        (float("-inf"), "-inf"),
        (float("nan"), "nan"),
        (False, False),
    ],
)
def test_no_record_is_lost_over_a_number(app_connection: psycopg.Connection, value: float, stored: object) -> None:
    ledger.append(app_connection, request(), Event.REFUSED, Details(requested=value))
    (entry,) = ledger.entries(app_connection, Filter()).entries
    assert entry.requested == stored


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=300), min_size=3, max_size=3), value=st.none() | st.integers())
def test_whatever_was_typed_is_recorded(
    app_connection: psycopg.Connection, texts: Sequence[str], value: int | None
) -> None:
    asked = request(actor=texts[0], resource=texts[1], reason=texts[2])
    ledger.append(app_connection, asked, Event.REFUSED, Details(requested=value, message=texts[2]))
    (entry,) = ledger.entries(app_connection, Filter(run_id=asked.run_id)).entries
    assert entry.requested == value
    app_connection.rollback()

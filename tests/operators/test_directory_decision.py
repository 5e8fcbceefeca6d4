"""Releasing and discarding a held sync, from the run's conf to the directory's copy and the ledger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from ops_dashboard.directory import (
    Asked,
    DirectoryGroup,
    DirectoryUser,
    Listing,
    SyncRules,
    SyncRun,
    SyncState,
    recent_runs,
    sync,
)
from ops_dashboard.ledger import Entry, Outcome
from ops_operators.directory_decision import DecideSyncOperator
from tests.support.acting import Run, perform, records
from tests.support.company import ADMIN, ADS, VIEWER, grant, memberships, snapshot, with_grants

NEW = "new@example.com"
BROUGHT = snapshot(
    [DirectoryUser("n-1", NEW, "New", active=True)], [DirectoryGroup("n-g", "newcomers", ("n-1",), ())], source="google"
)
AGREED = {"source": "google", "decision": "release", "reason": "as announced"}


@pytest.fixture
def managed(at_work: psycopg.Connection) -> psycopg.Connection:
    """The company, whose administrator may do everything and whose ads on-call may manage access."""
    return with_grants(at_work, grant("platform-admins", "*"), grant("ads-oncall", "manage:access"))


def hold(connection: psycopg.Connection, asked_by: str = "the schedule") -> str:
    """Let the first sync of a source be held, and return its digest."""
    report = sync(connection, BROUGHT, SyncRules(), Asked(asked_by, "run-1"))
    assert report.state is SyncState.HELD
    assert report.digest is not None
    return report.digest


def decide(conf: dict[str, Any], by: str | None = ADS) -> Run:
    run = Run(conf, triggering_user_name=by)
    perform(DecideSyncOperator(task_id="decide"), run)
    return run


def refused(connection: psycopg.Connection, conf: dict[str, Any], by: str | None = ADS) -> Entry:
    """The record of what must not come about; nobody came in."""
    run = Run(conf, triggering_user_name=by)
    with pytest.raises(AirflowFailException):
        perform(DecideSyncOperator(task_id="decide"), run)
    (record,) = records(connection, run)
    assert record.changed_at is None
    assert (NEW, "newcomers") not in memberships(connection)
    return record


def last(connection: psycopg.Connection) -> SyncRun:
    connection.rollback()
    return recent_runs(connection, "google")[0]


@pytest.mark.parametrize(("decision", "state"), [("release", SyncState.APPLIED), ("discard", SyncState.DISCARDED)])
def test_a_held_sync_is_decided_and_recorded(managed: psycopg.Connection, decision: str, state: SyncState) -> None:
    digest = hold(managed)
    run = decide({**AGREED, "digest": digest, "decision": decision})
    assert ((NEW, "newcomers") in memberships(managed)) == (decision == "release")
    decided = last(managed)
    assert (decided.state, decided.decided_by, decided.decided_why) == (state, ADS, "as announced")
    (record,) = records(managed, run)
    assert (record.outcome, record.actor, record.action, record.resource) == (
        Outcome.SUCCEEDED,
        ADS,
        "manage",
        "access",
    )
    assert record.requested == f"{decision} of sync {digest[:12]} of google"
    assert (record.before, record.after, record.grant) == ("held", str(state), "ads-oncall → manage:access")
    assert record.changed_at is not None


@pytest.mark.parametrize(
    ("by", "outcome", "message"),
    [
        (VIEWER, Outcome.DENIED, "you are in no group that may manage:access"),
        ("x@example.com", Outcome.DENIED, "not in the company directory"),
        (None, Outcome.REFUSED, "no person triggered this run"),
    ],
)
@pytest.mark.parametrize("decision", ["release", "discard"])
def test_who_may_not_manage_access_decides_nothing(
    managed: psycopg.Connection, by: str | None, outcome: Outcome, message: str, decision: str
) -> None:
    record = refused(managed, {**AGREED, "digest": hold(managed), "decision": decision}, by)
    assert (record.outcome, record.started_at) == (outcome, None)
    assert message in str(record.message)
    assert last(managed).state is SyncState.HELD


def test_it_takes_somebody_else_than_who_asked_to_release(managed: psycopg.Connection) -> None:
    conf = {**AGREED, "digest": hold(managed, asked_by=ADS)}
    record = refused(managed, conf)
    assert record.outcome is Outcome.REFUSED
    assert "somebody else has to look at it; nothing was changed" in str(record.message)
    assert last(managed).state is SyncState.HELD
    decide(conf, ADMIN)
    assert last(managed).state is SyncState.APPLIED


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"digest": "0" * 64}, "digest: 000000000000"),
        ({"source": "ldap"}, "ldap holds none"),
        ({"digest": "abc"}, "digest: 'abc' is not accepted; accepted is the digest"),
        ({"reason": "\t"}, "reason: "),
        ({"force": True}, "force: unknown"),
    ],
)
def test_what_is_not_held_can_not_be_decided(managed: psycopg.Connection, values: dict[str, Any], message: str) -> None:
    digest = hold(managed)
    record = refused(managed, {**AGREED, "digest": digest, **values})
    assert (record.outcome, record.started_at) == (Outcome.REFUSED, None)
    assert message in str(record.message)
    assert last(managed).state is SyncState.HELD


@pytest.mark.parametrize("decision", ["release", "discard"])
def test_what_was_decided_is_not_decided_again(managed: psycopg.Connection, decision: str) -> None:
    conf = {**AGREED, "digest": hold(managed), "decision": "discard"}
    run = decide(conf)
    assert "it may have been decided" in str(refused(managed, {**conf, "decision": decision}).message)
    run.clear_number = 1
    with pytest.raises(AirflowFailException, match="executed before"):
        perform(DecideSyncOperator(task_id="decide"), run)


def test_differences_that_have_changed_since_they_were_seen_are_not_applied(managed: psycopg.Connection) -> None:
    seen = hold(managed)
    another = Listing((*BROUGHT.users.entries, DirectoryUser("n-2", "b@example.com", "B", active=True)), "all users")
    sync(managed, replace(BROUGHT, users=another), SyncRules(), Asked("the schedule", "run-2"))
    record = refused(managed, {**AGREED, "digest": seen})
    assert f"google holds {last(managed).digest}" in str(record.message)


def test_of_many_who_decide_at_once_one_does(managed: psycopg.Connection) -> None:
    digest = hold(managed)
    asked = [(who, decision) for who in (ADS, ADMIN) for decision in ("release", "discard")]
    runs = [
        Run({**AGREED, "digest": digest, "decision": decision}, triggering_user_name=who) for who, decision in asked
    ]

    def attempt(run: Run) -> None:
        with suppress(AirflowFailException):
            perform(DecideSyncOperator(task_id="decide"), run)

    with ThreadPoolExecutor(len(runs)) as pool:
        list(pool.map(attempt, runs))
    outcomes = sorted(record.outcome for run in runs for record in records(managed, run))
    assert outcomes == [*[Outcome.REFUSED] * 3, Outcome.SUCCEEDED]


def test_a_decision_does_not_keep_later_ones_waiting_for_ever() -> None:
    operator = DecideSyncOperator(task_id="decide")
    assert operator.execution_timeout == operator.time_limit

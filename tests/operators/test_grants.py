"""Giving and revoking grants, from the run's conf to the table and the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from ops_dashboard import access
from ops_dashboard.access import Grant
from ops_dashboard.catalog import Limits
from ops_dashboard.ledger import Entry, Outcome
from ops_operators.grants import ChangeGrantOperator
from tests.support.acting import Run, perform, records
from tests.support.company import ADMIN, ADS, COMPANY, SEARCH, VIEWER, grant, load, snapshot, with_grants

GIVE = {"change": "grant", "group": "search-oncall", "action": "scale:ads/bidder", "reason": "they help out"}
REVOKE = {**GIVE, "change": "revoke", "reason": "all is calm"}
DECLARED = {**REVOKE, "group": "ads-oncall", "action": "scale:ads/*"}
SOON = datetime(2099, 12, 1, 18, tzinfo=UTC)


@pytest.fixture
def managed(at_work: psycopg.Connection) -> psycopg.Connection:
    """The company, in which the ads on-call may manage their own team's grants and the administrator all."""
    return with_grants(
        at_work,
        grant("ads-oncall", "scale:ads/*"),
        grant("ads-oncall", "manage:grants/scale/ads/*"),
        grant("search-oncall", "scale:search/*"),
        grant("platform-admins", "*"),
    )


def ask(conf: Mapping[str, Any], by: str | None = ADS) -> Run:
    """Change a grant."""
    run = Run(conf, triggering_user_name=by)
    perform(ChangeGrantOperator(task_id="change"), run)
    return run


def refused(connection: psycopg.Connection, conf: Mapping[str, Any], by: str | None = ADS) -> Entry:
    """The record of what must not come about; nothing was changed."""
    before, run = access.live_grants(connection), Run(conf, triggering_user_name=by)
    with pytest.raises(AirflowFailException):
        perform(ChangeGrantOperator(task_id="change"), run)
    (record,) = records(connection, run)
    assert access.live_grants(connection) == before
    assert record.changed_at is None
    return record


def given(connection: psycopg.Connection) -> tuple[Grant, ...]:
    """The live grants of the page."""
    connection.rollback()
    return tuple(held for held in access.live_grants(connection) if held.origin == "page")


def test_a_grant_is_given_and_recorded_and_in_force_at_once(managed: psycopg.Connection) -> None:
    assert not access.decide(managed, SEARCH, "scale:ads/bidder", 5).allowed
    end = SOON.astimezone().isoformat()
    run = ask({**GIVE, "limits": {"min": 1, "max": 20, "max_change": 5}, "expires_at": end})
    (held,) = given(managed)
    assert (held.group, held.action, held.limits) == (
        "search-oncall",
        "scale:ads/bidder",
        Limits(min=1, max=20, max_change=5),
    )
    assert (held.expires_at, held.valid_from, held.created_by, held.reason) == (SOON, None, ADS, "they help out")
    (record,) = records(managed, run)
    words = "search-oncall → scale:ads/bidder, 1 to 20, changes of at most 5, until 2099-12-01 18:00 UTC"
    assert (record.outcome, record.actor, record.reason) == (Outcome.SUCCEEDED, ADS, "they help out")
    assert (record.action, record.resource) == ("manage", "grants/scale/ads/bidder")
    assert (record.before, record.requested, record.after) == (None, words, f"grant {held.grant_id}, {words}")
    assert record.grant == "ads-oncall → manage:grants/scale/ads/*"
    assert record.changed_at is not None
    assert access.decide(managed, SEARCH, "scale:ads/bidder", 5).allowed
    assert not access.decide(managed, SEARCH, "scale:ads/bidder", 21).allowed


@pytest.mark.parametrize("by_number", [True, False])
def test_a_grant_is_revoked_and_recorded_and_over_at_once(managed: psycopg.Connection, by_number: bool) -> None:
    ask(GIVE)
    (held,) = given(managed)
    run = ask({**REVOKE, "grant_id": held.grant_id} if by_number else REVOKE)
    assert given(managed) == ()
    (record,) = records(managed, run)
    assert (record.outcome, record.resource) == (Outcome.SUCCEEDED, "grants/scale/ads/bidder")
    assert (record.before, record.after) == (f"grant {held.grant_id}, search-oncall → scale:ads/bidder", "revoked")
    assert not access.decide(managed, SEARCH, "scale:ads/bidder").allowed
    ended = managed.execute("SELECT revoked_by, reason FROM ops.grants WHERE grant_id = %s", [held.grant_id]).fetchall()
    assert ended == [(ADS, "they help out")]


def test_a_revoked_grant_can_be_given_anew(managed: psycopg.Connection) -> None:
    for conf in (GIVE, REVOKE, GIVE):
        ask(conf)
    assert len(given(managed)) == 1


MAY_GIVE = ["scale:ads/bidder", "scale:ads/*", "scale:ads/b*", "scale:ads/*/x"]
MAY_NOT_GIVE = [
    "scale:*", "scale:a*", "scale:ads*", "scale:search/x", "scale:*/bidder", "run:ads/x", "*",
    "manage:*", "manage:grants", "manage:grants/*", "manage:grants/scale/ads/*", "manage:access",
]  # fmt: skip


@pytest.mark.parametrize("action", MAY_GIVE)
def test_who_manages_a_part_gives_what_is_in_it(managed: psycopg.Connection, action: str) -> None:
    ask({**GIVE, "action": action})
    assert [held.action for held in given(managed)] == [action]
    ask({**REVOKE, "action": action})
    assert given(managed) == ()


@pytest.mark.parametrize("action", MAY_NOT_GIVE)
def test_nobody_gives_or_revokes_what_they_may_not_manage(managed: psycopg.Connection, action: str) -> None:
    assert refused(managed, {**GIVE, "action": action}).outcome is Outcome.DENIED
    ask({**GIVE, "action": action}, ADMIN)
    (held,) = given(managed)
    assert refused(managed, {**REVOKE, "action": action}).outcome is Outcome.DENIED
    # Nor by its number, with the name of another action.
    record = refused(managed, {**REVOKE, "grant_id": held.grant_id})
    assert (record.outcome, given(managed)) == (Outcome.REFUSED, (held,))


@pytest.mark.parametrize("action", [*MAY_GIVE, *MAY_NOT_GIVE])
def test_manage_grants_is_the_right_to_give_anything(managed: psycopg.Connection, action: str) -> None:
    with_grants(managed, grant("search-oncall", "manage:grants"))
    ask({**GIVE, "group": "ads-oncall", "action": action}, SEARCH)
    assert [held.action for held in given(managed)] == [action]


NOT_DONE: list[tuple[str, dict[str, Any], str | None, Outcome, str]] = [
    ("nobody", GIVE, None, Outcome.REFUSED, "no person triggered this run"),
    ("unknown person", GIVE, "x@example.com", Outcome.DENIED, "not in the company directory"),
    ("no group", GIVE, VIEWER, Outcome.DENIED, "you are in no group that may manage:grants/*"),
    ("another team", GIVE, SEARCH, Outcome.DENIED, "your groups may manage nothing"),
    ("a denied person learns of no group", {**GIVE, "group": "nope"}, SEARCH, Outcome.DENIED, "manage:grants/*"),
    ("unknown group", {**GIVE, "group": "search-oncal"}, ADS, Outcome.REFUSED,
     "group: the company directory has no group 'search-oncal'; did you mean search-oncall or"),
    ("past", {**GIVE, "expires_at": "2020-01-01T01:00:00+01:00"}, ADS, Outcome.REFUSED,
     "expires_at: 2020-01-01 00:00 UTC has passed; accepted is a later time"),
    ("limits the wrong way round", {**GIVE, "limits": {"min": 2, "max": 1}}, ADS, Outcome.REFUSED,
     "limits.max: 1 is not accepted"),
    ("like the catalog's", {**DECLARED, "change": "grant"}, ADS, Outcome.REFUSED, "gives just this already"),
    ("nothing to revoke", REVOKE, ADS, Outcome.REFUSED, "no grant search-oncall → scale:ads/bidder is live"),
    ("nothing of that number", {**REVOKE, "grant_id": 99}, ADS, Outcome.REFUSED, "no grant search-oncall"),
    ("the catalog's", DECLARED, ADS, Outcome.REFUSED, "is declared in the catalog; change it in Git"),
    ("other number than the catalog's", {**DECLARED, "grant_id": 99}, ADS, Outcome.REFUSED, "99 is no live grant"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("conf", "by", "outcome", "message"), [row[1:] for row in NOT_DONE], ids=[row[0] for row in NOT_DONE]
)
def test_what_must_not_be_done_is_not_done_and_recorded(
    managed: psycopg.Connection, conf: dict[str, Any], by: str | None, outcome: Outcome, message: str
) -> None:
    record = refused(managed, conf, by)
    assert (record.outcome, record.started_at) == (outcome, None)
    assert message in str(record.message)


def test_a_run_gives_once_even_if_the_grant_was_revoked_meanwhile(managed: psycopg.Connection) -> None:
    run = ask(GIVE)
    ask(REVOKE)
    with pytest.raises(AirflowFailException, match="has acted before"):
        perform(ChangeGrantOperator(task_id="change"), run)
    run.clear_number = 1
    with pytest.raises(AirflowFailException, match="executed before"):
        perform(ChangeGrantOperator(task_id="change"), run)
    assert given(managed) == ()


def test_the_same_grant_is_given_once_and_another_one_beside_it(managed: psycopg.Connection) -> None:
    ask(GIVE)
    assert "gives just this already" in str(refused(managed, GIVE).message)
    ask({**GIVE, "limits": {"max": 5}})
    ask({**GIVE, "expires_at": SOON.isoformat()})
    ask({**GIVE, "group": "everybody"})
    first, second, third = sorted(held.grant_id for held in given(managed) if held.group == "search-oncall")
    record = refused(managed, REVOKE)
    assert f"accepted is {first} or {second} or {third}" in str(record.message)
    ask({**REVOKE, "grant_id": second})
    assert [held.limits.max for held in given(managed)] == [None, None, None]
    assert f"{second} is no live grant" in str(refused(managed, {**REVOKE, "grant_id": second}).message)


def test_a_declared_grant_does_not_hide_the_one_that_was_given(managed: psycopg.Connection) -> None:
    ask({**DECLARED, "change": "grant", "limits": {"max": 5}})
    (held,) = given(managed)
    declared = next(found for found in access.live_grants(managed) if str(found) == str(held) and found != held)
    record = refused(managed, {**DECLARED, "grant_id": declared.grant_id})
    assert f"grant {declared.grant_id} is declared in the catalog" in str(record.message)
    ask(DECLARED)
    assert given(managed) == ()


def test_an_expired_grant_is_no_longer_there_to_revoke_and_can_be_given_again(managed: psycopg.Connection) -> None:
    access.give_grant(
        managed,
        "search-oncall",
        "scale:ads/bidder",
        Limits(),
        datetime.now(UTC) - timedelta(seconds=1),
        by=ADS,
        reason="over",
    )
    assert "is live" in str(refused(managed, REVOKE).message)
    ask(GIVE)


def test_a_grant_of_a_group_that_is_gone_can_be_revoked_but_not_given(managed: psycopg.Connection) -> None:
    ask(GIVE)
    load(managed, snapshot(COMPANY.users.entries, COMPANY.groups.entries[:1]))
    assert "no group 'search-oncall'" in str(refused(managed, {**GIVE, "limits": {"max": 2}}).message)
    ask(REVOKE)
    assert given(managed) == ()


@pytest.mark.parametrize("conf", [GIVE, REVOKE])
def test_of_many_who_ask_for_the_same_at_once_one_gets_it(managed: psycopg.Connection, conf: dict[str, Any]) -> None:
    if conf is REVOKE:
        ask(GIVE)
    runs = [Run(conf, triggering_user_name=who) for who in (ADS, ADMIN) * 3]

    def attempt(run: Run) -> None:
        with suppress(AirflowFailException):
            perform(ChangeGrantOperator(task_id="change"), run)

    with ThreadPoolExecutor(len(runs)) as pool:
        list(pool.map(attempt, runs))
    outcomes = sorted(record.outcome for run in runs for record in records(managed, run))
    assert outcomes == [*[Outcome.REFUSED] * 5, Outcome.SUCCEEDED]
    assert len(given(managed)) == (1 if conf is GIVE else 0)


def test_a_reason_that_the_database_can_not_hold_is_cleaned_as_the_ledger_s(managed: psycopg.Connection) -> None:
    run = ask({**GIVE, "reason": "a\x00b\nc"})
    assert records(managed, run)[0].reason == "a b c"
    assert given(managed)[0].reason == "a b c"


def test_an_answer_that_is_lost_leaves_an_unknown_outcome(
    managed: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    owner_connection.execute(
        "CREATE FUNCTION ops.fall_over() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
    )
    owner_connection.execute("CREATE TRIGGER fall_over AFTER INSERT ON ops.grants EXECUTE FUNCTION ops.fall_over()")
    owner_connection.commit()
    run = Run(GIVE)
    with pytest.raises(psycopg.OperationalError):
        perform(ChangeGrantOperator(task_id="change"), run)
    (record,) = records(managed, run)
    assert (record.outcome, record.after) == (Outcome.UNKNOWN, None)
    assert given(managed) == ()


@pytest.mark.parametrize("conf", [GIVE, REVOKE])
def test_without_a_started_entry_nothing_is_changed(
    managed: psycopg.Connection, owner_connection: psycopg.Connection, conf: dict[str, Any]
) -> None:
    if conf is REVOKE:
        ask(GIVE)
    before = given(managed)
    owner_connection.execute("REVOKE EXECUTE ON FUNCTION ops.ledger_append FROM ops_dashboard_app")
    owner_connection.commit()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(conf)
    assert given(managed) == before

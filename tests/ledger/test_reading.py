"""What is read from the ledger: filters, pages, last changes."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from ops_dashboard import ledger
from ops_dashboard.ledger import Details, Event, Filter, Outcome, Request, latest
from tests.support.ledger_records import listed, long_ago, request, soon, write


@pytest.fixture
def some_requests(app_connection: psycopg.Connection) -> dict[str, Request]:
    connection = app_connection
    return {
        "ads": write(connection, request(run_id="run-ads"), Event.STARTED, Event.CHANGED, Event.SUCCEEDED),
        "denied": write(connection, request(actor="oncall@search.example.com", reason="Overload"), Event.DENIED),
        "search": write(
            connection,
            request(actor="oncall@search.example.com", resource="search/ranker", reason="Memory pressure"),
            Event.STARTED,
        ),
        "run": write(connection, request(action="run", resource="purge-cache", reason="stale"), Event.FAILED),
    }


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["run", "search", "denied", "ads"]),
        ({"actor": "oncall@search.example.com"}, ["search", "denied"]),
        ({"action": "run"}, ["run"]),
        ({"resource": "ads/bidder"}, ["denied", "ads"]),
        ({"run_id": "run-ads"}, ["ads"]),
        ({"outcome": Outcome.RUNNING}, ["search"]),
        ({"outcome": Outcome.SUCCEEDED, "resource": "ads/bidder"}, ["ads"]),
        ({"outcome": Outcome.RUNNING, "resource": "ads/bidder"}, []),
        ({"text": "pressure"}, ["search"]),
        ({"text": "MEMORY press"}, ["search"]),
        ({"text": "oncall@search"}, ["search", "denied"]),
        ({"text": "ads/bidder"}, ["denied", "ads"]),
        ({"text": "inc-2214"}, ["ads"]),
        ({"text": "backlog overload"}, []),
        ({"text": "---"}, []),
        ({"text": "' & | ! :* <->"}, []),
        ({"text": "scale", "outcome": Outcome.DENIED}, ["denied"]),
        ({"actor": "%"}, []),
        ({"actor": "x' OR true --"}, []),
    ],
)
def test_a_filter_finds_what_meets_all_of_it_newest_first(
    app_connection: psycopg.Connection, some_requests: dict[str, Request], wanted: dict[str, object], found: list[str]
) -> None:
    assert listed(app_connection, **wanted) == [some_requests[name].request_id for name in found]


def test_a_time_filter_includes_its_beginning_and_not_its_end(
    app_connection: psycopg.Connection, some_requests: dict[str, Request]
) -> None:
    newest_first = ledger.entries(app_connection, Filter()).entries
    times = [entry.at for entry in newest_first]
    ids = [entry.request_id for entry in newest_first]
    assert listed(app_connection, since=times[1]) == ids[:2]
    assert listed(app_connection, until=times[1]) == ids[2:]
    assert listed(app_connection, since=times[2], until=times[0]) == ids[1:3]
    assert listed(app_connection, since=datetime.now(UTC) + timedelta(days=1)) == []
    assert listed(app_connection, until=datetime.now(UTC) + timedelta(days=1)) == ids


def test_a_value_is_found_by_its_number(app_connection: psycopg.Connection) -> None:
    asked = request()
    ledger.append(app_connection, asked, Event.STARTED, Details(before=6, requested=417, time_limit=soon()))
    write(app_connection, request(), Event.DENIED)
    assert listed(app_connection, text="417") == [asked.request_id]


def test_a_message_is_found_by_its_words_in_whichever_step_it_came(app_connection: psycopg.Connection) -> None:
    asked = write(app_connection, request(), Event.STARTED)
    ledger.append(app_connection, asked, Event.FAILED, Details(message="Quota exceeded in namespace ads"))
    assert listed(app_connection, text="quota") == [asked.request_id]
    assert listed(app_connection, text="quota", outcome=Outcome.FAILED) == [asked.request_id]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_pages_follow_each_other_without_gap_or_repetition_while_requests_arrive(
    app_connection: psycopg.Connection, limit: int
) -> None:
    ids = [write(app_connection, request(), Event.STARTED, Event.FAILED).request_id for _ in range(7)]
    seen: list[UUID] = []
    cursor = None
    while True:
        page = ledger.entries(app_connection, Filter(), limit, cursor)
        seen += [entry.request_id for entry in page.entries]
        assert len(page.entries) <= limit
        write(app_connection, request(), Event.DENIED)
        cursor = page.next
        if cursor is None:
            break
    assert seen == ids[::-1]


def encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "====",
        "before 3",
        encoded("before"),
        encoded("before -1"),
        encoded("before 3 OR true"),
        encoded("before " + "9" * 30),
        encoded("before ٣"),
        "A" * 10_000,
    ],
)
def test_a_cursor_that_no_page_gave_is_refused(app_connection: psycopg.Connection, cursor: str) -> None:
    with pytest.raises(ValueError, match=r"^cursor: .* leave it out to begin with the newest entry$") as caught:
        ledger.entries(app_connection, Filter(), cursor=cursor)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(app_connection: psycopg.Connection, limit: int) -> None:
    with pytest.raises(ValueError, match=f"^limit: {limit} is not from 1 to 1000$"):
        ledger.entries(app_connection, Filter(), limit)


def test_the_last_changes_are_those_that_had_or_may_have_an_effect(app_connection: psycopg.Connection) -> None:
    connection = app_connection
    succeeded = write(connection, request(), Event.STARTED, Event.CHANGED, Event.SUCCEEDED)
    failed = write(connection, request(), Event.STARTED, Event.CHANGED, Event.FAILED)
    unknown = write(connection, request(), Event.STARTED, time_limit=long_ago())
    running = write(connection, request(), Event.STARTED)
    for without_effect in ([Event.DENIED], [Event.REFUSED], [Event.STARTED, Event.REFUSED], [Event.FAILED]):
        write(connection, request(), *without_effect)
    other = write(connection, request(resource="ads/cache"), Event.STARTED, Event.CHANGED)

    changes = ledger.last_changes(connection, "scale", ["ads/bidder", "ads/cache", "ads/unused"], per_resource=3)

    assert {name: [entry.request_id for entry in entries] for name, entries in changes.items()} == {
        "ads/bidder": [running.request_id, unknown.request_id, failed.request_id],
        "ads/cache": [other.request_id],
        "ads/unused": [],
    }
    (only,) = ledger.last_changes(connection, "scale", ["ads/bidder"])["ads/bidder"]
    assert only.request_id == running.request_id
    assert succeeded.request_id != only.request_id


def run_of(name: str = "purge-cache", action: str = "run") -> Request:
    return request(action=action, resource=name, dag_id=f"ops_run_{name}")


def test_the_last_that_began_are_told_whatever_came_of_them(app_connection: psycopg.Connection) -> None:
    connection = app_connection
    write(connection, run_of(), Event.STARTED, Event.SUCCEEDED)
    failed = write(connection, run_of(), Event.STARTED, Event.FAILED)
    refused = write(connection, run_of(), Event.STARTED, Event.REFUSED)
    running = write(connection, run_of(), Event.STARTED)
    other = write(connection, run_of("rotate-logs"), Event.STARTED, Event.CHANGED, Event.SUCCEEDED)
    for never_began in (Event.DENIED, Event.REFUSED, Event.FAILED):
        write(connection, run_of(), never_began)
    write(connection, run_of(action="cancel"), Event.STARTED, Event.SUCCEEDED)

    last = ledger.last_started(connection, "run", ["purge-cache", "rotate-logs", "unused"], per_resource=3)

    assert {name: [entry.request_id for entry in entries] for name, entries in last.items()} == {
        "purge-cache": [running.request_id, refused.request_id, failed.request_id],
        "rotate-logs": [other.request_id],
        "unused": [],
    }
    (only,) = ledger.last_started(connection, "run", ["purge-cache"])["purge-cache"]
    assert (only.request_id, only.outcome) == (running.request_id, Outcome.RUNNING)


def test_what_was_approved_last_is_the_last_change_whatever_was_asked_for_first(
    app_connection: psycopg.Connection,
) -> None:
    approved = write(app_connection, request(), Event.WAITING)
    between = write(app_connection, request(), Event.STARTED, Event.CHANGED, Event.SUCCEEDED)
    assert [each.request_id for each in ledger.waiting(app_connection)] == [approved.request_id]
    write(app_connection, approved, Event.ANSWERED, Event.STARTED, Event.CHANGED, Event.SUCCEEDED)
    for last in (ledger.last_changes, ledger.last_started):
        found = last(app_connection, "scale", ["ads/bidder"], per_resource=2)["ads/bidder"]
        assert [each.request_id for each in found] == [approved.request_id, between.request_id]
    assert listed(app_connection) == [between.request_id, approved.request_id]
    assert ledger.waiting(app_connection) == ()


def test_what_waits_is_told_until_its_time_is_over_the_oldest_first(app_connection: psycopg.Connection) -> None:
    write(app_connection, request(), Event.WAITING, time_limit=long_ago())
    first, second = (write(app_connection, request(), Event.WAITING) for _ in range(2))
    write(app_connection, request(), Event.WAITING, Event.REFUSED)
    write(app_connection, request(), Event.WAITING, Event.ANSWERED)
    write(app_connection, request(), Event.STARTED)
    assert [each.request_id for each in ledger.waiting(app_connection)] == [first.request_id, second.request_id]
    assert listed(app_connection, waiting=True) == [second.request_id, first.request_id]
    assert len(listed(app_connection, waiting=False)) == 6
    over = ledger.entries(app_connection, Filter()).entries[-1]
    assert (over.outcome, over.message, over.is_waiting) == (
        Outcome.REFUSED,
        "it was not approved and carried out in time; ask anew",
        False,
    )


def test_what_runs_is_told_whatever_waits(app_connection: psycopg.Connection) -> None:
    first, second = (write(app_connection, request(), Event.STARTED) for _ in range(2))
    other = write(app_connection, request(resource="ads/cache"), Event.WAITING, Event.ANSWERED, Event.STARTED)
    write(app_connection, request(), Event.WAITING)
    write(app_connection, request(), Event.STARTED, time_limit=long_ago())
    write(app_connection, request(action="set"), Event.STARTED)
    write(app_connection, request(), Event.STARTED, Event.CHANGED, Event.FAILED)
    ids = [each.request_id for each in ledger.running(app_connection, "scale")]
    assert ids == [other.request_id, second.request_id, first.request_id]
    assert [each.request_id for each in ledger.running(app_connection, "scale", "ads/bidder")] == ids[1:]


def test_an_outcome_with_two_causes_is_listed_page_by_page(app_connection: psycopg.Connection) -> None:
    steps = [[Event.REFUSED], [Event.WAITING], [Event.STARTED, Event.REFUSED], [Event.WAITING, Event.REFUSED]] * 2
    written = [write(app_connection, request(), *each, time_limit=long_ago()) for each in steps]
    found: list[UUID] = []
    cursor = None
    while True:
        page = ledger.entries(app_connection, Filter(outcome=Outcome.REFUSED), 3, cursor)
        found += [each.request_id for each in page.entries]
        cursor = page.next
        if cursor is None:
            break
    assert found == [each.request_id for each in reversed(written)]


def test_who_approved_is_found_by_name(app_connection: psycopg.Connection) -> None:
    asked = write(app_connection, request(), Event.WAITING)
    answer = Details(answered_by="lead@ads.example.com", note="quota is there")
    ledger.append(app_connection, asked, Event.ANSWERED, answer)
    write(app_connection, request(), Event.WAITING)
    assert [each.request_id for each in ledger.answered(app_connection, "Lead@ads.example.com")] == [asked.request_id]
    assert [each.request_id for each in ledger.answered(app_connection, asked.actor)] == [asked.request_id]
    assert ledger.answered(app_connection, "nobody") == ()
    assert listed(app_connection, text="quota") == [asked.request_id]
    assert listed(app_connection, text="lead@ads") == [asked.request_id]


@pytest.mark.parametrize(
    "query",
    [latest._LAST_CHANGES, latest._LAST_STARTED, latest._TYPICAL_SECONDS],
    ids=["changes", "started", "typical"],
)
def test_an_index_leads_to_what_began(owner_connection: psycopg.Connection, query: str) -> None:
    owner_connection.execute("SET enable_seqscan = off")  # which is the best way through a ledger as small as this
    values = {"action": "run", "resource": "purge-cache", "resources": ["purge-cache"], "per_resource": 3}
    plan = "\n".join(line for (line,) in owner_connection.execute(f"EXPLAIN {query}", values))
    assert "using ledger_started on ledger" in plan
    assert "Seq Scan on ledger" not in plan


def test_indexes_lead_to_what_was_answered(owner_connection: psycopg.Connection) -> None:
    owner_connection.execute("SET enable_seqscan = off; SET enable_sort = off")
    values = {"person": "lead@ads.example.com", "limit": 10}
    plan = "\n".join(line for (line,) in owner_connection.execute(f"EXPLAIN {latest._ANSWERED}", values))
    assert "using ledger_answered_to on ledger" in plan
    assert "using ledger_answered_by on ledger" in plan


def test_what_usually_takes_how_long_is_the_median_of_its_last_successes(
    owner_connection: psycopg.Connection,
) -> None:
    connection = owner_connection
    assert ledger.typical_seconds(connection, "run", "purge-cache") is None
    write(connection, run_of(), Event.STARTED, Event.FAILED)
    assert ledger.typical_seconds(connection, "run", "purge-cache") is None
    for _ in range(3):
        write(connection, run_of(), Event.STARTED, Event.SUCCEEDED)
    write(connection, run_of("rotate-logs"), Event.STARTED, Event.SUCCEEDED)
    seconds = ledger.typical_seconds(connection, "run", "purge-cache")
    durations = sorted(
        (entry.finished_at - entry.started_at).total_seconds()
        for entry in ledger.entries(connection, Filter(resource="purge-cache", outcome=Outcome.SUCCEEDED)).entries
        if entry.finished_at and entry.started_at
    )
    assert seconds == pytest.approx(durations[1])


def test_the_last_changes_of_a_pool_are_not_those_of_a_setting_of_its_name(app_connection: psycopg.Connection) -> None:
    scaled = write(app_connection, request(), Event.STARTED, Event.CHANGED)
    changed = write(app_connection, request(action="set"), Event.STARTED, Event.CHANGED)

    for action, expected in (("scale", scaled), ("set", changed)):
        (found,) = ledger.last_changes(app_connection, action, ["ads/bidder"], per_resource=5)["ads/bidder"]
        assert found.request_id == expected.request_id
    assert ledger.last_changes(app_connection, "run", ["ads/bidder"]) == {"ads/bidder": ()}


def test_a_detail_of_a_strange_kind_hides_itself_alone(owner_connection: psycopg.Connection) -> None:
    """No other record, and nothing else of its own, is lost to the readers over a row that came in past the guards."""
    owner_connection.execute("ALTER TABLE ops.ledger DROP CONSTRAINT ledger_details_check")
    asked = write(owner_connection, request(), Event.STARTED)
    owner_connection.execute(
        """
        SELECT ops.ledger_append(
            request_id, 'changed', actor, action, resource, dag_id, run_id, task_id, reason, NULL, %s) FROM ops.ledger
        """,
        ['{"requested": [1], "before": {}, "after": 9, "ready": "many", "seconds": [], "message": 3, "grant": false}'],
    )
    (entry,) = ledger.entries(owner_connection, Filter()).entries
    assert (entry.request_id, entry.after, entry.outcome) == (asked.request_id, 9, Outcome.RUNNING)
    assert (entry.before, entry.requested, entry.ready, entry.seconds, entry.message, entry.grant) == (None,) * 6

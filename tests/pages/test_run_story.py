"""What the page of a run tells of lost tasks and of ids used again: a real ledger, and an Airflow that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from ops_dashboard import ledger
from ops_dashboard.acts import Preview, approval_in_markdown
from ops_dashboard.database import connect_url
from ops_dashboard.ledger import Details, Event, Request
from ops_dashboard.web.app import create_app
from ops_dashboard.web.errors import Problem
from ops_dashboard.web.pages import runs
from ops_dashboard.web.pages.run_records import is_replay
from ops_operators.runs import refuse_replay
from ops_operators.verdicts import RefusedError
from tests.product.test_run_page import badge, is_live, words
from tests.support.ledger_records import request, soon
from tests.web.sample import Verdict, make_host
from tests.web.server import serve

RUN = "manual__1"
PATH = f"/ops/runs/ops_scale_workers/{RUN}"
RUN_PATH = f"/api/v2/dags/ops_scale_workers/dagRuns/{RUN}"


@dataclass
class Airflow:
    """Knows one run, in this state; none if it has forgotten it."""

    state: str | None = "running"
    before_answering: Callable[[], None] = lambda: None
    conf: Mapping[str, object] = field(default_factory=dict)
    answered: bool = False
    refusal: int = 404

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        if path == f"{RUN_PATH}/hitlDetails":
            return {"hitl_details": [self.asks]}
        assert (method, path, body) == ("GET", RUN_PATH, None)
        self.before_answering()
        if self.state is None:
            raise Problem(self.refusal, "Airflow did not accept this", "not found")
        return {
            "state": self.state,
            "triggering_user_name": "oncall@ads.example.com",
            "run_after": "2026-11-23T03:12:18Z",
            "conf": self.conf,
        }

    @property
    def asks(self) -> dict[str, Any]:
        """What the task has put before a second person."""
        task = {"dag_id": "ops_scale_workers", "dag_run_id": RUN, "task_id": "scale"}
        state = "scheduled" if self.answered else "awaiting_input"
        body = approval_in_markdown("leads", "sale", Preview((("scale ads/bidder", "25 → 33"),)))
        created = datetime.now(UTC).isoformat()
        answer = {"response_received": self.answered, "created_at": created}
        return {"task_instance": {**task, "state": state}, "body": body, **answer}


@pytest.fixture
def airflow() -> Airflow:
    return Airflow()


@pytest.fixture
def page(
    app_url: str, airflow: Airflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], str]]:
    """Gives the run's page as everybody may see it."""
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(tmp_path / "no pools"))

    def database() -> AbstractContextManager[psycopg.Connection]:
        return connect_url(app_url)

    host = replace(
        make_host(),
        database=database,
        airflow=lambda _request: airflow,
        authorise=lambda _request, actions: {action: Verdict(True, "") for action in actions},
    )
    outer = FastAPI()
    outer.mount("/ops", create_app([runs.router], host))
    with serve(outer) as address, httpx.Client(base_url=address, cookies={"user": "viewer"}) as client:

        def get() -> str:
            answer = client.get(PATH)
            assert answer.status_code == 200, answer.text
            return answer.text.partition("<main")[2]

        yield get


def record(connection: psycopg.Connection, *steps: tuple[Event, Details], **values: str) -> Request:
    asked = request(run_id=RUN, **values)
    for event, details in steps:
        ledger.append(connection, asked, event, details)
    connection.commit()
    return asked


def started(time_limit: timedelta) -> tuple[Event, Details]:
    return Event.STARTED, Details(before=25, requested=33, grant="ads-oncall → scale:ads/*", time_limit=time_limit)


CHANGED = (Event.CHANGED, Details(after=33))
LONG_AGO = timedelta(minutes=-1)
LOST_UNCHANGED = "The task was lost, and whether anything was changed is not known."
LOST_CHANGED = "The task was lost after the change to 33 had been made, so nobody watched what came of it."


@pytest.mark.parametrize("state", ["failed", "success"])
@pytest.mark.parametrize(("steps", "told"), [([], LOST_UNCHANGED), ([CHANGED], LOST_CHANGED)])
def test_a_run_that_airflow_has_ended_does_not_go_on(
    page: Callable[[], str],
    airflow: Airflow,
    app_connection: psycopg.Connection,
    state: str,
    steps: list[tuple[Event, Details]],
    told: str,
) -> None:
    """A killed task writes nothing; until its deadline the record alone would say that it runs."""
    record(app_connection, started(soon()), *steps)
    assert (badge(page()), is_live(page())) == ("Running", True)
    airflow.state = state
    html = page()
    assert (badge(html), is_live(html)) == ("Unknown", False)
    assert f"{told} Look at what is there before asking again." in words(html)
    assert "(now)" not in words(html)


@pytest.mark.parametrize("state", ["running", None])
@pytest.mark.parametrize(("steps", "told"), [([], LOST_UNCHANGED), ([CHANGED], LOST_CHANGED)])
def test_a_run_that_was_not_heard_of_until_its_deadline_tells_how_far_it_came(
    page: Callable[[], str],
    airflow: Airflow,
    app_connection: psycopg.Connection,
    state: str | None,
    steps: list[tuple[Event, Details]],
    told: str,
) -> None:
    record(app_connection, started(LONG_AGO), *steps)
    airflow.state = state
    html = page()
    assert (badge(html), is_live(html)) == ("Unknown", False)
    assert f"{told} Look at what is there before asking again." in words(html)


def waiting(time_limit: timedelta) -> tuple[Event, Details]:
    details = Details(before=25, requested=33, approver="leads", within=3600, time_limit=time_limit)
    return Event.WAITING, details


def test_a_run_that_waits_for_approval_says_for_whose_until_it_is_answered(
    page: Callable[[], str], airflow: Airflow, app_connection: psycopg.Connection
) -> None:
    asked = record(app_connection, waiting(soon()))
    html = page()
    assert (badge(html), is_live(html)) == ("Waiting for approval", True)
    assert "25 → to 33 Waiting for approval Somebody in leads has to approve it." in words(html)
    assert "Waiting for approval (now)" in words(html)
    airflow.answered = True
    assert (badge(page()), is_live(page())) == ("Waiting", True)
    assert "The task has begun" in words(page())
    ledger.append(app_connection, asked, Event.ANSWERED, Details(answered_by="lead@example.com", note="quota is there"))
    ledger.append(app_connection, asked, *started(soon()))
    ledger.append(app_connection, asked, *CHANGED)
    ledger.append(app_connection, asked, Event.SUCCEEDED, Details(after=33, ready=33, approved_by="lead@example.com"))
    app_connection.commit()
    html = page()
    assert (badge(html), is_live(html)) == ("Done", False)
    assert "Approved by lead@example.com: “quota is there” (done)" in words(html)


@pytest.mark.parametrize("status", [403, 504])
def test_a_run_that_waits_is_told_by_the_ledger_where_airflow_does_not(
    page: Callable[[], str], airflow: Airflow, app_connection: psycopg.Connection, status: int
) -> None:
    record(app_connection, waiting(soon()))
    airflow.state, airflow.refusal = None, status
    html = page()
    assert badge(html) == "Waiting for approval"
    assert "Somebody in leads has to approve it. Nothing is done until then." in words(html)


@pytest.mark.parametrize("state", ["failed", "success", "running", None])
def test_what_waited_in_vain_has_changed_nothing(
    page: Callable[[], str], airflow: Airflow, app_connection: psycopg.Connection, state: str | None
) -> None:
    """Its run is ended by hand or deleted, or Airflow does not go on with it after its time."""
    by_hand = state != "running"
    record(app_connection, waiting(soon() if by_hand else LONG_AGO))
    airflow.state = state
    html = page()
    assert (badge(html), is_live(html)) == ("Refused", False)
    why = (
        "It was ended in Airflow while it waited for approval; ask anew."
        if by_hand
        else "it was not approved and carried out in time"
    )
    assert f"Nothing was changed: {why}" in words(html)


def test_what_a_lost_task_changed_is_not_said_to_have_failed(
    page: Callable[[], str], airflow: Airflow, app_connection: psycopg.Connection
) -> None:
    record(app_connection, started(soon()), CHANGED)
    airflow.state = "failed"
    text = words(page())
    assert "Patched 25 → 33 (done)" in text
    assert "Readiness not known (failed)" in text
    assert "How many are ready is not known." in text
    assert "Set back to 25" in text


def test_a_run_that_ends_while_its_page_is_made_is_told_as_it_ended(
    page: Callable[[], str], airflow: Airflow, app_connection: psycopg.Connection
) -> None:
    asked = record(app_connection, started(soon()), CHANGED)

    def end() -> None:
        ledger.append(app_connection, asked, Event.SUCCEEDED, Details(after=33, ready=33))
        app_connection.commit()
        airflow.state = "success"

    airflow.before_answering = end
    html = page()
    assert (badge(html), is_live(html)) == ("Done", False)
    assert "33 of 33 ready" in words(html)


def refused(message: str | None) -> tuple[Event, Details]:
    return Event.REFUSED, Details(message=message)


REPLAY = f"run {RUN} was executed before; ask anew"


def test_an_id_that_was_used_again_tells_first_what_was_carried_out(
    page: Callable[[], str], airflow: Airflow, app_connection: psycopg.Connection
) -> None:
    record(app_connection, refused("replicas: 99 is not accepted"), actor="first@example.com")
    record(app_connection, started(soon()), CHANGED, (Event.SUCCEEDED, Details(after=33, ready=33)))
    record(app_connection, refused(REPLAY))
    airflow.state = "success"
    html = page()
    text = words(html)
    assert badge(html) == "Done"
    assert "Asked by oncall@ads.example.com" in text
    assert "refused, asked by first@example.com: replicas: 99 is not accepted" in text
    assert f"refused, asked by oncall@ads.example.com: {REPLAY}" in text
    assert "None" not in text


@pytest.mark.parametrize("replays", [0, 2])
def test_an_id_that_was_used_again_in_vain_tells_first_what_was_asked_last(
    page: Callable[[], str], airflow: Airflow, app_connection: psycopg.Connection, replays: int
) -> None:
    record(app_connection, refused(None), actor="first@example.com")
    record(app_connection, (Event.DENIED, Details(message="you are in no group that may")), actor="second@example.com")
    for _ in range(replays):
        record(app_connection, refused(REPLAY), actor="second@example.com")
    airflow.state = "failed"
    html = page()
    text = words(html)
    assert badge(html) == "Denied"
    assert "Asked by second@example.com" in text
    assert "refused, asked by first@example.com" in text
    assert text.count(REPLAY) == replays
    assert "None" not in text


def test_what_was_rejected_before_anybody_looked_tells_what_the_asker_saw(
    company: psycopg.Connection, airflow: Airflow, page: Callable[[], str]
) -> None:
    airflow.state = "failed"
    airflow.conf = {"pool": "ads/bidder", "replicas": 25, "expected": 8, "reason": "backlog"}
    record(company, (Event.REFUSED, Details(requested=25, message="admin@platform.example.com rejected it")))
    assert "8 → to 25" in words(page())


def test_a_replay_is_known_by_what_the_operator_says() -> None:
    run = SimpleNamespace(run_id=RUN, clear_number=1, run_after=None)
    with pytest.raises(RefusedError) as caught:
        refuse_replay({"dag_run": run, "ti": SimpleNamespace(try_number=1)})  # type: ignore[typeddict-item]
    assert is_replay(str(caught.value))
    assert not is_replay(f"run {RUN} has acted before; ask anew")

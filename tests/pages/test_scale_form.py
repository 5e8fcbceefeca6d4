"""What the scale form takes when it is sent: the database is real, Airflow and the cluster are not asked for more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from ops_dashboard.catalog import Limits
from ops_dashboard.database import connect_url
from ops_dashboard.web.app import create_app
from ops_dashboard.web.pages import runs
from ops_dashboard.web.pages.workers import form as scale
from ops_dashboard.web.request import User
from ops_dashboard.web.security import FormTokens
from ops_dashboard.workers import PoolState, PoolStatus
from ops_dashboard.workers.statuses import Statuses
from tests.support.company import ADS, grant, with_grants
from tests.web.sample import Verdict, make_host
from tests.web.server import serve

POOL = """
pools:
  ads/bidder:
    {connection: demo, namespace: ads, kind: Deployment, name: bidder, min: 2, max: 20, owner: Ads Serving}
"""
FORM = "/ops/workers/ads/bidder/scale"


@dataclass
class Airflow:
    """Takes every request, and remembers what was asked for."""

    asked_for: list[Mapping[str, object]] = field(default_factory=list)

    def call(self, method: str, _path: str, body: Mapping[str, object] | None = None) -> Any:
        if method == "POST" and body:
            self.asked_for.append(body)
        return {"is_paused": False}


@pytest.fixture
def airflow() -> Airflow:
    return Airflow()


@pytest.fixture
def cluster() -> dict[str, PoolStatus]:
    """What can be seen of the pools: nothing, unless a test puts it there."""
    return {}


@pytest.fixture
def client(
    company: psycopg.Connection,
    app_url: str,
    airflow: Airflow,
    cluster: dict[str, PoolStatus],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[httpx.Client]:
    """The on-call person of ads."""
    company.commit()
    (tmp_path / "pools.yaml").write_text(POOL)
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(tmp_path))
    seen = Statuses(cluster, ("no cluster here",), datetime.now(UTC))
    monkeypatch.setattr(scale, "status_reader", lambda: SimpleNamespace(read_beside=lambda *_, **__: seen))

    def database() -> AbstractContextManager[psycopg.Connection]:
        return connect_url(app_url)

    host = replace(
        make_host(),
        database=database,
        airflow=lambda _request: airflow,
        authorise=lambda _request, actions: {action: Verdict(True, "") for action in actions},
    )
    outer = FastAPI()
    outer.mount("/ops", create_app([scale.router, runs.router], host))
    with serve(outer) as address, httpx.Client(base_url=address, cookies={"user": ADS}) as client:
        yield client


@pytest.fixture
def send(client: httpx.Client) -> Callable[..., httpx.Response]:
    """Sends the form of ads/bidder."""
    token = FormTokens(make_host().secret).issue(User(ADS))

    def post(**values: str) -> httpx.Response:
        form = {"csrf_token": token, "replicas": "9", "reason": "backlog", **values}
        return client.post(FORM, data=form, headers={"Sec-Fetch-Site": "same-origin"})

    return post


@pytest.mark.parametrize(("sent", "expected"), [("6", 6), (" 6 ", 6), ("999999999", 999_999_999), ("", None)])
def test_the_count_that_was_seen_goes_with_the_request(
    send: Callable[..., httpx.Response], airflow: Airflow, sent: str, expected: int | None
) -> None:
    assert send(expected=sent).status_code == 303
    (asked,) = airflow.asked_for
    assert asked["conf"] == {"pool": "ads/bidder", "replicas": 9, "reason": "backlog", "expected": expected}


@pytest.mark.parametrize("sent", ["9999999999", "-6", "6.0", "six", "٦", "1e3", "0x6", "null"])
def test_a_count_that_nobody_can_have_seen_is_refused(
    send: Callable[..., httpx.Response], airflow: Airflow, sent: str
) -> None:
    """Without it the task would not notice that somebody else had changed the count meanwhile."""
    answer = send(expected=sent)
    assert answer.status_code == 422
    assert f"expected: {sent!r} is not accepted; accepted is the whole number" in unescape(answer.text)
    assert airflow.asked_for == []


BEYOND = "Anything beyond takes the approval of somebody in platform-admins."


@pytest.mark.parametrize(("approver", "status"), [("platform-admins", 303), (None, 422)])
def test_what_is_beyond_a_grant_is_asked_for_where_somebody_may_approve_it(
    client: httpx.Client,
    send: Callable[..., httpx.Response],
    company: psycopg.Connection,
    airflow: Airflow,
    cluster: dict[str, PoolStatus],
    approver: str | None,
    status: int,
) -> None:
    cluster["ads/bidder"] = PoolStatus("ads/bidder", 6, 6, PoolState.HEALTHY, None, datetime.now(UTC))
    with_grants(company, grant("ads-oncall", "scale:ads/*", limits=Limits(max_change=2), approver=approver))
    html = unescape(client.get(FORM).text)
    assert (BEYOND in html) is (approver is not None)
    assert ('data-outside="replicas" data-ranges="[[4, 8]]" data-button="Ask for approval"' in html) is (BEYOND in html)
    answer = send(expected="6", replicas="9")
    assert answer.status_code == status
    assert len(airflow.asked_for) == (1 if approver else 0)


@pytest.mark.parametrize(
    ("running", "limits", "hint"),
    [
        (6, [Limits(min=1, max=20)], "you may set 2 to 20."),
        (6, [Limits(max_change=3)], "you may set 3 to 9, changes of at most 3."),
        (12, [Limits(min=10, max=20), Limits(min=1, max=5)], "you may set 10 to 20."),
        (
            2,
            [Limits(min=10, max=20, max_change=2)],
            "leaves nothing to set from here: it allows 10 to 20, changes of at most 2.",
        ),
    ],
)
def test_the_field_is_bounded_by_the_pool_and_the_hint_by_a_grant(
    client: httpx.Client,
    company: psycopg.Connection,
    cluster: dict[str, PoolStatus],
    running: int,
    limits: list[Limits],
    hint: str,
) -> None:
    with_grants(company, *(grant("ads-oncall", "scale:ads/*", limits=each) for each in limits))
    cluster["ads/bidder"] = PoolStatus("ads/bidder", running, running, PoolState.HEALTHY, None, datetime.now(UTC))
    html = unescape(client.get(FORM).text)
    (field,) = re.findall(r'<input type="number"[^>]*>', html)
    assert f'value="{running}" min="2" max="20"' in " ".join(field.split())
    assert f"Running {running} now. " in html
    assert hint in html

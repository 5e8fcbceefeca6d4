"""What the scale form takes when it is sent: the database is real, Airflow and the cluster are not asked for more."""

from __future__ import annotations

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

from ops_dashboard.database import connect_url
from ops_dashboard.web.app import create_app
from ops_dashboard.web.pages import runs, scale
from ops_dashboard.web.request import User
from ops_dashboard.web.security import FormTokens
from ops_dashboard.workers.statuses import Statuses
from tests.company import ADS
from tests.web.sample import Verdict, make_host
from tests.web.server import serve

POOL = """
pools:
  ads/bidder:
    {connection: demo, namespace: ads, kind: Deployment, name: bidder, min: 2, max: 20, owner: Ads Serving}
"""


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
def send(
    company: psycopg.Connection, app_url: str, airflow: Airflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., httpx.Response]]:
    """Sends the form of ads/bidder as the on-call person of ads."""
    company.commit()
    (tmp_path / "pools.yaml").write_text(POOL)
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(tmp_path))
    unseen = Statuses({}, ("no cluster here",), datetime.now(UTC))
    monkeypatch.setattr(scale, "status_reader", lambda: SimpleNamespace(read_beside=lambda *_, **__: unseen))

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
    token = FormTokens(host.secret).issue(User(ADS))
    with serve(outer) as address, httpx.Client(base_url=address, cookies={"user": ADS}) as client:

        def post(**values: str) -> httpx.Response:
            form = {"csrf_token": token, "replicas": "9", "reason": "backlog", **values}
            return client.post("/ops/workers/ads/bidder/scale", data=form, headers={"Sec-Fetch-Site": "same-origin"})

        yield post


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

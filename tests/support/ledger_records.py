"""Requests and their steps, as the tests of the ledger write them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg

from ops_dashboard import ledger
from ops_dashboard.ledger import Details, Event, Filter, Request

_numbers = itertools.count(1)


def request(**values: str) -> Request:
    """A request of a run of its own, unless told otherwise."""
    number = next(_numbers)
    usual = Request(
        request_id=uuid4(),
        actor="oncall@ads.example.com",
        action="scale",
        resource="ads/bidder",
        dag_id="ops_scale_workers",
        run_id=f"run-{number}",
        task_id="scale",
        reason="Backlog at 40 k, INC-2214",
    )
    return replace(usual, **values)  # type: ignore[arg-type]


def soon() -> timedelta:
    return timedelta(minutes=5)


def long_ago() -> timedelta:
    return timedelta(minutes=-5)


def write(
    connection: psycopg.Connection, asked: Request, *steps: Event, time_limit: timedelta | None = None
) -> Request:
    """Append the steps and commit."""
    for step in steps:
        ledger.append(connection, asked, step, Details(time_limit=time_limit or soon()))
    connection.commit()
    return asked


def listed(connection: psycopg.Connection, **wanted: object) -> list[UUID]:
    return [entry.request_id for entry in ledger.entries(connection, Filter(**wanted)).entries]  # type: ignore[arg-type]


def at_once(jobs: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

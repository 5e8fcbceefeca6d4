"""Ask the running product for something it should not do, and tell what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.client import Client
from tests.attacks.table import TOLD
from tests.product.over_rest import records

REPEAT = "ops_run_repeat"
Happened = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the product said to a request.

    Attributes:
        at_the_door: What Airflow answered if it did not even take the request; "" if there was a run.
        record: The one record of the run.
    """

    at_the_door: str = ""
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """How it ended."""
        return "not accepted" if self.at_the_door else str(self.record["outcome"])

    @property
    def result(self) -> Any:
        """What the script gave back."""
        return json.loads(self.record["after"])

    def __str__(self) -> str:
        if self.at_the_door:
            return f"not accepted: {self.at_the_door}"
        return f"{self.outcome}, on record: {self.record['message'] or self.record['after']}"[:300]

    def assert_nothing_ran(self) -> None:
        """Refused before anything was started, on record if there was a run."""
        if not self.at_the_door:
            assert (self.outcome in {"refused", "denied"}, self.record["started_at"]) == (True, None), self.record


def ask(client: Client, dag_id: str, conf: dict[str, Any], **fields: Any) -> Answer:
    """Trigger a run as a program would, and wait for its end."""
    return ask_in_json(client, dag_id, json.dumps({"logical_date": None, "conf": conf, **fields}))


def ask_in_json(client: Client, dag_id: str, body: str) -> Answer:
    """Send text that no JSON library would write."""
    answer = client.http.post(
        f"/api/v2/dags/{dag_id}/dagRuns", content=body.encode(), headers={"Content-Type": "application/json"}
    )
    if answer.is_client_error:
        return Answer(at_the_door=told(answer))
    answer.raise_for_status()
    run_id = answer.json()["dag_run_id"]
    client.wait_for_run(dag_id, run_id)
    (record,) = records(client, run_id)
    return Answer(record=record)


def told(answer: httpx.Response) -> str:
    """An answer in one line."""
    return f"{answer.status_code} {' '.join(answer.text.split())[:150]}"


@pytest.fixture
def happened(record_property: Callable[[str, object], None]) -> Happened:
    """Takes down what the product answered."""
    return lambda text: record_property(TOLD, text)


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    """A file that appears if something typed was executed."""
    path = tmp_path / "canary"
    yield path
    assert not path.exists(), "what was typed was executed"

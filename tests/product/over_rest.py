"""What a person sees of the running product by its JSON."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from demo.client import Client
from tests.support.running_stack import SCALE_DAG

RUNS = f"/api/v2/dags/{SCALE_DAG}/dagRuns"


def desired(client: Client, pool: str) -> int:
    """The count that the cluster has."""
    pools = client.get("/ops/api/v1/pools")["pools"]
    return next(int(found["desired"]) for found in pools if found["pool"] == pool)


def records(client: Client, run_id: str) -> list[dict[str, Any]]:
    return list(client.get("/ops/api/v1/ledger", run_id=run_id)["entries"])


def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)

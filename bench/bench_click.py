"""From a person's click to the patched cluster, beside the same installation's no-op one-task DAG.

Both are asked for by a POST, in turn, on one running demo stack, so that the machine's noise hits both alike:

- act: POST of the scale form -> the cluster says the new count
- no-op: POST to Airflow's REST API -> the code of its one task runs

CLICKS=n chooses how many of each (default 30). The last line is `ratio <x>`, the quotient of the medians.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from demo import warmup
from demo.browserless import Form
from demo.client import Client
from demo.environment import REPOSITORY
from demo.stack import Stack
from demo.temporary import temporary_stack
from ops_dashboard.catalog import Pool, load_catalog
from ops_dashboard.workers.kubernetes import for_connection

_USER = "oncall@ads.example.com"
_POOL = "ads/bidder"
_COUNTS = (7, 8)
_POLL_SECONDS = 0.005
_GIVE_UP_SECONDS = 60.0


def main() -> int:
    """Measure and print."""
    clicks = int(os.environ.get("CLICKS", "30"))
    with (
        tempfile.TemporaryDirectory(prefix="ops-bench-") as folder,
        temporary_stack(extra_environment=_environment(Path(folder))) as stack,
    ):
        warmup.visit_pages(stack)
        os.environ.update(stack.environment)
        acts, noops = _measure(stack, Path(folder), clicks)
    _print("act", acts)
    _print("no-op", noops)
    print(f"ratio {statistics.median(acts) / statistics.median(noops):.2f}")
    return 0


def _measure(stack: Stack, notes: Path, clicks: int) -> tuple[list[float], list[float]]:
    pool = load_catalog(REPOSITORY / "dags" / "catalog").pool(_POOL)
    acts: list[float] = []
    noops: list[float] = []
    with Client(stack.url, _USER) as client, Client(stack.url, "admin@platform.example.com") as admin:
        for number in range(clicks + 1):
            act = _time_act(client, pool, _COUNTS[number % 2])
            noop = _time_noop(admin, pool, notes)
            if number:  # the first of each warms up
                acts.append(act)
                noops.append(noop)
            print(f"  {number:3d}  act {act:6.3f} s  no-op {noop:6.3f} s", flush=True)
    return acts, noops


def _time_act(client: Client, pool: Pool, count: int) -> float:
    cluster = for_connection(pool.connection)
    cluster.read(pool)  # imports and connects before the clock runs
    form = Form.read(client, f"/ops/workers/{pool.name}/scale")
    begun = time.time()
    run_path = form.post(replicas=str(count), reason="benchmark")
    seconds = _wait(lambda: cluster.read(pool).replicas == count) - begun
    client.wait_for_run("ops_scale_workers", run_path.rsplit("/", 1)[1])
    return seconds


def _time_noop(client: Client, pool: Pool, notes: Path) -> float:
    cluster = for_connection(pool.connection)
    note = notes / f"noop__{uuid4()}"

    def ran() -> bool:
        cluster.read(pool)  # the same load on the machine as while an act is awaited
        return note.exists()

    begun = time.time()
    client.trigger("bench_noop", {}, note.name)
    _wait(ran)
    seconds = float(note.read_text()) - begun
    client.wait_for_run("bench_noop", note.name)
    return seconds


def _wait(condition: Callable[[], bool]) -> float:
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing happened within {_GIVE_UP_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)
    return time.time()


def _environment(notes: Path) -> dict[str, str]:
    folders = {"product": REPOSITORY / "dags", "bench": REPOSITORY / "bench" / "dags"}
    bundles = [
        {
            "name": name,
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(path)},
        }
        for name, path in folders.items()
    ]
    return {
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
        "OPS_BENCH_FOLDER": str(notes),
    }


def _print(name: str, seconds: list[float]) -> None:
    p95 = statistics.quantiles(seconds, n=20)[18]
    print(f"{name:>6}: median {statistics.median(seconds):.3f} s, p95 {p95:.3f} s, of {len(seconds)}")


if __name__ == "__main__":
    sys.exit(main())

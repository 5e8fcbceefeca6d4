"""From a person's click to the patched cluster, beside the same installation's no-op one-task DAG.

Both are asked for by a POST, in turn, on one running demo stack, so that the machine's noise hits both alike:

- act: POST of the scale form -> the cluster is patched, and the ledger says so
- no-op: POST to Airflow's REST API -> the code of its one task runs

Both are told by what the tasks themselves put down, so nothing that watches them slows them.

CLICKS=n chooses how many of each (default 30). The last line is `ratio <x>`, the quotient of the medians.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from demo import warmup
from demo.browserless import Form
from demo.client import Client
from demo.environment import REPOSITORY
from demo.stack import Stack
from demo.temporary import temporary_stack
from ops_dashboard.acts import SCALE_DAG_ID
from ops_dashboard.catalog import Pool, load_catalog
from ops_dashboard.workers.kubernetes import for_connection

_USER = "oncall@ads.example.com"
_POOL = "ads/bidder"
_COUNTS = (7, 8)
_MOMENT_SECONDS = 0.5


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
            noop = _time_noop(admin, notes)
            if number:  # the first of each warms up
                acts.append(act)
                noops.append(noop)
            print(f"  {number:3d}  act {act:6.3f} s  no-op {noop:6.3f} s", flush=True)
    return acts, noops


def _time_act(client: Client, pool: Pool, count: int) -> float:
    form = Form.read(client, f"/ops/workers/{pool.name}/scale")
    _any_moment()
    begun = time.time()
    run_id = form.post(replicas=str(count), reason="benchmark").rsplit("/", 1)[1]
    if client.wait_for_run(SCALE_DAG_ID, run_id) != "success":
        raise RuntimeError(f"run {run_id} failed")
    if (replicas := for_connection(pool.connection).read(pool).replicas) != count:
        raise RuntimeError(f"the cluster has {replicas} workers in place of {count}")
    entry = client.get("/ops/api/v1/ledger", run_id=run_id)["entries"][0]
    return datetime.fromisoformat(entry["changed_at"]).timestamp() - begun


def _time_noop(client: Client, notes: Path) -> float:
    note = notes / f"noop__{uuid4()}"
    _any_moment()
    begun = time.time()
    client.trigger("bench_noop", {}, note.name)
    client.wait_for_run("bench_noop", note.name)
    return float(note.read_text()) - begun


def _any_moment() -> None:
    """Wait for a while: what follows the end of a run at once meets the scheduler's loop always in the same place."""
    time.sleep(random.uniform(0, _MOMENT_SECONDS))


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

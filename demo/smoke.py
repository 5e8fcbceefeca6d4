"""`make smoke`: the product's main job, done over the real API as its users, on a stack of its own."""

from __future__ import annotations

import sys
from typing import Any

import httpx

from demo.client import Client
from demo.temporary import temporary_stack
from ops_dashboard.acts import SCALE_DAG_ID

_POOL = "ads/bidder"


def main() -> int:
    """Run the story; the exit code is 0 if every step was as it must be."""
    try:
        with temporary_stack() as stack:
            scale_as_the_teams_own_on_call(stack.url)
            be_denied_as_another_teams_on_call(stack.url)
    except (AssertionError, RuntimeError, TimeoutError, httpx.HTTPError) as problem:
        print(f"smoke: FAILED: {problem}", file=sys.stderr)
        return 1
    print("smoke: good")
    return 0


def scale_as_the_teams_own_on_call(url: str) -> None:
    """6 -> 9 by the ads on-call: the cluster shows 9, the ledger 6, 9 and 9 with the run's id."""
    with Client(url, "oncall@ads.example.com") as client:
        _expect("desired before", _desired(client), 6)
        run_id = client.trigger(SCALE_DAG_ID, {"pool": _POOL, "replicas": 9, "reason": "smoke test"})
        _expect("state of the run", client.wait_for_run(SCALE_DAG_ID, run_id), "success")
        entry = _ledger_entry(client, run_id)
        for key, value in {"outcome": "succeeded", "before": 6, "requested": 9, "after": 9}.items():
            _expect(f"{key} in the ledger", entry[key], value)
        _expect("desired after", _desired(client), 9)


def be_denied_as_another_teams_on_call(url: str) -> None:
    """The same by the search on-call: denied, on record, the cluster unchanged."""
    with Client(url, "oncall@search.example.com") as client:
        run_id = client.trigger(SCALE_DAG_ID, {"pool": _POOL, "replicas": 12, "reason": "smoke test"})
        _expect("state of the run", client.wait_for_run(SCALE_DAG_ID, run_id), "failed")
        entry = _ledger_entry(client, run_id)
        _expect("outcome in the ledger", entry["outcome"], "denied")
        _expect("actor in the ledger", entry["actor"], client.email)
        _expect("desired after", _desired(client), 9)


def _desired(client: Client) -> int:
    pools = client.get("/ops/api/v1/pools")["pools"]
    return next(int(pool["desired"]) for pool in pools if pool["pool"] == _POOL)


def _ledger_entry(client: Client, run_id: str) -> dict[str, Any]:
    entries: list[dict[str, Any]] = client.get("/ops/api/v1/ledger", run_id=run_id)["entries"]
    _expect("number of ledger entries of the run", len(entries), 1)
    return entries[0]


def _expect(what: str, seen: object, wanted: object) -> None:
    if seen != wanted:
        raise AssertionError(f"{what} is {seen!r}, must be {wanted!r}")
    print(f"  {what}: {seen}")


if __name__ == "__main__":
    sys.exit(main())

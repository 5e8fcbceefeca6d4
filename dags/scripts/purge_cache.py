"""Purge the cache of a region. A demonstration: the cache is a folder of this run, filled first and then emptied."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

KEYS = [f"{kind}:{number}" for kind in ("ads", "query", "user") for number in range(200)]
AT_ONCE = 100


def main() -> None:
    """Fill, select, empty."""
    asked = json.load(sys.stdin)
    cache = _filled(Path("cache") / asked["region"])
    chosen = [key for key in KEYS if key.startswith(asked["prefix"] or "")]
    print(f"region {asked['region']}: {len(chosen)} of {len(KEYS)} keys will go")
    for start in range(0, len(chosen), AT_ONCE):
        for key in chosen[start : start + AT_ONCE]:
            (cache / key).unlink()
        time.sleep(0.5)
        gone = min(start + AT_ONCE, len(chosen))
        print(f"ops-progress {gone}/{len(chosen)} {gone} keys gone")
    left = sum(1 for _ in cache.iterdir())
    print(f"{left} keys are left")
    result = {"region": asked["region"], "purged": len(chosen), "left": left}
    Path(os.environ["OPS_RESULT"]).write_text(json.dumps(result), encoding="utf-8")


def _filled(cache: Path) -> Path:
    cache.mkdir(parents=True)
    for key in KEYS:
        (cache / key).touch()
    return cache


if __name__ == "__main__":
    main()

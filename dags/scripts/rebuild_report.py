"""Rebuild one day of a report. A demonstration: the events are invented, and the report is written to its own folder.

A script reads its parameters as JSON from its standard input. Lines `ops-progress 3/10 words` move the bar of the run's
page, all others are its log, and what it writes as JSON to the file that OPS_RESULT names is its result.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from datetime import date, timedelta
from pathlib import Path

STEPS = 10
SECONDS_PER_STEP = 0.75


def main() -> None:
    """Read, count, write."""
    asked = json.load(sys.stdin)
    last = date.fromisoformat(asked["day"])
    days = [last - timedelta(days=back) for back in range(asked["depth"])]
    print(f"rebuilding {asked['report']} of {last} from the events of {len(days)} days")
    rows = sum(_events_of(asked["report"], days, step) for step in range(1, STEPS + 1))
    file = _write(asked, rows)
    print(f"wrote {rows} rows, {file.stat().st_size} bytes, to {file.name}")
    result = {"report": asked["report"], "day": asked["day"], "rows": rows}
    Path(os.environ["OPS_RESULT"]).write_text(json.dumps(result), encoding="utf-8")


def _events_of(report: str, days: list[date], step: int) -> int:
    events = random.Random(f"{report} {days[0]} {step}").randint(4_000, 9_000) * len(days)  # noqa: S311 - invented
    time.sleep(SECONDS_PER_STEP)
    print(f"part {step}: {events} events")
    print(f"ops-progress {step}/{STEPS} part {step} of {STEPS} counted")
    return events


def _write(asked: dict[str, object], rows: int) -> Path:
    file = Path(f"{asked['report']}-{asked['day']}.txt")
    lines = [f"{asked['report']} on {asked['day']}", f"rows: {rows}", str(asked["comment"] or "")]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


if __name__ == "__main__":
    main()

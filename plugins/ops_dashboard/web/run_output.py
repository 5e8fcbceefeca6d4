"""What a running operation says, read from Airflow's log of its task."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops_dashboard.operations import OUTPUT_MARK
from ops_dashboard.text import shorten
from ops_dashboard.web.dag_runs import run_path

if TYPE_CHECKING:
    from ops_dashboard.web.request import AirflowApi

MOST_LINES = 300
_LONGEST_LINE = 500
_PROGRESS = re.compile(r"ops-progress (?P<percent>\d{1,3}(?:\.\d+)?)(?: (?P<words>.*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it says it is."""

    percent: float
    words: str


@dataclass(frozen=True, slots=True)
class Output:
    """The end of what was said so far.

    Attributes:
        lines: The last ones, as many as a page shows.
        earlier: How many there are before them.
        progress: The latest that it told; None if it tells none.
    """

    lines: tuple[str, ...]
    earlier: int
    progress: Progress | None


def read_output(airflow: AirflowApi, dag_id: str, run_id: str, task_id: str) -> Output:
    """Read what the task has said.

    Raises:
        Problem: There is no such run, or the person may not see it.
    """
    path = f"{run_path(dag_id, run_id)}/taskInstances/{task_id}/logs/1?full_content=true"
    return output_of(airflow.call("GET", path)["content"])


def output_of(content: Sequence[Any]) -> Output:
    """Pick, from a log's records, what the operation said and how far it was."""
    said = [str(each.get("event", "")) for each in content if isinstance(each, dict) and _is_output(each)]
    told = [found for line in said if (found := _PROGRESS.fullmatch(line))]
    lines = [shorten(line, _LONGEST_LINE) for line in said if not _PROGRESS.fullmatch(line)]
    progress = Progress(min(float(told[-1]["percent"]), 100.0), told[-1]["words"] or "") if told else None
    return Output(tuple(lines[-MOST_LINES:]), max(0, len(lines) - MOST_LINES), progress)


def _is_output(record: dict[str, Any]) -> bool:
    return record.get(OUTPUT_MARK) is True

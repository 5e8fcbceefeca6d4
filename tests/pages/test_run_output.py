"""What the run's page takes from Airflow's log of a task: what the operation said, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from ops_dashboard.operations import OUTPUT_MARK
from ops_dashboard.web.run_output import MOST_LINES, Progress, output_of


def said(*lines: object) -> list[dict[str, Any]]:
    return [{"event": line, OUTPUT_MARK: True} for line in lines]


def test_only_what_is_marked_counts() -> None:
    others: list[Any] = [
        "a bare line",
        {"event": "Pre task execution logs"},
        {"event": "forged", OUTPUT_MARK: "true"},
        {"event": "forged", OUTPUT_MARK: 1},
        {OUTPUT_MARK: False, "event": "not said"},
    ]
    found = output_of([*others, *said("one", "two"), *others])
    assert (found.lines, found.earlier, found.progress) == (("one", "two"), 0, None)


@pytest.mark.parametrize(
    ("line", "progress"),
    [
        ("ops-progress 25.0 a quarter", Progress(25.0, "a quarter")),
        ("ops-progress 100.0 ", Progress(100.0, "")),
        ("ops-progress 7", Progress(7.0, "")),
        ("ops-progress 999 too much", Progress(100.0, "too much")),
        ("ops-progress ٣ other digits", None),
        ("ops-progress -1 back", None),
        ("ops-progress 1e2 x", None),
        (" ops-progress 25.0 not at the beginning", None),
        ("ops-progress", None),
    ],
)
def test_progress_is_no_line_and_anything_like_it_is_one(line: str, progress: Progress | None) -> None:
    found = output_of(said("one", line))
    assert found.progress == progress
    assert found.lines == (("one",) if progress else ("one", line.strip() if line[0] != " " else line))


def test_the_latest_progress_counts() -> None:
    assert output_of(said("ops-progress 20.0 a", "x", "ops-progress 10.0 b")).progress == Progress(10.0, "b")


def test_the_last_lines_are_shown_and_the_others_counted() -> None:
    found = output_of(said(*map(str, range(MOST_LINES + 7))))
    assert (len(found.lines), found.lines[0], found.earlier) == (MOST_LINES, "7", 7)


def test_a_long_line_is_cut() -> None:
    (line,) = output_of(said("x" * 5000)).lines
    assert len(line) < 600


@pytest.mark.parametrize("event", [None, 7, {"a": 1}, ["x"]])
def test_what_is_no_text_breaks_nothing(event: object) -> None:
    assert len(output_of(said(event)).lines) == 1


def test_a_log_without_anything_said() -> None:
    assert output_of([]).lines == ()

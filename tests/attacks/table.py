"""Attacks are tests; `make attack` prints them as a table of what was tried and what came of it.

A test that attacks is marked `attack("CVE-…", then="…")`: the advisories it repeats, and what its assertions prove.
Where the product's answer differs from case to case, the test tells it by the fixture `happened`. An attack has
succeeded if its test fails, or could not be carried out.
"""

from __future__ import annotations

import textwrap
from collections.abc import Generator
from dataclasses import dataclass

import pytest

HEADER = ("verdict", "attack", "input", "what happened")
WIDTHS = (9, 44, 40, 60)
TOLD = "happened"
"""By which name a test's properties hold what the product answered."""


@dataclass(frozen=True, slots=True)
class Row:
    """One attack and what came of it."""

    attack: str
    given: str
    happened: str
    held: bool

    def lines(self) -> str:
        """The row as text, each cell wrapped to its column."""
        cells = ("held" if self.held else "SUCCEEDED", self.attack, self.given, self.happened)
        wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS, strict=True)]
        height = max(map(len, wrapped))
        columns = [lines + [""] * (height - len(lines)) for lines in wrapped]
        return "\n".join(_joined(line) for line in zip(*columns, strict=True))


class AttackTable:
    """A pytest plugin that prints the table instead of pytest's own report."""

    def __init__(self) -> None:
        self.tried = 0
        self.succeeded = 0

    def pytest_collection_finish(self) -> None:
        """Print the head of the table."""
        print(_joined(HEADER), _joined(tuple("-" * width for width in WIDTHS)), sep="\n", flush=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Print the row of an attack as soon as it is over."""
        report = yield
        is_over = report.when == "call" or (report.when in {"setup", "teardown"} and not report.passed)
        if is_over:
            self._add(_row(item, report, call))
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count attacks that can't even be read as what they would be if nobody noticed: successful."""
        if report.failed:
            self._add(Row("the attacks of a module", report.nodeid, _last_line(str(report.longrepr)), held=False))

    def _add(self, row: Row) -> None:
        self.tried += 1
        self.succeeded += not row.held
        print(row.lines(), flush=True)


def _row(item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[None]) -> Row:
    mark = item.get_closest_marker("attack")
    assert mark is not None
    name, _, case = item.name.removeprefix("test_").partition("[")
    attack = " ".join((name.replace("_", " "), *(f"({source})" for source in mark.args)))
    told = [str(text) for key, text in item.user_properties if key == TOLD]
    if report.passed:
        return Row(attack, case.removesuffix("]"), "; ".join(told) or mark.kwargs["then"], held=True)
    why = call.excinfo.exconly() if call.excinfo else str(report.longrepr)
    return Row(attack, case.removesuffix("]"), _last_line(why), held=False)


def _joined(cells: tuple[str, ...]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "no reason is known")

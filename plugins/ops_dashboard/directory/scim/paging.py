"""Read a whole SCIM list page by page, and know that it is whole.

Pages are counted by index, and each is a search of its own (RFC 7644, 3.4.2.4): if somebody is deleted while they are
read, all who follow move up by one, and one of them is on no page. The total does not tell, if somebody was added in
the meantime. So a list on several pages is read until two readings in a row brought the same ids, as many as
`totalResults` says: since no id is given twice (RFC 7643, 3.1), these are exactly the entries that there were between
the two.

A server may give fewer entries a page than it was asked for. What it says about `itemsPerPage` proves nothing: many
repeat what they were asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ops_dashboard.directory.http import JsonServer, ServerError
from ops_dashboard.text import shown

_PAGE_SIZE = 100
_READINGS = 3
# A page, its resources, one of them, an attribute's values, one of them: sub-attributes have none (RFC 7643, 2.3.8).
_DEPTH = 5

Resource = Mapping[str, Any]
"""What SCIM says about one user or group, the names of all attributes in lower case."""


@dataclass(frozen=True, slots=True)
class Resources:
    """A list, or what could be read of it.

    Attributes:
        entries: Each id once.
        proof: How it is known that nothing is missing; None if it is not.
        problem: Why it is not.
    """

    entries: tuple[Resource, ...]
    proof: str | None
    problem: str | None = None


def read_all(server: JsonServer, path: str, query: Mapping[str, str] = MappingProxyType({})) -> Resources:
    """Return what a path lists.

    Raises:
        ServerError: Not even the first page could be read.
    """
    readings: list[_Reading] = []
    for _ in range(_READINGS):
        readings.append(_Reading(path))
        readings[-1].read(server, query)
        if proof := _proof(readings):
            return Resources(tuple(readings[-1].found.values()), proof)
        if readings[-1].error:
            break
    if readings[0].error and not readings[0].pages:
        raise readings[0].error
    most = max(readings, key=lambda reading: len(reading.found))
    problem = readings[-1].problem or f"{path}: each reading brought other entries"
    return Resources(tuple(most.found.values()), proof=None, problem=problem)


def folded(value: Any, depth: int = _DEPTH) -> Any:  # noqa: ANN401 - JSON
    """Return JSON with the names of all attributes in lower case, since theirs does not matter (RFC 7643, 2.1)."""
    if isinstance(value, dict) and depth:
        return {key.lower(): folded(each, depth - 1) for key, each in value.items()}
    if isinstance(value, list) and depth:
        return [folded(each, depth - 1) for each in value]
    return value


class _Reading:
    """All pages once, from the first."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._received = 0
        self._nameless = 0
        self._totals: list[object] = []
        self._brought_new = True
        self.found: dict[str, Resource] = {}
        self.pages = 0
        self.error: ServerError | None = None

    def read(self, server: JsonServer, query: Mapping[str, str]) -> None:
        try:
            while self._may_have_more:
                paging = {"startIndex": str(self._received + 1), "count": str(_PAGE_SIZE)}
                self._add(folded(server.get(self.path, {**query, **paging})))
        except ServerError as error:
            self.error = error

    @property
    def problem(self) -> str | None:
        """Why these can't be all, as far as this reading tells."""
        if self.error:
            return str(self.error)
        totals = [_whole_number(total) for total in self._totals]
        if None in totals:
            odd = self._totals[totals.index(None)]
            return f"{self.path}: totalResults is {shown(odd)}, expected a whole number"
        if changed := [total for total in totals if total != totals[0]]:
            return f"{self.path}: totalResults changed from {totals[0]} to {changed[0]} while it was read"
        if self._nameless:
            return f"{self.path}: {self._nameless} of {self._received} entries have no id"
        if len(self.found) != totals[-1]:
            end = "" if self._brought_new else ", the last without a new one"
            found = f"{len(self.found)} different ids on {self.pages} pages{end}"
            return f"{self.path}: {found}, but totalResults is {totals[-1]}"
        return None

    @property
    def _may_have_more(self) -> bool:
        if not self._totals:
            return True
        total = _whole_number(self._totals[-1])
        return self._brought_new and (total is None or self._received < total)

    def _add(self, page: Resource) -> None:
        self.pages += 1
        entries = page.get("resources")
        entries = entries if isinstance(entries, list) else []
        identified = {key: entry for entry in entries if (key := _id(entry))}
        self._brought_new = not identified.keys() <= self.found.keys()
        self._received += len(entries)
        self._nameless += sum(_id(entry) is None for entry in entries)
        self.found |= identified
        self._totals.append(page.get("totalresults"))


def _proof(readings: list[_Reading]) -> str | None:
    *before, last = readings
    if last.problem is not None:
        return None
    counted = f"{len(last.found)} entries, as many as totalResults says"
    if last.pages == 1:
        return f"{last.path}: {counted}, on one page"
    if before and before[-1].found.keys() == last.found.keys():
        return f"{last.path}: {counted}, on {last.pages} pages, the same when read again"
    return None


def _id(entry: object) -> str | None:
    value = entry.get("id") if isinstance(entry, dict) else None
    return value if isinstance(value, str) and value else None


def _whole_number(value: object) -> int | None:
    """A number of zero or more, which some servers write in quotes."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

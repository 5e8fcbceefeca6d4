"""Lists that come in pages, each with a token for the next one but the last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from ops_dashboard.directory.google.answers import Entry
from ops_dashboard.directory.http import ServerError
from ops_dashboard.text import shown

EntryT = TypeVar("EntryT", bound=Entry)

_Get = Callable[[Mapping[str, str]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class PagedList(Generic[EntryT]):
    """What could be read of a list.

    Attributes:
        entries: In their order; the server may repeat some.
        pages: How many pages were read.
        problem: Why something may be missing, None if nothing is.
    """

    entries: tuple[EntryT, ...]
    pages: int
    problem: str | None


def read_pages(get: _Get, key: str, model: type[EntryT], at_most: int) -> PagedList[EntryT]:
    """Read page after page, until one has no token.

    Args:
        get: Returns the page for some parameters.
        key: Under which a page has its entries; one without entries has no such key.
        model: What an entry is.
        at_most: How many entries there may be on a page.

    Raises:
        ServerError: There is not even a first page.
    """
    # A mask without the token would make every first page look like the last.
    mask = f"nextPageToken,{key}({model.MASK})"
    entries: list[EntryT] = []
    problems: list[str] = []
    pages = 0
    for page in _pages(get, {"maxResults": str(at_most), "fields": mask}, problems):
        pages += 1
        entries += _entries(page, key, model, problems)
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return PagedList(tuple(entries), pages, f"{problems[0]}{more}" if problems else None)


def _pages(get: _Get, params: Mapping[str, str], problems: list[str]) -> Iterator[Mapping[str, Any]]:
    tokens: set[str] = set()
    token = ""
    while True:
        try:
            page = get({**params, "pageToken": token} if token else params)
        except ServerError as error:
            if not tokens:
                raise
            problems.append(f"a page is missing: {error}")
            return
        yield page
        token = page.get("nextPageToken", "")
        if not token:
            return
        if not isinstance(token, str) or token in tokens:
            problems.append(f"nextPageToken: got {shown(token)}, expected a token that no other page had")
            return
        tokens.add(token)


def _entries(page: Mapping[str, Any], key: str, model: type[EntryT], problems: list[str]) -> list[EntryT]:
    listed = page.get(key, [])
    if not isinstance(listed, list):
        problems.append(f"{key}: got no list")
        return []
    entries: list[EntryT] = []
    for raw in listed:
        try:
            entries.append(model.model_validate(raw))
        except ValidationError as error:
            mistake = error.errors()[0]
            field = ".".join(map(str, (key, *mistake["loc"])))
            # Without the value: everybody may read it, and it may name a person.
            problems.append(f"{field}: {mistake['msg']}")
    return entries

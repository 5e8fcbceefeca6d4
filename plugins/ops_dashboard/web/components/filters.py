"""Filters. They live in the URL: each control reads its value from the query, none needs JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops_dashboard.web.components.base import Component, Node


@dataclass(frozen=True, slots=True)
class Search(Component):
    """A search box; what was typed arrives as query parameter `name`. The browser offers the `suggestions`."""

    name: str
    label: str
    suggestions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Select(Component):
    """A choice of one: `(value, label)` pairs, the first with value "" for no filter."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Chip:
    """One choice of `Chips`, with how many entries it would show."""

    value: str
    label: str
    count: int | None = None


@dataclass(frozen=True, slots=True, init=False)
class Chips(Component):
    """A choice of one, all visible, each a link; `Chip("", "All")` stands for no filter."""

    name: str
    label: str
    chips: tuple[Chip, ...]

    def __init__(self, name: str, label: str, *chips: Chip) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "chips", chips)


@dataclass(frozen=True, slots=True, init=False)
class Toolbar(Component):
    """The filters of a page in one line, with an `aside` at its end (how old the data is, a download)."""

    controls: tuple[Component, ...]
    aside: Node

    def __init__(self, *controls: Component, aside: Node = None) -> None:
        object.__setattr__(self, "controls", controls)
        object.__setattr__(self, "aside", aside)

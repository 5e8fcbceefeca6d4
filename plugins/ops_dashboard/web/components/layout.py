"""How things stand beside each other: panels, columns, facts, rows of buttons."""

from __future__ import annotations

from dataclasses import dataclass

from ops_dashboard.web.components.base import Component, Node


@dataclass(frozen=True, slots=True, init=False)
class Panel(Component):
    """A framed box. `flush` drops the inner margin, for tables."""

    children: tuple[Node, ...]
    flush: bool

    def __init__(self, *children: Node, flush: bool = False) -> None:
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "flush", flush)


@dataclass(frozen=True, slots=True)
class Columns(Component):
    """A wide column and a narrow one beside it, below each other on a phone."""

    main: Node
    side: Node


@dataclass(frozen=True, slots=True)
class Spread(Component):
    """One thing at the left end of a line, another at the right end."""

    start: Node
    end: Node


@dataclass(frozen=True, slots=True, init=False)
class Facts(Component):
    """Terms and their values: `Facts(("Owner", "Ads Serving"), ("Ready", "6 of 6"))`."""

    facts: tuple[tuple[str, Node], ...]

    def __init__(self, *facts: tuple[str, Node]) -> None:
        object.__setattr__(self, "facts", facts)


@dataclass(frozen=True, slots=True, init=False)
class Actions(Component):
    """A row of buttons."""

    children: tuple[Node, ...]

    def __init__(self, *children: Node) -> None:
        object.__setattr__(self, "children", children)

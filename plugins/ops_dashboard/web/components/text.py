"""Words on a page: headings, paragraphs, identifiers, links, points in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ops_dashboard.web.components.base import Component, Node, check_href


@dataclass(frozen=True, slots=True)
class Heading(Component):
    """The title of a section, with an optional `note` after it ("Your pools · by ads-oncall")."""

    text: Node
    note: Node = None


@dataclass(frozen=True, slots=True, init=False)
class Text(Component):
    """A paragraph. `muted` is for what explains rather than informs."""

    children: tuple[Node, ...]
    muted: bool

    def __init__(self, *children: Node, muted: bool = False) -> None:
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "muted", muted)


@dataclass(frozen=True, slots=True)
class Code(Component):
    """An identifier, in monospace: a pool, a run id, a value."""

    text: str


@dataclass(frozen=True, slots=True)
class Output(Component):
    """Lines as a program writes or reads them, in monospace; `label` says what they are.

    Many of them scroll in a box of their own, unless they are to be read as a `whole`.
    """

    lines: Sequence[str]
    label: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Muted(Component):
    """Words that step back behind the others in their line."""

    text: Node


@dataclass(frozen=True, slots=True, init=False)
class Stacked(Component):
    """Lines in one table cell: what matters, and below it, smaller, what helps. Lines without content are left out."""

    main: Node
    details: tuple[Node, ...]

    def __init__(self, main: Node, *details: Node) -> None:
        object.__setattr__(self, "main", main)
        object.__setattr__(self, "details", details)


@dataclass(frozen=True, slots=True)
class Time(Component):
    """A point in time: relative ("4 min ago", kept current in the browser) with the exact time on hover.

    With `clock` it shows the time of day in UTC instead.

    Raises:
        ValueError: `at` has no time zone.
    """

    at: datetime
    clock: bool = False

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError(f"at: {self.at!r} has no time zone; give an aware datetime")


@dataclass(frozen=True, slots=True)
class Link(Component):
    """A link inside the pages. With `outer` it opens a page of Airflow itself, around the frame.

    Raises:
        ValueError: `href` is neither a local path nor an https address.
    """

    label: Node
    href: str
    outer: bool = False

    def __post_init__(self) -> None:
        check_href(self.href)


@dataclass(frozen=True, slots=True)
class Button(Component):
    """A link that looks like a button. One `primary` button a page; `small` is for table rows.

    `describes` completes the label for screen readers where many buttons read alike: "Scale" + "ads/bidder".

    Raises:
        ValueError: `href` is neither a local path nor an https address.
    """

    label: str
    href: str
    primary: bool = False
    small: bool = False
    outer: bool = False
    describes: str = ""

    def __post_init__(self) -> None:
        check_href(self.href)

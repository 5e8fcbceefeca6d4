"""Whole pages, and the parts of them that stand for the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops_dashboard.text import shown
from ops_dashboard.web.components.base import Component, Node, Tone, is_local


@dataclass(frozen=True, slots=True, init=False)
class Page:
    """What a page function returns.

    Attributes:
        title: The headline, and the title of the browser tab.
        children: The page, from top to bottom.
        subject: What the page is about, in monospace after the title ("Scale" + "ads/bidder").
        lead: One sentence below the headline.
        status: HTTP status; None is 200, or 422 for a page that answers a form (it shows what to correct).
    """

    title: str
    children: tuple[Node, ...]
    subject: str
    lead: Node
    status: int | None

    def __init__(
        self, title: str, *children: Node, subject: str = "", lead: Node = None, status: int | None = None
    ) -> None:
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "subject", subject)
        object.__setattr__(self, "lead", lead)
        object.__setattr__(self, "status", status)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on to another page, as a form does when it worked (303 See Other).

    Raises:
        ValueError: `to` leads to another server.
    """

    to: str

    def __post_init__(self) -> None:
        if not self.to or not is_local(self.to):
            raise ValueError(
                f"to: {shown(self.to)} is not accepted; give a path on this server, best from request.url()"
            )


@dataclass(frozen=True, slots=True, init=False)
class Message(Component):
    """A state that fills the page: forbidden, failed, nothing there yet. It says why, and what to do next."""

    children: tuple[Node, ...]
    tone: Tone

    def __init__(self, *children: Node, tone: Tone = Tone.IDLE) -> None:
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "tone", tone)


@dataclass(frozen=True, slots=True, init=False)
class Live(Component):
    """A part of the page that is fetched again every few seconds, until the server says that it is done.

    Only this part is replaced; focus and scroll position stay. Without JavaScript a link to reload stands below it.

    Attributes:
        children: What is kept current.
        every: Seconds between two fetches.
        done: The end is reached; nothing is fetched any more.
        announce: What a screen reader says whenever it changes ("10 of 12 ready").
        name: Tells several live parts of a page apart.
    """

    children: tuple[Node, ...]
    every: float
    done: bool
    announce: str
    name: str

    def __init__(
        self, *children: Node, every: float = 2.0, done: bool = False, announce: str = "", name: str = "live"
    ) -> None:
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "every", every)
        object.__setattr__(self, "done", done)
        object.__setattr__(self, "announce", announce)
        object.__setattr__(self, "name", name)


@dataclass(frozen=True, slots=True)
class Template(Component):
    """A template of your own, from the template folder of your router; it sees `values` by their names.

    Attributes:
        file: Path of the template in that folder.
        values: What the template may use, escaped like all else; components may be among them.
    """

    file: str
    values: Mapping[str, object]

"""How something is, and how it changes: badges, bars, steps, notes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ops_dashboard.web.components.base import Component, Node, Tone


@dataclass(frozen=True, slots=True)
class Badge(Component):
    """A state, as a word that names the cause ("Quota exceeded", not "Error")."""

    label: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class ReadyBar(Component):
    """A small bar with its numbers, "7 / 9", for table cells. `ready` None means that nobody knows."""

    ready: int | None
    desired: int | None
    tone: Tone = Tone.OK


@dataclass(frozen=True, slots=True)
class Progress(Component):
    """A wide bar from 0 to `maximum`, with a `caption` below that says the same in words."""

    value: int
    maximum: int
    label: str
    caption: Node = None
    tone: Tone = Tone.BUSY


@dataclass(frozen=True, slots=True)
class Change(Component):
    """Before → after, the largest thing on its page, and the difference in words.

    Attributes:
        before: The value now; None when it is not known.
        after: The value asked for.
        unit: What is counted, in the plural ("workers").
        field: Name of the number field whose value `after` follows while the person types.
        warn_from: From this difference on, `warning` is shown.
        warning: What to think about before a change that large.
    """

    before: int | float | str | None
    after: int | float | str
    unit: str = ""
    field: str = ""
    warn_from: int | None = None
    warning: str = ""

    @property
    def is_large(self) -> bool:
        """Whether the change calls for the warning."""
        if self.warn_from is None or isinstance(self.before, str | None) or isinstance(self.after, str):
            return False
        return abs(self.after - self.before) >= self.warn_from

    @property
    def is_in_words(self) -> bool:
        """Whether it is text, which takes more room than a number."""
        return isinstance(self.after, str)


class StepState(StrEnum):
    """How far a step is."""

    DONE = "done"
    NOW = "now"
    NEXT = "next"
    FAILED = "failed"

    @property
    def spoken(self) -> str:
        """What a screen reader says for the mark before the step."""
        return "still to come" if self is StepState.NEXT else self.value


@dataclass(frozen=True, slots=True)
class Step:
    """One line of `Steps`. `at` is shown as a clock time, else `note`."""

    label: Node
    state: StepState
    detail: Node = None
    at: datetime | None = None
    note: Node = None


@dataclass(frozen=True, slots=True, init=False)
class Steps(Component):
    """What has happened, what happens now, and what comes next."""

    steps: tuple[Step, ...]

    def __init__(self, *steps: Step) -> None:
        object.__setattr__(self, "steps", steps)


@dataclass(frozen=True, slots=True, init=False)
class Note(Component):
    """A remark that must not be missed: `Note(Tone.WARN, "…")`. `title` is its first, bold words."""

    tone: Tone
    children: tuple[Node, ...]
    title: str

    def __init__(self, tone: Tone, *children: Node, title: str = "") -> None:
        object.__setattr__(self, "tone", tone)
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "title", title)

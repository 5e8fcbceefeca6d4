"""Tables, which become cards on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ops_dashboard.web.components.base import Component, Node

_WIDTHS = range(5, 65, 5)


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        label: Its heading.
        width: Share of the table in percent, in steps of 5 up to 60; None takes what is left. Tables with the same
            widths line up below each other.
        optional: Left out on a phone.
        broad: Sentences: on a phone a line of its own.
        numeric: Digits of equal width.
        action: Holds the row's button: at the right end, its heading for screen readers only.
    """

    label: str
    width: int | None = None
    optional: bool = False
    broad: bool = False
    numeric: bool = False
    action: bool = False

    def __post_init__(self) -> None:
        if self.width is not None and self.width not in _WIDTHS:
            raise ValueError(f"width: {self.width!r} is not accepted; give 5, 10, 15 … 60 (percent)")

    @property
    def css(self) -> str:
        """The classes of its cells."""
        marks = {
            "optional": self.optional,
            "broad": self.broad,
            "num": self.numeric,
            "act": self.action,
            f"w-{self.width}": self.width,
        }
        return " ".join(name for name, is_set in marks.items() if is_set)


@dataclass(frozen=True, slots=True)
class Empty(Component):
    """What stands where nothing is: why, and what to do next."""

    text: Node
    hint: Node = None


@dataclass(frozen=True, slots=True)
class Table(Component):
    """Rows of cells; a cell is text or a component.

    Attributes:
        columns: The columns, in order.
        rows: One sequence of cells per row, as long as `columns`. None as a cell shows a dash.
        label: What the table lists, for screen readers.
        empty: Shown instead when there are no rows.

    Raises:
        ValueError: A row has more or fewer cells than there are columns.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Node]]
    label: str
    empty: Empty = field(default_factory=lambda: Empty("Nothing here."))

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows, start=1):
            if len(row) != len(self.columns):
                raise ValueError(f"rows: row {number} has {len(row)} cells, the table has {len(self.columns)} columns")

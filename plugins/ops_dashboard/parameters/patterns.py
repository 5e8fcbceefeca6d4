"""Patterns that mean the same to every engine that reads them, and what can be told of one without trying texts.

A pattern is tried by Rust's engine here, by Python's inside Airflow and by browsers. What is not in the small grammar
below means different things to them: `$` before a last line break, flags, look-around, classes inside classes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from ops_dashboard.parameters.engine import compiles

PATTERN_IN_WORDS = (
    "a regular expression of all of the text: from ^ to $, alternatives in brackets, "
    r"without flags, look-around, \Z and the like"
)
_CHARACTER = r"\\[dDwWsSnrt]|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[^\w\s]"
_TOKEN = re.compile(
    r"(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<bar>\|)"
    r"|(?P<repeat>(?:[*+?]|\{\d{1,4}(?:,\d{0,4})?\})\??)"
    rf"|(?P<atom>{_CHARACTER}|\[\^?(?:{_CHARACTER}|[^\\\[\]])+\]|[^\\\[\](){{}}^$*+?|])",
    re.ASCII,
)
_SET_OPERATION = re.compile(r"&&|--|~~|\|\|")  # in a class, to some engines
_PROBES = "\n-@"
_DEEPEST = 20
_MOST_WAYS = 10_000
_MOST_WAYS_OF_ANY_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Shape:
    """What a pattern, or a part of it, can match.

    Attributes:
        may_be_empty: Whether it matches the empty text.
        first: Those of a line break, - and @ with which a text that it matches may begin.
        anywhere: Those that such a text may contain.
        ways: How many ways a backtracking engine may try, at most, beside those that the text's length gives.
        unbounded: How many parts of it have no longest match.
    """

    may_be_empty: bool = True
    first: frozenset[str] = frozenset()
    anywhere: frozenset[str] = frozenset()
    ways: float = 1
    unbounded: int = 0

    @property
    def is_fast(self) -> bool:
        """Whether a backtracking engine is done with any text in time that grows as the text does."""
        most = _MOST_WAYS_OF_ANY_LENGTH if self.unbounded else _MOST_WAYS
        return self.unbounded <= 1 and self.ways <= most

    def then(self, after: Shape) -> Shape:
        """Both in a row."""
        return Shape(
            self.may_be_empty and after.may_be_empty,
            self.first | (after.first if self.may_be_empty else frozenset()),
            self.anywhere | after.anywhere,
            self.ways * after.ways,
            self.unbounded + after.unbounded,
        )

    def beside(self, other: Shape) -> Shape:
        """Either."""
        return Shape(
            self.may_be_empty or other.may_be_empty,
            self.first | other.first,
            self.anywhere | other.anywhere,
            self.ways + other.ways,
            self.unbounded + other.unbounded,
        )

    def repeated(self, least: int, most: float) -> Shape:
        """It, from `least` to `most` times."""
        # Inside a repetition, every choice is made anew each time.
        again = self.ways > 1 or self.unbounded > 0
        ways = math.inf if again and most > 1 else self.ways
        return Shape(
            self.may_be_empty or least == 0,
            self.first,
            self.anywhere,
            ways if most == math.inf else ways * (most - least + 1),
            self.unbounded + (most == math.inf),
        )


@lru_cache(maxsize=1000)
def shape_of(pattern: str) -> Shape:
    """Read a pattern.

    Raises:
        ValueError: It is open at an end, or not of the grammar that all engines share.
    """
    if not (len(pattern) > 1 and pattern.startswith("^") and pattern.endswith("$")):
        raise ValueError(PATTERN_IN_WORDS)
    reading = _Reading(pattern[1:-1])
    shape = reading.sequence(0)
    if reading.kind or not compiles(pattern):
        raise ValueError(PATTERN_IN_WORDS)
    try:
        re.compile(pattern)
    except (re.error, OverflowError) as error:
        raise ValueError(PATTERN_IN_WORDS) from error
    return shape


class _Reading:
    """Goes through a pattern, token by token."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._next()

    def sequence(self, depth: int) -> Shape:
        shape = Shape()
        while self.kind in ("atom", "open"):
            part = self._part(depth)
            if self.kind == "repeat":
                part = part.repeated(*_times(self._token))
                self._next()
            shape = shape.then(part)
        return shape

    def _part(self, depth: int) -> Shape:
        if self.kind == "atom":
            atom = self._token
            self._next()
            return _of_one_character(atom)
        if depth == _DEEPEST:
            raise ValueError(PATTERN_IN_WORDS)
        self._next()
        shape = self.sequence(depth + 1)
        while self.kind == "bar":
            self._next()
            shape = shape.beside(self.sequence(depth + 1))
        if self.kind != "close":
            raise ValueError(PATTERN_IN_WORDS)
        self._next()
        return shape

    def _next(self) -> None:
        self.kind = self._token = ""
        if self._position < len(self._text):
            found = _TOKEN.match(self._text, self._position)
            if found is None:
                raise ValueError(PATTERN_IN_WORDS)
            self.kind, self._token, self._position = found.lastgroup or "", found[0], found.end()


def _of_one_character(atom: str) -> Shape:
    if atom.startswith("[") and _SET_OPERATION.search(atom):
        raise ValueError(PATTERN_IN_WORDS)
    try:
        probes = frozenset(probe for probe in _PROBES if re.fullmatch(atom, probe, re.ASCII))
    except re.error as error:  # a range from z to a, for example
        raise ValueError(PATTERN_IN_WORDS) from error
    return Shape(may_be_empty=False, first=probes, anywhere=probes)


def _times(token: str) -> tuple[int, float]:
    symbol = token[0]
    if symbol != "{":
        return int(symbol == "+"), 1 if symbol == "?" else math.inf
    least, comma, most = token.rstrip("?").strip("{}").partition(",")
    if most:
        return int(least), int(most)
    return int(least), math.inf if comma else int(least)

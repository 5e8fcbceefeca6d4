"""Values in messages: one short, printable line, whatever they are."""

from __future__ import annotations

import ast
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_dashboard.text import shorten, shown

HOSTILE = "\0\t\r\n\x0b\x1b\x7f\x85\x9b\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\ud800"
TEXT = (
    st.text() | st.text(st.sampled_from(HOSTILE + "ab\\'\"é")) | st.text(st.characters(categories=["Cc", "Cf", "Cs"]))
)
VALUES = st.recursive(
    TEXT | st.none() | st.booleans() | st.integers() | st.floats() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)
LIMITS = st.integers(1, 200)


class Rude:
    """A value of a type that is not ours."""

    def __repr__(self) -> str:
        return "two\nlines \x1b[2J\u202e"


def assert_one_line(line: str, limit: int) -> None:
    assert len(line) <= limit
    assert line.isprintable()
    assert not {unicodedata.bidirectional(each) for each in line} & {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"}
    assert line.splitlines() in ([line], [])


@given(value=VALUES | st.builds(Rude), limit=LIMITS)
def test_every_value_becomes_one_printable_line_within_the_limit(value: object, limit: int) -> None:
    assert_one_line(shorten(value, limit), limit)
    assert_one_line(shown(value), 80)


@given(text=st.text(st.characters(exclude_categories=["C", "Z"])), limit=LIMITS)
def test_good_text_within_the_limit_stays_as_it_is(text: str, limit: int) -> None:
    assert shorten(text, max(limit, len(text))) == text


@given(text=TEXT)
def test_a_blank_stands_for_each_character_that_is_not_printable(text: str) -> None:
    line = shorten(text, len(text) or 1)
    assert [(old, new) for old, new in zip(text, line, strict=True) if old != new and new != " "] == []
    assert sum(map(str.isprintable, text)) == len(text) - sum(old != new for old, new in zip(text, line, strict=True))


@given(text=st.text(max_size=7) | st.text(st.sampled_from(HOSTILE), max_size=7))
def test_shown_text_hides_nothing(text: str) -> None:
    assert ast.literal_eval(shown(text)) == text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (shorten("x" * 80), "x" * 80),
        (shorten("x" * 81), "x" * 79 + "…"),
        (shorten("reason\nwith\ttabs", 500), "reason with tabs"),
        (shorten("ads/\u202ereddib"), "ads/ reddib"),
        (shorten(["a", 1]), "['a', 1]"),
        (shorten(None), "None"),
        (shorten("abc", 2), "a…"),
        (shorten("abc", 1), "…"),
        (shown("x" * 79), "'" + "x" * 78 + "…"),
        (shown("x" * 78), "'" + "x" * 78 + "'"),
        (shown("a\n\x1b\u202e"), r"'a\n\x1b\u202e'"),
        (shown(None), "nothing"),
        (shown("nothing"), "'nothing'"),
    ],
)
def test_a_value_is_shown_like_this(line: str, expected: str) -> None:
    assert line == expected

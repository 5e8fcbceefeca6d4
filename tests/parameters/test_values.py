"""What a parameter accepts: nothing is converted, nothing unseen comes in, and a refusal says what would do."""

from __future__ import annotations

import json
import math
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ops_dashboard.catalog import Parameter
from ops_dashboard.parameters import ValueProblem, accepted, check_value

SLUG = {"type": "string", "pattern": "^[a-z0-9-]+$"}
WHOLE: dict[str, object] = {"type": "integer"}
NUMBER = {"type": "number", "minimum": 0, "maximum": 1}
LINE = {"type": "string"}
LINES = {"type": "string", "format": "multiline"}
DATE = {"type": "string", "format": "date"}
TIME = {"type": "string", "format": "date-time"}
FLAG = {"type": "boolean"}


def parameter(schema: Mapping[str, object]) -> Parameter:
    return Parameter.model_validate(schema)


@contextmanager
def alarm(seconds: int) -> Iterator[None]:
    """Interrupt what takes far too long, wherever it is."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"still busy after {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (SLUG, "a"),
        (SLUG, "-rf"),  # the catalog lets no such pattern into arguments
        (SLUG, "a" * 200),
        (WHOLE, 0),
        (WHOLE, 2**53 - 1),
        (WHOLE, -(2**53) + 1),
        (WHOLE | {"minimum": 1, "maximum": 5}, 5),
        (WHOLE | {"enum": [1, 3]}, 3),
        (NUMBER, 0),
        (NUMBER, 1.0),
        (NUMBER, 5e-324),
        ({"type": "number"}, -1e300),
        (FLAG, False),
        (LINE, "--"),
        (LINE, "@file"),
        (LINE, "../x"),
        (LINE, "'; id #"),
        (LINE, "$(id) `id` {{ 7*7 }} {% x %} %(name)s"),
        (LINE, " blanks stay "),
        (LINE, "Grüße, 世界 🚀"),
        (LINE, "é" * 200),
        (LINE | {"minLength": 0}, ""),
        (LINES, "one\n\ttwo\n"),
        (LINES, "x" * 2000),
        (LINES | {"pattern": r"^[a-z\n]+$"}, "a\nb"),
        (DATE, "2024-02-29"),
        (DATE, "0001-01-01"),
        (TIME, "2026-12-31T18:00:00Z"),
        (TIME, "2026-12-31T18:00:00.25+01:00"),
        ({"type": "string", "enum": ["soft", "hard"]}, "hard"),
        ({"type": "string", "format": "connection", "enum": ["cache_eu"]}, "cache_eu"),
        ({"type": "string", "pattern": "^(a+)+$"}, "a" * 200),
    ],
)
def test_what_is_accepted_comes_back_as_it_is(schema: dict[str, object], value: object) -> None:
    found = check_value(parameter(schema), value)
    assert found is value
    assert check_value(parameter(schema | {"optional": "minLength" not in schema}), value) is value


@pytest.mark.attack("CVE-2025-53652", then="refused with what is accepted")
@pytest.mark.parametrize(
    ("schema", "value"),
    [
        # Of another type, however alike
        (WHOLE, 3.0),
        (WHOLE, "3"),
        (WHOLE, True),
        (WHOLE, 1e2),
        (WHOLE, 10**400),
        pytest.param(WHOLE, 10**5000, id="5000 digits"),
        (WHOLE, 2**53),
        (WHOLE, -(2**53)),
        (WHOLE, None),
        (WHOLE, [1]),
        (WHOLE | {"enum": [1, 3]}, 1.0),
        (WHOLE | {"enum": [1, 3]}, True),
        (WHOLE | {"minimum": 1, "maximum": 5}, 6),
        (FLAG, 1),
        (FLAG, "true"),
        (LINE, 7),
        (LINE, b"a"),
        (LINE, {"a": 1}),
        # Not a number, or none that all readers agree about
        (NUMBER, math.nan),
        (NUMBER, math.inf),
        (NUMBER, -math.inf),
        (NUMBER, True),
        (NUMBER, 1.0000000001),
        ({"type": "number"}, math.nan),
        ({"type": "number"}, math.inf),
        ({"type": "number"}, 1.1e300),
        ({"type": "number"}, 10**400),
        ({"type": "number"}, 2**53),
        # The engines' holes
        (SLUG, "a\n"),
        (SLUG, "\na"),
        (SLUG, "а"),  # Cyrillic
        (SLUG, "a\u200b"),
        (SLUG, "a" * 201),
        ({"type": "string", "pattern": r"^\d+$"}, "٣"),
        ({"type": "string", "pattern": r"^\w+$"}, "é"),
        ({"type": "string", "pattern": "^(a+)+$"}, "a" * 199 + "!"),
        # What nobody sees
        (LINE, ""),
        (LINE, "a\0"),
        (LINE, "\ud800"),
        (LINE, "a\nb"),
        (LINE, "a\rb"),
        (LINE, "a\tb"),
        (LINE, "a\x1b[2J"),
        (LINE, "a\x85b"),
        (LINE, "a\u2028b"),
        (LINE, "a\u200bb"),
        (LINE, "a\u202eb"),
        *((LINE, f"prod{unseen}") for unseen in "\u3164\u115f\uffa0\u2800\ufe0f\u034f\u17b4\u180b\U000e0100"),
        (LINE, "\ufeffa"),
        (LINE, "a\xa0b"),
        (LINE, "x" * 201),
        (LINE, "x" * 129 * 1024),
        (LINES, "a\r\nb"),
        (LINES, "a\0"),
        (LINES, "a\u202eb"),
        (LINES, "x" * 2001),
        # Dates
        (DATE, "2026-02-30"),
        (DATE, "2026-1-1"),
        (DATE, "20260101"),
        (DATE, "2026-W01-1"),
        (DATE, "0000-01-01"),
        (DATE, "2026-01-01\n"),
        (DATE, "٢٠٢٦-01-01"),
        (TIME, "2026-12-31"),
        (TIME, "2026-12-31T18:00:00"),
        (TIME, "2026-12-31 18:00:00Z"),
        (TIME, "2016-12-31T23:59:60Z"),
        (TIME, "2026-12-31T18:00:00+25:00"),
        (TIME, "0000-01-01T00:00:00Z"),
        (TIME, "9999-12-31T23:59:59-01:00"),
        ({"type": "string", "enum": ["soft", "hard"]}, "Hard"),
        ({"type": "string", "format": "connection", "enum": ["cache_eu"]}, "cache_us"),
    ],
)
def test_what_is_refused_is_told_with_what_is_accepted(schema: dict[str, object], value: object) -> None:
    with alarm(20), pytest.raises(ValueProblem) as caught:
        check_value(parameter(schema), value)
    message = str(caught.value)
    assert f" is not accepted; accepted is {accepted(parameter(schema))}" in message
    assert message.isprintable()
    assert len(message) < 500


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        (WHOLE | {"minimum": 1, "maximum": 5}, "3", "'3' is not accepted; accepted is a whole number from 1 to 5"),
        (WHOLE | {"optional": True}, "x", "'x' is not accepted; accepted is a whole number, or nothing"),
        (WHOLE, None, "nothing is not accepted; accepted is a whole number"),
        (
            WHOLE | {"minimum": 1},
            2**53,
            "9007199254740992 is not accepted; accepted is a whole number of at least 1, finite, and no whole number "
            "beyond 9007199254740991",
        ),
        pytest.param(
            WHOLE,
            10**5000,
            "a number of thousands of digits is not accepted; accepted is a whole number, finite, and",
            id="5000 digits",
        ),
        (SLUG, "a\n", "'a\\n' is not accepted; accepted is text of at most 200 characters on one line that matches "),
        (
            LINE,
            "a\u202eb",
            "'a\\u202eb' is not accepted; accepted is text of at most 200 characters on one line, without",
        ),
        (LINE, "\ud800", "'\\ud800' is not accepted; accepted is text of at most 200 characters on one line, without"),
    ],
)
def test_a_refusal_in_full(schema: dict[str, object], value: object, message: str) -> None:
    with pytest.raises(ValueProblem) as caught:
        check_value(parameter(schema), value)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (WHOLE, "a whole number"),
        (WHOLE | {"minimum": 1}, "a whole number of at least 1"),
        (WHOLE | {"maximum": 5}, "a whole number of at most 5"),
        (WHOLE | {"minimum": 1, "maximum": 5}, "a whole number from 1 to 5"),
        (NUMBER | {"maximum": 0.5}, "a number from 0 to 0.5"),
        (FLAG, "true or false"),
        (WHOLE | {"enum": [5]}, "5"),
        ({"type": "string", "enum": ["soft", "hard"]}, "soft or hard"),
        ({"type": "string", "enum": ["a", "b", ""], "minLength": 0}, "a, b or the empty text"),
        (WHOLE | {"enum": [*range(50)]}, "one of 50 values: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …"),
        (DATE, "a date such as 2026-12-31"),
        (TIME, "a date and time with its offset from UTC, such as 2026-12-31T18:00:00Z"),
        (LINE, "text of at most 200 characters on one line"),
        (LINE | {"minLength": 0}, "text of at most 200 characters on one line, or nothing"),
        (LINE | {"maxLength": 1}, "text of 1 character on one line"),
        (LINE | {"minLength": 3, "maxLength": 9}, "text of 3 to 9 characters on one line"),
        (LINES, "text of at most 2000 characters"),
        (SLUG, "text of at most 200 characters on one line that matches ^[a-z0-9-]+$"),
        ({"type": "string", "format": "connection", "enum": ["a", "b"]}, "a or b"),
    ],
)
def test_what_is_accepted_in_words(schema: dict[str, object], words: str) -> None:
    assert accepted(parameter(schema)) == words


def test_no_value_is_accepted_if_a_parameter_is_optional() -> None:
    assert check_value(parameter(WHOLE | {"optional": True, "minimum": 1}), None) is None


def test_a_message_about_an_endless_text_is_short() -> None:
    with pytest.raises(ValueProblem) as caught:
        check_value(parameter(WHOLE), "7" * 1_000_000)
    assert len(str(caught.value)) < 200


SCHEMAS: list[dict[str, Any]] = [
    *(SLUG, WHOLE, NUMBER, LINE, LINES, DATE, TIME, FLAG),
    {"type": "number", "optional": True},
    LINE | {"minLength": 0},
    WHOLE | {"minimum": -3, "maximum": 3},
    WHOLE | {"enum": [0, 1, 7]},
    {"type": "string", "enum": ["soft", "hard", "7", "true"]},
]
VALUES: st.SearchStrategy[object] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-9, 9), st.floats(), st.text(), st.dates().map(str),
    st.datetimes().map(lambda time: f"{time.isoformat()}Z"), st.from_regex("[a-z0-9-]+", fullmatch=True),
    st.sampled_from(["soft", "hard", "7", "true"]), st.lists(st.integers()),
)  # fmt: skip


@pytest.mark.attack(then="no value was converted, of many tried")
@given(schema=st.sampled_from(SCHEMAS), value=VALUES)
def test_nothing_is_ever_converted(schema: dict[str, Any], value: object) -> None:
    kinds = {"string": str, "integer": int, "number": int | float, "boolean": bool}
    try:
        found = check_value(parameter(schema), value)
    except ValueProblem:
        return
    assert found is value
    assert value is None or isinstance(value, kinds[schema["type"]])
    assert isinstance(value, bool) is (schema["type"] == "boolean")
    json.dumps(value, allow_nan=False).encode()


@given(least=st.integers(-1000, 1000), most=st.integers(-1000, 1000), value=st.integers(-2000, 2000))
def test_bounds_are_part_of_the_range(least: int, most: int, value: int) -> None:
    assume(least <= most)
    bounded = parameter(WHOLE | {"minimum": least, "maximum": most})
    try:
        check_value(bounded, value)
    except ValueProblem:
        assert not least <= value <= most
    else:
        assert least <= value <= most

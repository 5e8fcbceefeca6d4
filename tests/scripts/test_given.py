"""Values and arguments reach a script byte for byte, or nothing runs."""

from __future__ import annotations

import json
import math
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops_dashboard.scripts import ArgumentsError
from tests.scripts.running import BASH, PYTHON, SH, Scripts

HOSTILE = [
    "'; id #",
    "$(id)",
    "`id`",
    '"; touch x #',
    "{{ 7*7 }}",
    "a\nb",
    "a\tb",
    "a\rb",
    'it\'s "quoted"',
    "*",
    ";",
    "%s %(x)s ${HOME} \\n \\",
    "é 漢 \u202e \u200b",
    "@file",
    "-rf",
    "--",
    "",
    " ",
]
ECHO = """
import base64, json, os, sys
given = {"stdin": sys.stdin.buffer.read(), **{str(i): os.fsencode(a) for i, a in enumerate(sys.argv[1:])}}
with open(os.environ["OPS_RESULT"], "w") as file:
    json.dump({key: base64.b64encode(value).decode() for key, value in given.items()}, file)
"""
BACK = """
import json, os, sys
with open(os.environ["OPS_RESULT"], "w") as file:
    json.dump(json.load(sys.stdin), file)
"""
CIRCLE: list[Any] = []
CIRCLE += [CIRCLE, CIRCLE]


def deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


@pytest.mark.attack("rundeck#298", then="all of it arrived on stdin and as arguments, byte for byte")
def test_hostile_text_arrives_as_it_is_and_does_nothing(scripts: Scripts) -> None:
    values = {text: text for text in HOSTILE}
    arguments = [f"x{text}" for text in HOSTILE]
    finished = scripts.run(ECHO, values=values, arguments=arguments)
    assert isinstance(finished.result, dict)
    got = {key: b64decode(str(value)) for key, value in finished.result.items()}
    assert got.pop("stdin") == json.dumps(values, ensure_ascii=False).encode()
    assert list(got.values()) == [argument.encode() for argument in arguments]


@pytest.mark.attack(
    "CVE-2024-45498", "rundeck#298", "rundeck#602", then="one argument, byte for byte; nothing else ran"
)
@pytest.mark.parametrize("interpreter", [BASH, SH])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_arrives_in_a_shell_script(scripts: Scripts, interpreter: Any, text: str) -> None:
    scripts.run('printf "%s" "$#$1" | od -An -v -tx1; ls', interpreter, arguments=[f"x{text}"])
    *dump, listing = scripts.seen.lines
    assert bytes.fromhex("".join(dump)) == b"1x" + text.encode()
    assert listing == "script"


@pytest.mark.attack(then="refused with what is accepted; the script did not run")
@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("-rf", "argument 2: got '-rf', expected text that begins with a letter from A to Z, a digit or an underscore"),
        ("--", "begins with"),
        ("", "argument 2: got '', expected text that begins"),
        ("@file", "begins with"),
        ("\u0430", "begins with"),
        ("\nx", "begins with"),
        ("a\0b", r"argument 2: got 'a\\x00b', expected text without a NUL character"),
        ("a\ud800", "expected valid Unicode text, without half of a surrogate pair"),
        ("a" * 129 * 1024, "expected at most 100000 bytes, not 132096"),
        ("é" * 50_001, "begins with"),
        ("a" + "é" * 50_000, "expected at most 100000 bytes, not 100001"),
        (7, "argument 2: got 7, expected text"),
    ],
)
def test_an_argument_that_cannot_be_given_is_refused(scripts: Scripts, argument: Any, expected: str) -> None:
    with pytest.raises(ArgumentsError, match=expected):
        scripts.run("touch /should-not-run", BASH, arguments=["good", argument])
    assert scripts.seen.lines == []


def test_arguments_may_be_as_long_as_the_limit_but_not_too_long_together(scripts: Scripts) -> None:
    scripts.run("echo ${#1} $#", BASH, arguments=["a" * 100_000] * 10)
    assert scripts.seen.lines == ["100000 10"]
    with pytest.raises(ArgumentsError, match="got 1000001 bytes in all, expected at most 1000000"):
        scripts.run("echo $#", BASH, arguments=["a" * 100_000] * 10 + ["b"])


@pytest.mark.attack(then="refused with what is accepted; the script did not run")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, "values.x: nan is no number that JSON knows"),
        ([1, -math.inf], r"values.x\[1\]: -inf is no number"),
        ({"y": "\ud800"}, "values.x.y: .* is no valid Unicode text"),
        ({"\udfff": 1}, "values: the key .* is no valid Unicode text"),
        ({1: 2}, "values: the key 1: a key must be text"),
        ({"y": b"a"}, "values.x.y: b'a' is no text, number"),
        (datetime(2026, 1, 1, tzinfo=UTC), "values.x: datetime.* is no text, number"),
        ({1, 2}, "values.x: {1, 2} is no text"),
        (deep(101), "nested more than 100 deep"),
        pytest.param(deep(100_000), "nested more than 100 deep", id="abyss"),
        pytest.param(CIRCLE, "nested more than 100 deep", id="circle"),
        pytest.param(10**5000, "values.x: the number has too many digits", id="digits"),
    ],
)
def test_a_value_that_json_cannot_carry_is_refused(scripts: Scripts, value: object, expected: str) -> None:
    with pytest.raises(ArgumentsError, match=expected):
        scripts.run("echo ran", BASH, values={"x": value})
    assert scripts.seen.lines == []


def test_large_numbers_and_deep_lists_arrive(scripts: Scripts) -> None:
    values = {"number": 10**400, "deep": deep(90), "text": "a\0b"}
    assert scripts.run(BACK, values=values).result == values


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import sys; print(len(sys.stdin.buffer.read()))", str(len('{"x": ""}') + 5_000_000)),
        ("print('never read')", "never read"),
        ("import sys, time; sys.stdin.close(); time.sleep(.3); print('closed')", "closed"),
        ("import sys; print(len(sys.stdin.buffer.read(10)))", "10"),
    ],
)
def test_five_megabytes_are_written_whether_they_are_read_or_not(scripts: Scripts, text: str, line: str) -> None:
    scripts.run(text, values={"x": "a" * 5_000_000})
    assert scripts.seen.lines == [line]


def test_input_and_output_larger_than_the_pipes_do_not_wait_for_each_other(scripts: Scripts) -> None:
    scripts.run("cat; cat /dev/null; echo", SH, values={"x": ["a" * 1000] * 5000}, line_bytes=6_000_000)
    assert scripts.seen.lines[-1].startswith("[no more is shown")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(st.text(), JSON, min_size=5))
def test_all_json_makes_the_way_there_and_back(scripts: Scripts, values: dict[str, Any]) -> None:
    assert scripts.run(BACK, PYTHON, values=values, result_bytes=5_000_000).result == values

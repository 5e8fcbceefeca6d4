"""YAML without surprises: what is accepted, and that every mistake has its place."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ops_dashboard.strict_yaml import HOLE, FileMistake, YamlDocument, builder, read_strict_yaml
from ops_dashboard.strict_yaml.builder import MAX_DEPTH, build

_TEXT = st.text(st.characters(exclude_categories=["C", "Z"]))
_NUMBERS = st.integers(-(10**18) + 1, 10**18 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner),
    max_leaves=20,
)


@pytest.fixture(params=["libyaml", "pure Python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pure Python":
        monkeypatch.setattr(builder, "_PARSER", yaml.SafeLoader)


def read(folder: Path, content: str | bytes) -> YamlDocument:
    file = folder / "file.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_strict_yaml(file)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("3.5", 3.5),
        ("1e2", 100.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("", None),
        ("'on'", "on"),
        ('"0777"', "0777"),
        ("2026-12-31", "2026-12-31"),
        ("2026-12-31T18:00:00+01:00", "2026-12-31T18:00:00+01:00"),
        ("Ads Serving", "Ads Serving"),
        ("n", "n"),
        ("|\n  two\n  lines", "two\nlines\n"),
        ("[1, [2]]", [1, [2]]),
        ("{b: 1, a: 2}", {"b": 1, "a": 2}),
    ],
)
def test_a_value_means_what_it_looks_like(tmp_path: Path, text: str, value: object) -> None:
    assert read(tmp_path, f"key: {text}\n").value == {"key": value}


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("a: 1\nb: yes\n", 2, "b: got yes, expected true or false, or text in quotes"),
        ("a: OFF", 1, "expected true or false"),
        ("a: 12:30", 1, "a: got 12:30, expected text in quotes, as this can be read as base 60"),
        ("a: 0777", 1, "without leading zeros"),
        ("a: 0x1F", 1, "decimal"),
        ("a: 1_000", 1, "decimal"),
        ("a: 12345678901234567890", 1, "at most 18 digits"),
        ("a: .nan", 1, "finite number"),
        ("a: -.Inf", 1, "finite number"),
        ("a: 1\na: 2", 2, "a: got 'a' again, expected each key once; it is on line 1"),
        ("a: !!python/object/apply:os.system [echo]", 1, "expected a value without a tag"),
        ("a: !!str 3", 1, "expected a value without a tag"),
        ("a: ! 3", 1, "expected a value without a tag"),
        ("a: &x 1\nb: *x", 2, "b: got *x, expected the value itself instead of an alias"),
        ("3: a", 1, "got the key 3, expected text as key"),
        ("on: a", 1, "got the key on, expected text as key"),
        ("~: a", 1, "expected text as key"),
        ("? [a]\n: b", 1, "expected text as key"),
        ("? !!str a\n: b", 1, "expected text as key"),
        ("a: 1\n---\nb: 2", 2, "got a second document, expected one document in a file"),
        ("a: [1,\nb: }", 2, "got 'b: }', expected valid YAML"),
        ("a: 'b", 1, "expected valid YAML"),
        ("a: b: c", 1, "got 'a: b: c', expected valid YAML"),
        ("a:\n\t- b", 2, "expected valid YAML"),
        (b"a: 1\nb: caf\xe9", 2, "got byte 0xe9, expected text in UTF-8"),
        ("a: 1".encode("utf-16"), 1, "expected text in UTF-8"),
        ("a: \x07", 1, "got '\\x07', expected printable characters"),
        ("[" * (MAX_DEPTH + 1), 1, f"more than {MAX_DEPTH} levels"),
        ("a: !x " + "[" * 100_000, 1, f"more than {MAX_DEPTH} levels"),
    ],
)
def test_a_mistake_names_its_place(tmp_path: Path, content: str | bytes, line: int, message: str) -> None:
    told = str(read(tmp_path, content).mistakes[-1])

    assert told.startswith(f"{tmp_path}/file.yaml:{line}: ")
    assert message in told


def test_all_mistakes_come_at_once_and_the_rest_is_still_read(tmp_path: Path) -> None:
    document = read(tmp_path, "a: on\nb: {c: *x, d: 0o7}\ne: [!t {f: [g]}, 2]\na: 1\nh: good\n")

    assert [(mistake.path, mistake.line) for mistake in document.mistakes] == [
        (("a",), 1),
        (("b", "c"), 2),
        (("b", "d"), 2),
        (("e", 0), 3),
        (("a",), 4),
    ]
    assert document.value == {"a": HOLE, "b": {"c": HOLE, "d": HOLE}, "e": [HOLE, 2], "h": "good"}


def test_a_part_knows_its_line(tmp_path: Path) -> None:
    document = read(tmp_path, "pools:\n  ads/bidder:\n    max:\n      3\ngrants:\n  - group: a\n  - {}\n")

    assert document.line_of(("pools", "ads/bidder", "max")) == 3
    assert document.line_of(("grants", 1)) == 7
    assert document.line_of(("pools", "ads/bidder", "min")) == 2, "what is missing belongs to what is around it"


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "\n\n"])
def test_an_empty_file_is_no_value(tmp_path: Path, content: str) -> None:
    document = read(tmp_path, content)
    assert (document.value, document.mistakes) == (None, ())


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa: 1").value == {"a": 1}


def test_a_missing_file_is_a_mistake_without_a_line(tmp_path: Path) -> None:
    gone = tmp_path / "gone.yaml"
    assert read_strict_yaml(gone).mistakes == (
        FileMistake(str(gone), (), None, "No such file or directory", "a file that can be read"),
    )


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (mistake,) = read_strict_yaml(tmp_path).mistakes
    assert str(mistake) == f"{tmp_path}: got Is a directory, expected a file that can be read"


@pytest.mark.parametrize(
    "content",
    [
        f"{'k' * 100}: {'9' * 5000}\n",
        f"a: *{'x' * 5000}\n",
        f"a: !{'x' * 5000} 1\n",
        f"a: !{'x' * 5000}!y 1\n",
        f"{'[' * 5000}\n",
        f"? !t {'x' * 5000}\n",
        f"on: {'x' * 5000}: x\n",
    ],
)
def test_a_message_is_short_whatever_the_file_holds(tmp_path: Path, content: str) -> None:
    mistakes = read(tmp_path, content).mistakes
    assert mistakes
    assert all(len(str(mistake)) < 300 + len(str(tmp_path)) for mistake in mistakes)


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    (mistake,) = read(tmp_path, '"a\\e[2Jb\\n": on').mistakes
    assert str(mistake).isprintable()


@given(value=_VALUES)
def test_json_is_read_as_json(value: object) -> None:
    document = build(json.dumps({"key": value}, ensure_ascii=False), "file.yaml")
    assert (document.value, document.mistakes) == ({"key": value}, ())


@given(text=st.text(alphabet=st.sampled_from("ab:- \n[]{},*&!?|>'\"#%@`0189.~_oxn\t\\eE+")))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        document = read(Path(folder), text)
    assert (document.value is HOLE) <= bool(document.mistakes)
    assert all(str(mistake).isprintable() for mistake in document.mistakes)


@given(content=st.binary())
def test_no_bytes_make_the_reader_fail(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        document = read(Path(folder), content)
    assert (document.value is HOLE) <= bool(document.mistakes)

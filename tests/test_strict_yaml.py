"""YAML without surprises: what is accepted, and that every mistake has its place."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ops_dashboard.strict_yaml import HOLE, YamlDocument, YamlError, builder, load_strict_yaml, read_strict_yaml
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
    ("content", "line", "column", "message"),
    [
        ("a: 1\nb: yes\n", 2, 4, "b: got yes, expected true or false, or text in quotes"),
        ("a: OFF", 1, 4, "expected true or false"),
        ("a: 12:30", 1, 4, "a: got 12:30, expected text in quotes, as this can be read as base 60"),
        ("a: 0777", 1, 4, "without leading zeros"),
        ("a: 0x1F", 1, 4, "decimal"),
        ("a: 1_000", 1, 4, "decimal"),
        ("a: 12345678901234567890", 1, 4, "at most 18 digits"),
        ("a: .nan", 1, 4, "finite number"),
        ("a: -.Inf", 1, 4, "finite number"),
        ("a: 1\na: 2", 2, 1, "a: got 'a' again, expected each key once; it is on line 1"),
        ("a: !!python/object/apply:os.system [echo]", 1, 4, "expected a value without a tag"),
        ("a: !!str 3", 1, 4, "expected a value without a tag"),
        ("a: ! 3", 1, 4, "expected a value without a tag"),
        ("a: &x 1\nb: *x", 2, 4, "b: got *x, expected the value itself instead of an alias"),
        ("3: a", 1, 1, "got the key 3, expected text as key"),
        ("on: a", 1, 1, "got the key on, expected text as key"),
        ("~: a", 1, 1, "expected text as key"),
        ("? [a]\n: b", 1, 3, "expected text as key"),
        ("? !!str a\n: b", 1, 3, "expected text as key"),
        ("a: 1\n---\nb: 2", 2, 1, "got a second document, expected one document in a file"),
        ("a: [1,\nb: }", 2, 4, "got 'b: }', expected valid YAML"),
        ("a: 'b", 1, 6, "expected valid YAML"),
        ("a: b: c", 1, 5, "got 'a: b: c', expected valid YAML"),
        ("a:\n\t- b", 2, 1, "expected valid YAML"),
        (b"a: 1\nb: caf\xe9", 2, 7, "got byte 0xe9, expected text in UTF-8"),
        ("a: 1".encode("utf-16"), 1, 1, "expected text in UTF-8"),
        ("a: \x07", 1, 4, "got '\\x07', expected printable characters"),
        ("[" * (MAX_DEPTH + 1), 1, MAX_DEPTH + 1, f"more than {MAX_DEPTH} levels"),
        ("a: !x " + "[" * 100_000, 1, MAX_DEPTH + 6, f"more than {MAX_DEPTH} levels"),
    ],
)
def test_a_mistake_names_its_place(tmp_path: Path, content: str | bytes, line: int, column: int, message: str) -> None:
    mistake = read(tmp_path, content).mistakes[-1]

    assert (mistake.line, message in str(mistake)) == (line, True), str(mistake)
    assert mistake.column == column


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
    with pytest.raises(YamlError, match=r"gone\.yaml: got No such file or directory, expected a file that can be read"):
        load_strict_yaml(tmp_path / "gone.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(YamlError, match="Is a directory"):
        load_strict_yaml(tmp_path)


def test_loading_raises_all_mistakes_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "team.yaml"
    file.write_text("a: on\nb: off\n")

    with pytest.raises(YamlError) as caught:
        load_strict_yaml(file)

    assert [mistake.path for mistake in caught.value.mistakes] == [("a",), ("b",)]
    assert str(caught.value).splitlines()[1].startswith(f"{file}: line 2, column 4: b: got off")


def test_a_message_is_short_whatever_the_file_holds(tmp_path: Path) -> None:
    key = "k" * 5000
    (mistake,) = read(tmp_path, f"{key[:100]}: {'9' * 5000}\n").mistakes
    assert len(str(mistake)) < 400


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    (mistake,) = read(tmp_path, '"a\\e[2Jb\\n": on').mistakes
    assert str(mistake).isprintable()


@given(value=_VALUES)
def test_json_is_read_as_json(value: object) -> None:
    document = build(json.dumps({"key": value}, ensure_ascii=False))
    assert (document.value, document.mistakes) == ({"key": value}, ())


@given(text=st.text(alphabet=st.sampled_from("ab:- \n[]{},*&!?|>'\"#%@`0189.~_oxn\t\\eE+")))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        document = read(Path(folder), text)
    assert (document.value is HOLE) <= bool(document.mistakes)


@given(content=st.binary())
def test_no_bytes_make_the_reader_fail(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        document = read(Path(folder), content)
    assert (document.value is HOLE) <= bool(document.mistakes)

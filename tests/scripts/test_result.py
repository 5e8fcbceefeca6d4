"""The result that a script leaves: strict JSON of a bounded size in a regular file, or a message."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops_dashboard.scripts import ResultError, ScriptFailedError
from tests.scripts.running import BASH, Scripts


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", None),
        ("echo null > $OPS_RESULT", None),
        ('echo \'{"rows": [1, 2.5, true, null, "é"]}\' > $OPS_RESULT', {"rows": [1, 2.5, True, None, "é"]}),
        ("printf 7 > $OPS_RESULT", 7),
        ("echo 1 > $OPS_RESULT; echo '\"later\"' > $OPS_RESULT", "later"),
    ],
)
def test_a_result(scripts: Scripts, text: str, expected: object) -> None:
    assert scripts.run(text, BASH).result == expected


@pytest.mark.attack(
    "CVE-2026-33858", "CVE-2026-25917", then="a failure that says what is wrong with it; the result was not kept"
)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("echo '{\"rows\": ' > $OPS_RESULT", "script left a result that is no JSON document: Expecting value"),
        (": > $OPS_RESULT", "is no JSON document"),
        ("echo '1 2' > $OPS_RESULT", "Extra data"),
        ("echo \"{'a': 1}\" > $OPS_RESULT", "is no JSON document"),
        ("echo NaN > $OPS_RESULT", "NaN is no number that JSON knows"),
        ("echo '[-Infinity]' > $OPS_RESULT", "-Infinity is no number that JSON knows"),
        ("echo 1e999 > $OPS_RESULT", "the number 1e999 is too large"),
        ("printf '1%.0s' {1..5000} > $OPS_RESULT", "is no JSON document"),
        ('echo \'{"a": {"b": 1, "b": 2}}\' > $OPS_RESULT', "the key 'b' is there more than once"),
        (r"echo '[\"\\ud800\"]' | tr -d '\\' | sed 's/ud8/\\ud8/' > $OPS_RESULT", "is no valid Unicode text"),
        (r"printf '\"\xff\"' > $OPS_RESULT", "it is not in UTF-8: invalid start byte at byte 1"),
        (r"printf '\xef\xbb\xbf1' > $OPS_RESULT", "is no JSON document"),
        ("printf '[%.0s' {1..60000} > $OPS_RESULT", "nested more than 100 deep"),
        ("(printf '[%.0s' {1..200}; printf ']%.0s' {1..200}) > $OPS_RESULT", "nested more than 100 deep"),
        ("(printf '\"'; head -c 65536 /dev/zero | tr '\\0' a; printf '\"') > $OPS_RESULT", "more than 65536 bytes"),
        ("ln -s /etc/hostname $OPS_RESULT", "left a result that cannot be read"),
        ("mkdir $OPS_RESULT", "left a result that is no regular file"),
        ("mkfifo $OPS_RESULT", "left a result that is no regular file"),
    ],
)
def test_what_is_no_result_is_told(scripts: Scripts, text: str, message: str) -> None:
    with pytest.raises(ResultError, match=message):
        scripts.run(text, BASH)


def test_a_result_of_exactly_the_limit_is_taken(scripts: Scripts) -> None:
    text = "(printf '\"'; head -c 98 /dev/zero | tr '\\0' a; printf '\"') > $OPS_RESULT"
    assert scripts.run(text, BASH, result_bytes=100).result == "a" * 98


def test_a_script_that_failed_has_no_result(scripts: Scripts) -> None:
    with pytest.raises(ScriptFailedError):
        scripts.run("echo broken > $OPS_RESULT; exit 1", BASH)


@pytest.mark.attack(then="read from the folder that was made")
def test_the_result_is_read_from_the_folder_that_was_made_though_another_took_its_place(scripts: Scripts) -> None:
    text = "echo 1 > $OPS_RESULT; d=$PWD; mv $d $d.moved; mkdir $d; echo 2 > $OPS_RESULT; rm -r $d; mv $d.moved $d"
    assert scripts.run(text, BASH).result == 1

"""From what a script writes, in any pieces, to lines that may be shown."""

from __future__ import annotations

import resource
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_dashboard.scripts import Limits, Progress
from ops_dashboard.scripts.cleaning import clean
from ops_dashboard.scripts.output import Output
from tests.scripts.running import BASH, SH, Scripts, Seen

CUT = " [cut here: the line is longer than 16384 bytes]"


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


def lines_of(pieces: list[bytes], limits: Limits | None = None) -> list[str]:
    seen = Seen()
    output = Output(limits or Limits(), seen)
    for piece in pieces:
        output.feed(piece)
    output.end()
    return seen.lines


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\n\r\ntwo\rthree", ["one", "", "two", "three"]),
        (b"", []),
        (b"\n", [""]),
        (b"10%\r20%\r", ["10%", "20%"]),
        ("é 漢字 العربية हिन्दी ไทย 한국어\n".encode(), ["é 漢字 العربية हिन्दी ไทย 한국어"]),
        (b"bad \xff\xfe utf-8\n", [r"bad \xff\xfe utf-8"]),
        (b"half \xc3", [r"half \xc3"]),
        (b"\x1b[1;31mred\x1b[0m \x1b[2K\x1b[?25l", ["red "]),
        (b"\x1b]0;title\x07x\x1b]8;;http://a\x1b\\y\x1b(Bz", ["xyz"]),
        (b"a\x1b", ["a"]),
        (b"a\x1b[31", ["a31"]),
        (b"a\x00b\x07c\x08d\x7fe", ["abcde"]),
        ("a\u202eb\u200bc\ufeffd\u2066e\u00adf\ue000g\u0085h".encode(), ["abcdefgh"]),
        ("a\u00a0b\u3000c\u2028d".encode(), ["a b c d"]),
        (b"a\tb", ["a       b"]),
    ],
)
def test_lines(written: bytes, expected: list[str]) -> None:
    assert lines_of([written]) == expected
    assert lines_of([written[at : at + 1] for at in range(len(written))]) == expected


@given(text=st.text(), cuts=st.lists(st.integers(0, 60)))
def test_where_the_pieces_meet_does_not_matter(text: str, cuts: list[int]) -> None:
    written = text.encode()
    places = sorted({0, len(written), *(cut for cut in cuts if cut < len(written))})
    pieces = [written[start:end] for start, end in pairwise(places)]
    assert lines_of(pieces) == lines_of([written])


CONTROL = st.characters(categories=["Cc", "Cf", "Cs", "Co", "Zl", "Zp"])


@given(text=st.text() | st.text(CONTROL | st.sampled_from("\x1b[]0;m\x07\\P a")))
def test_a_clean_line_has_nothing_that_cannot_be_seen(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.isprintable()
    assert {unicodedata.category(each)[0] for each in cleaned} & {"C"} == set()


@given(pieces=st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126))), between=CONTROL)
def test_printable_ascii_is_never_lost(pieces: list[str], between: str) -> None:
    if between in "\x1b\x90\x98\x9b\x9d\x9e\x9f":  # those that begin a sequence
        between = ""
    kept = clean(between.join(pieces))
    assert kept.replace(" ", "") == "".join(pieces).replace(" ", "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ops-progress 30", Progress(0.3)),
        ("ops-progress 0", Progress(0)),
        ("ops-progress 100 done", Progress(1, "done")),
        ("ops-progress 12.5 half of a quarter", Progress(0.125, "half of a quarter")),
        ("ops-progress 3/10 copying é", Progress(0.3, "copying é")),
        ("ops-progress 0/7", Progress(0)),
        ("\x1b[32mops-progress 7/7\x1b[0m", Progress(1)),
        ("ops-progress", None),
        ("ops-progress 101", None),
        ("ops-progress -1", None),
        ("ops-progress 11/10", None),
        ("ops-progress 1/0", None),
        ("ops-progress 0/0", None),
        ("ops-progress nan", None),
        ("ops-progress 1e1", None),
        ("ops-progress 30%", None),
        ("ops-progress ٣", None),
        ("ops-progress 1/2/3", None),
        ("ops-progress " + "9" * 5000, None),
        (" ops-progress 30", None),
        ("ops-progress:30", None),
    ],
)
def test_progress(line: str, expected: Progress | None) -> None:
    seen = Seen()
    output = Output(Limits(), seen)
    output.feed(line.encode() + b"\n")
    assert (seen.steps, seen.lines) == (([expected], []) if expected else ([], [line]))


def test_a_long_line_is_cut_between_two_characters() -> None:
    limits = Limits(line_bytes=5)
    marker = " [cut here: the line is longer than 5 bytes]"
    assert lines_of(["ééé\nnext\nabcde\nabcdef".encode()], limits) == ["éé" + marker, "next", "abcde", "abcde" + marker]


def test_after_the_limit_one_line_tells_so_and_progress_goes_on(scripts: Scripts) -> None:
    text = "seq 1000; echo ops-progress 50; seq 100000 >&2; echo ops-progress 100; echo 1 > $OPS_RESULT"
    finished = scripts.run(text, BASH, output_bytes=10)
    marker = "[no more is shown: the output is longer than 10 bytes]"
    assert scripts.seen.lines == ["1", "2", "3", "4", "5", marker]
    assert scripts.seen.steps == [Progress(0.5), Progress(1)]
    assert (finished.output_cut, finished.result) == (True, 1)


def test_both_streams_are_shown_in_the_order_in_which_they_were_written(scripts: Scripts) -> None:
    finished = scripts.run("echo 1; echo 2 >&2; printf 3; printf 4 >&2", SH)
    assert (scripts.seen.lines, finished.output_cut) == (["1", "2", "34"], False)


@pytest.mark.attack(then="cut at the longest line, with a mark")
def test_64_kib_without_a_line_end(scripts: Scripts) -> None:
    scripts.run("head -c 65536 /dev/zero | tr '\\0' a", SH)
    assert scripts.seen.lines == ["a" * 16_384 + CUT]


@pytest.mark.attack(then="cut at the longest line; less than 50 MB of memory")
def test_a_line_of_200_megabytes_takes_no_memory(scripts: Scripts) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scripts.run("head -c 200000000 /dev/zero | tr '\\0' a; echo; echo next", SH)
    assert scripts.seen.lines == ["a" * 16_384 + CUT, "next"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


@pytest.mark.attack(then="waited for until its end")
def test_a_script_that_closes_its_output_is_waited_for(scripts: Scripts) -> None:
    finished = scripts.run("echo before; exec >&- 2>&-; sleep .5; echo 1 > $OPS_RESULT", SH)
    assert (scripts.seen.lines, finished.result) == (["before"], 1)
    assert finished.seconds > 0.4


@pytest.mark.attack(then="over with its own end; the child was killed")
def test_a_script_is_over_when_it_ends_though_its_child_keeps_the_pipe(scripts: Scripts) -> None:
    finished = scripts.run("sleep 1000 & yes & echo started; exit 0", SH, output_bytes=100)
    assert finished.seconds < 30


def test_all_that_was_written_before_the_end_is_shown(scripts: Scripts) -> None:
    scripts.run("(sleep 1000) & seq 10000", SH)
    assert scripts.seen.lines == [str(number) for number in range(1, 10001)]

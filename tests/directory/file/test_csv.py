"""The directory as a CSV file: what it accepts, and that every mistake is told with its line."""

from __future__ import annotations

import csv
import io
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_dashboard.directory.file import FileSource
from ops_dashboard.directory.models import DirectoryError, DirectoryGroup, DirectoryUser, Snapshot

HEADER = "id,email,name,active,groups\n"
GOOD = "u-1,oncall@ads.example.com,Ads on call,true,ads-oncall\n"
EXPECTED_HEADER = "the header id,email,name,active,groups, in which active may be left out"
TEXT = "text of 1 to 200 printable characters, without blanks around it"
GROUPS = "names of groups, with a ; between two, and without blanks around them"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def fetch(file: Path, content: str | bytes) -> Snapshot:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return FileSource("file", file, pause=timedelta(0)).fetch()


def problems(file: Path, content: str | bytes) -> list[str]:
    with pytest.raises(DirectoryError) as caught:
        fetch(file, content)
    return [line.removeprefix(str(file)).removeprefix(":") for line in str(caught.value).splitlines()]


def test_a_good_file_becomes_a_snapshot_whose_groups_are_those_that_somebody_is_in(file: Path) -> None:
    text = (
        HEADER + "u-1,OnCall@Ads.example.com,Ads on call,true,ads-oncall;search\n\n"
        'u-2,gone@example.com,"Gone, ""Gone""",false,\n'
        "7,new@example.com,New,true,search\n"
    )
    snapshot = fetch(file, text)
    assert snapshot.users.entries == (
        DirectoryUser("u-1", "oncall@ads.example.com", "Ads on call", active=True),
        DirectoryUser("u-2", "gone@example.com", 'Gone, "Gone"', active=False),
        DirectoryUser("7", "new@example.com", "New", active=True),
    )
    assert snapshot.groups.entries == (
        DirectoryGroup("ads-oncall", "ads-oncall", ("u-1",), ()),
        DirectoryGroup("search", "search", ("u-1", "7"), ()),
    )
    assert (snapshot.source, snapshot.origin, snapshot.notes) == ("file", str(file), ())
    assert snapshot.users.proof == f"read to its end: 3 users, 2 groups in {len(text)} bytes"
    assert snapshot.groups.proof == snapshot.users.proof


def test_without_the_column_active_nobody_is_said_to_be(file: Path) -> None:
    snapshot = fetch(file, "id,email,name,groups\nu-1,a@example.com,A,g\n")
    assert [user.active for user in snapshot.users.entries] == [None]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_the_line_ends_and_the_mark_that_spreadsheets_write_are_understood(
    file: Path, start: str, line_end: str
) -> None:
    content = (start + HEADER + GOOD).replace("\n", line_end)
    assert len(fetch(file, content).users.entries) == 1


def test_a_name_that_ends_in_capitals_is_csv_too(tmp_path: Path) -> None:
    assert len(fetch(tmp_path / "PEOPLE.CSV", HEADER + GOOD).users.entries) == 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", [f"1: got nothing, expected {EXPECTED_HEADER}"]),
        ("\n\n", [f"1: got nothing, expected {EXPECTED_HEADER}"]),
        (GOOD, [f"1: got '{GOOD.strip()}', expected {EXPECTED_HEADER}"]),
        ("id,email,name\n" + GOOD, [f"1: got 'id,email,name', expected {EXPECTED_HEADER}"]),
        ("id,mail,name,groups\n", [f"1: got 'id,mail,name,groups', expected {EXPECTED_HEADER}"]),
        ("id,email,email,name,groups\n", [f"1: got 'id,email,email,name,groups', expected {EXPECTED_HEADER}"]),
        ("id,name,email,groups\n", [f"1: got 'id,name,email,groups', expected {EXPECTED_HEADER}"]),
        ("id;email;name;groups\n", [f"1: got 'id;email;name;groups', expected {EXPECTED_HEADER}"]),
        ("Id,Email,Name,Groups\n", [f"1: got 'Id,Email,Name,Groups', expected {EXPECTED_HEADER}"]),
        (HEADER, ["1: got nothing after the header, expected at least one user"]),
        (
            HEADER + "u-1,a@example.com,A,true,\n",
            ["1: groups: got nothing in any row, expected at least one user who is in a group"],
        ),
        (
            HEADER + GOOD + "u-2,b@example.com,B,true\nu-3,c@example.com,C,true,g,\n \n",
            [
                "3: got a row of 4, expected a row of 5: id,email,name,active,groups",
                "4: got a row of 6, expected a row of 5: id,email,name,active,groups",
                "5: got a row of 1, expected a row of 5: id,email,name,active,groups",
            ],
        ),
        (
            HEADER + GOOD + ",x, B,no,;g\n",
            [
                f"3: id: got '', expected {TEXT}",
                "3: email: got 'x', expected an e-mail address in plain ASCII",
                f"3: name: got ' B', expected {TEXT}",
                "3: active: got 'no', expected true or false",
                f"3: groups[0]: got '', expected {GROUPS}",
            ],
        ),
        # The only one in a group has a mistake: that there is nobody else is not told, too.
        (
            HEADER + "u-1,a@example.com,A,true,\nu-2,b@example.com,B,no,g\n",
            ["3: active: got 'no', expected true or false"],
        ),
        (HEADER + GOOD + "u-2,b@example.com,B,,g\n", ["3: active: got '', expected true or false"]),
        (HEADER + GOOD + "u-2,b@example.com,B,TRUE,g\n", ["3: active: got 'TRUE', expected true or false"]),
        (
            HEADER + GOOD + "u-1,b@example.com,B,true,g\nu-3,ONCALL@ads.example.com,C,true,g\n",
            [
                "3: id: got 'u-1', expected each id once; line 2 has it too",
                "4: email: got 'oncall@ads.example.com', expected each email once; line 2 has it too",
            ],
        ),
        (HEADER + GOOD + "u-2,b@example.com,B,true,g;h;g\n", ["3: groups[2]: got 'g', expected each group once"]),
        (HEADER + GOOD + "u-2,b@example.com,B,true,g; h\n", [f"3: groups[1]: got ' h', expected {GROUPS}"]),
        (HEADER + GOOD + f"u-2,b@example.com,{'x' * 201},true,g\n", [f"3: name: got '{'x' * 78}…, expected {TEXT}"]),
        (HEADER + GOOD + "u-2,b@example.com,a\x00b,true,g\n", [f"3: name: got 'a\\x00b', expected {TEXT}"]),
        # The record begins on line 3, and the one after it stands on line 5.
        (
            HEADER + GOOD + 'u-2,b@example.com,"two\nlines",true,g\nu-3,c,C,true,g\n',
            [
                f"3: name: got 'two\\nlines', expected {TEXT}",
                "5: email: got 'c', expected an e-mail address in plain ASCII",
            ],
        ),
        (
            HEADER + 'u-1,x,A,true,g\nu-2,b@example.com,"B,true,g\nu-3,c@example.com,C,true,g\n',
            [
                "2: email: got 'x', expected an e-mail address in plain ASCII",
                "3: got 'u-2,b@example.com,\"B,true,g\\n', expected valid CSV (unexpected end of data)",
            ],
        ),
        (
            HEADER + 'u-1,a@example.com,"A"x,true,g\n',
            ["2: got 'u-1,a@example.com,\"A\"x,true,g\\n', expected valid CSV (',' expected after '\"')"],
        ),
        (
            HEADER + GOOD + f"u-2,b@example.com,{'x' * 200_000},true,g\n",
            [f"3: got 'u-2,b@example.com,{'x' * 60}…, expected valid CSV (field larger than field limit (131072))"],
        ),
        (
            HEADER + GOOD + "u-2,b@example.com,B,true,oncall;se",
            ["3: got no line break at its end, expected one: a file without may have been cut off"],
        ),
        ((HEADER + GOOD).encode() + b"u-2,b@example.com,Zo\xeb,true,g\n", ["3: got byte 0xeb, expected text in UTF-8"]),
        ((HEADER + GOOD).encode("utf-16"), ["1: got byte 0xff, expected text in UTF-8"]),
    ],
)
def test_a_mistake_is_told_with_its_line_value_and_what_is_accepted(
    file: Path, content: str | bytes, expected: list[str]
) -> None:
    assert problems(file, content) == expected


def test_a_missing_file_is_an_error_and_not_an_empty_directory(file: Path) -> None:
    with pytest.raises(DirectoryError, match="No such file or directory, expected a file that can be read"):
        FileSource("file", file).fetch()


def visible(without: str = "") -> st.SearchStrategy[str]:
    letters = st.characters(categories=["L", "M", "N", "P", "S"], exclude_characters=without, codec="utf-8")
    return st.text(letters, min_size=1, max_size=20)


NAMES = visible()
GROUP_NAMES = visible(without=";")
USERS = st.lists(
    st.tuples(NAMES, st.booleans(), st.lists(GROUP_NAMES, unique=True, max_size=4)), min_size=1, max_size=8
).filter(lambda users: any(groups for _, _, groups in users))


def written(users: list[tuple[str, bool, list[str]]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "email", "name", "active", "groups"])
    for number, (name, active, groups) in enumerate(users):
        writer.writerow([f"u-{number}", f"{number}@example.com", name, str(active).lower(), ";".join(groups)])
    return text.getvalue()


@given(USERS)
def test_what_a_csv_writer_writes_comes_back(users: list[tuple[str, bool, list[str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        snapshot = fetch(Path(folder, "people.csv"), written(users))
    assert [(user.name, user.active) for user in snapshot.users.entries] == [(name, on) for name, on, _ in users]
    back = {(group.name, user) for group in snapshot.groups.entries for user in group.member_users}
    assert back == {(group, f"u-{number}") for number, (_, _, groups) in enumerate(users) for group in groups}


@given(USERS, st.data())
def test_a_damaged_file_gives_a_snapshot_or_plain_errors(
    users: list[tuple[str, bool, list[str]]], data: st.DataObject
) -> None:
    content = written(users).encode()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    damage = data.draw(st.binary(max_size=6) | st.sampled_from([b'"', b",", b"\n", b"\r", b";", b"\x00", b"\xff"]))
    told = ""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "people.csv")
        try:
            snapshot = fetch(file, content[:start] + damage + content[end:])
        except DirectoryError as error:
            told = str(error)
            assert all(line.startswith(f"{file}:") for line in told.split("\n"))
        else:
            ids = {user.external_id for user in snapshot.users.entries}
            assert ids
            assert ids.issuperset(user for group in snapshot.groups.entries for user in group.member_users)
    assert all(len(line) < 600 and line.isprintable() for line in told.split("\n"))

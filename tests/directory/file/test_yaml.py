"""The directory as a YAML file: what it accepts, that every mistake is told at once, and that it is read whole."""

from __future__ import annotations

import json
import os
import re
import tempfile
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ops_dashboard.directory.file import FileSettings, FileSource
from ops_dashboard.directory.file.at_rest import read_at_rest
from ops_dashboard.directory.models import DirectoryError, DirectoryGroup, DirectoryUser, Listing, Snapshot
from ops_dashboard.directory.settings import Server

ANNA: dict[str, Any] = {"id": "u-1", "email": "oncall@ads.example.com", "name": "Ads on call"}
BERT: dict[str, Any] = {"id": "u-2", "email": "oncall@search.example.com", "name": "Search on call"}
ADS: dict[str, Any] = {"id": "g-1", "name": "ads-oncall", "users": ["u-1"], "groups": ["g-2"]}
LEADS: dict[str, Any] = {"id": "g-2", "name": "ads-leads", "users": ["u-2"]}

AT_ONCE = timedelta(0)

EMPTY = [{"id": "g-1", "name": "ads-oncall"}]


def directory(users: object = (ANNA, BERT), groups: object = (ADS, LEADS), **more: object) -> dict[str, object]:
    return {"users": users, "groups": groups, **more}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "directory.yaml"


def fetch(file: Path, content: object) -> Snapshot:
    """Write the content, as JSON (which YAML contains) unless it is text, and read it."""
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return FileSource("file", file, pause=AT_ONCE).fetch()


def problems(file: Path, content: object) -> list[str]:
    with pytest.raises(DirectoryError) as caught:
        fetch(file, content)
    return [re.sub(r"^.*directory\.yaml(:\d+)?: ", "", line) for line in str(caught.value).splitlines()]


def test_a_good_file_becomes_a_snapshot(file: Path) -> None:
    text = """
users:
  - id: u-1
    email: OnCall@Ads.example.com
    name: Ads on call
    active: true
  - {id: u-2, email: gone@example.com, name: Gone, active: false}
groups:
  - id: g-1
    name: ads-oncall
    users: [u-1]
    groups: [g-2]
  - {id: g-2, name: ads-leads}
"""
    proof = f"read to its end: 2 users, 2 groups in {len(text)} bytes"
    assert fetch(file, text) == Snapshot(
        source="file",
        origin=str(file),
        users=Listing(
            (
                DirectoryUser("u-1", "oncall@ads.example.com", "Ads on call", active=True),
                DirectoryUser("u-2", "gone@example.com", "Gone", active=False),
            ),
            proof,
        ),
        groups=Listing(
            (DirectoryGroup("g-1", "ads-oncall", ("u-1",), ("g-2",)), DirectoryGroup("g-2", "ads-leads", (), ())), proof
        ),
    )


LINE = "text of 1 to 200 printable characters, in quotes if it looks like a number"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ["got nothing, expected a mapping with the keys users and groups"]),
        ("[]", ["got [], expected a mapping with the keys users and groups"]),
        (
            "{}",
            [
                "users: got nothing, expected a list with at least one entry",
                "groups: got nothing, expected a list with at least one entry",
            ],
        ),
        (directory([], EMPTY), ["users: got [], expected a list with at least one entry"]),
        (
            directory(groups={"g-1": ADS}),
            [f"groups: got {repr({'g-1': ADS})[:79]}…, expected a list with at least one entry"],
        ),
        (directory(people=[]), ["people: got the key 'people', expected users or groups"]),
        (
            directory([ANNA, "u-2"], EMPTY),
            ["users[1]: got 'u-2', expected a mapping with the keys id, email, name, active"],
        ),
        (directory([ANNA, {**BERT, "id": 2}], EMPTY), [f"users[1].id: got 2, expected {LINE}"]),
        (directory([ANNA, {**BERT, "id": ""}], EMPTY), [f"users[1].id: got '', expected {LINE}"]),
        (
            directory([ANNA, {**BERT, "name": "x" * 100_000}], EMPTY),
            [f"users[1].name: got '{'x' * 78}…, expected {LINE}"],
        ),
        (
            directory([ANNA, {**BERT, "name": "two\nlines"}], EMPTY),
            [f"users[1].name: got 'two\\nlines', expected {LINE}"],
        ),
        (directory([ANNA, {**BERT, "active": "no"}], EMPTY), ["users[1].active: got 'no', expected true or false"]),
        (
            directory([ANNA, {**BERT, "mail": "x"}], EMPTY),
            ["users[1].mail: got a key that is not known, expected the keys id, email, name, active"],
        ),
        (
            directory([ANNA, {"id": "u-2", "name": "Bert"}], EMPTY),
            ["users[1].email: got nothing, expected an e-mail address in plain ASCII"],
        ),
        (directory(groups=[{"id": "g-1", "users": ["u-1"]}]), [f"groups[0].name: got nothing, expected {LINE}"]),
        (
            directory(groups=[{**LEADS, "users": "u-1"}]),
            ["groups[0].users: got 'u-1', expected a list of the ids of users"],
        ),
        (
            directory(groups=[{**LEADS, "users": [1]}]),
            ["groups[0].users[0]: got 1, expected a list of the ids of users"],
        ),
        (
            directory([ANNA, {**BERT, "id": "u-1"}], EMPTY),
            ["users[1].id: got 'u-1', expected each id once; users[0] has it too"],
        ),
        (
            directory([ANNA, {**BERT, "email": "ONCALL@ads.example.com"}], EMPTY),
            ["users[1].email: got 'oncall@ads.example.com', expected each email once; users[0] has it too"],
        ),
        (
            directory(groups=[LEADS, {**LEADS, "name": "other"}]),
            ["groups[1].id: got 'g-2', expected each id once; groups[0] has it too"],
        ),
        (
            directory(groups=[LEADS, {**LEADS, "id": "g-3"}]),
            ["groups[1].name: got 'ads-leads', expected each name once; groups[0] has it too"],
        ),
        (
            directory(groups=[{**LEADS, "users": ["u-9"]}]),
            ["groups[0].users[0]: got 'u-9', expected the id of one of the file's users"],
        ),
        (
            directory(groups=[{**LEADS, "groups": ["u-1"]}]),
            ["groups[0].groups[0]: got 'u-1', expected the id of one of the file's groups"],
        ),
        (
            directory(groups=[{**LEADS, "users": ["u-1", "u-1"]}]),
            ["groups[0].users[1]: got 'u-1', expected each member once"],
        ),
        (
            "users: [{id: a, id: b, email: a@b, name: A}]\ngroups: [{id: g, name: g}]",
            ["users[0].id: got 'id' again, expected each key once; it is on line 1"],
        ),
        (
            "users: [!!python/object:os.system x]\ngroups: [{id: g, name: g}]",
            ["users[0]: got 'tag:yaml.org,2002:python/object:os.system', expected a value without a tag"],
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_value_and_what_is_accepted(
    file: Path, content: object, expected: list[str]
) -> None:
    assert problems(file, content) == expected


@pytest.mark.parametrize(
    "email", ["", "anna", "anna@", "@b", "a b@c", "a@b@c", "ann\u00e4@b", "a@b\n", "x" * 250 + "@b.de", 7]
)
def test_what_is_no_plain_address_is_refused(file: Path, email: object) -> None:
    (problem,) = problems(file, directory(users=[ANNA, {**BERT, "email": email}]))
    assert problem.startswith("users[1].email: got ")


def test_all_mistakes_of_a_file_are_told_at_once_in_the_order_of_its_lines(file: Path) -> None:
    text = """
users:
  - {id: u-1, email: nonsense, name: A}
  - {id: u-1, email: b@example.com, name: "B", extra: 1}
  - {id: u-2, email: b@example.com, name: B}
groups:
  - {id: g-1, name: a, users: [u-1, u-9]}
  - {id: g-2, name: a}
"""
    with pytest.raises(DirectoryError) as caught:
        fetch(file, text)
    places = [line.removeprefix(f"{file}:").split(": got")[0] for line in str(caught.value).splitlines()]
    assert places == ["3: users[0].email", "4: users[1].extra", "7: groups[0].users[1]", "8: groups[1].name"]


def test_a_member_whose_own_entry_has_a_mistake_is_not_called_unknown_too(file: Path) -> None:
    (problem,) = problems(file, directory(users=[{**ANNA, "email": "x"}, BERT]))
    assert problem.startswith("users[0].email")


def test_a_missing_file_is_an_error_and_not_an_empty_directory(file: Path) -> None:
    with pytest.raises(DirectoryError, match="No such file or directory, expected a file that can be read"):
        FileSource("file", file).fetch()


def test_groups_may_contain_each_other(file: Path) -> None:
    circle = [{**ADS, "groups": ["g-2"]}, {**LEADS, "groups": ["g-1", "g-2"]}]
    assert fetch(file, directory(groups=circle)).groups.entries[1].member_groups == ("g-1", "g-2")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*ANNA, *ADS, "active"]), inner),
    )
)
def test_whatever_is_in_the_file_there_is_a_snapshot_or_a_plain_error(content: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for top in (content, directory(users=content), directory(groups=[content])):
            told = ""
            try:
                fetch(Path(folder, "directory.yaml"), top)
            except DirectoryError as error:
                told = str(error)
            assert all(len(line) < 600 and line.isprintable() for line in told.split("\n"))


def test_the_settings_give_a_source_of_their_name_and_path(file: Path) -> None:
    file.write_text(json.dumps(directory()))
    for more, name in (({}, "file"), ({"name": "small-company"}, "small-company")):
        settings = FileSettings.model_validate({"kind": "file", "path": str(file), **more})
        snapshot = settings.source(Server()).fetch()
        assert (snapshot.source, snapshot.origin, len(snapshot.users.entries)) == (name, str(file), 2)


@pytest.mark.parametrize(
    "path", [None, 3, "", "/", "directory.yaml", "./directory.yaml", "/a\nb.yaml", "/a\x00b", "/" + "x" * 4096]
)
def test_a_path_that_is_not_absolute_is_refused(path: object) -> None:
    with pytest.raises(ValidationError) as caught:
        FileSettings.model_validate({"kind": "file", "path": path})
    assert [error["loc"] for error in caught.value.errors()] == [("path",)]


def test_what_is_being_written_while_it_is_read_is_read_again(file: Path) -> None:
    file.write_text("a")
    pieces = iter("bc")

    def read(path: Path) -> str:
        text = path.read_text()
        with path.open("a") as more:
            more.write(next(pieces, ""))
        return text

    assert read_at_rest(file, read, AT_ONCE) == ("abc", 3)


def test_what_is_replaced_while_it_is_read_is_read_again(file: Path) -> None:
    file.write_text("old")
    new = file.with_suffix(".new")
    new.write_text("new")
    # Same size and same times: only the inode differs.
    os.utime(new, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))

    def read(path: Path) -> str:
        text = path.read_text()
        if new.exists():
            new.rename(path)
        return text

    assert read_at_rest(file, read, AT_ONCE) == ("new", 3)


def test_a_file_that_does_not_come_to_rest_is_an_error(file: Path) -> None:
    file.write_text(json.dumps(directory()))
    enough = threading.Event()

    def write_on() -> None:
        with file.open("a") as more:
            while not enough.wait(0.001):
                more.write(" ")
                more.flush()

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        with pytest.raises(DirectoryError, match="changed each of the 5 times it was read; write the new content to"):
            FileSource("file", file).fetch()
    finally:
        enough.set()
        writer.join()


def test_a_pipe_is_refused_instead_of_waited_for(file: Path) -> None:
    os.mkfifo(file)
    with pytest.raises(DirectoryError, match="no regular file, expected a file that can be read"):
        FileSource("file", file).fetch()


def test_a_folder_is_refused(file: Path) -> None:
    file.mkdir()
    with pytest.raises(DirectoryError, match="Is a directory, expected a file that can be read"):
        FileSource("file", file).fetch()

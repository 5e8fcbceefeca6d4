"""What may be the name of a script, which files are read, and that what was read is what runs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ops_dashboard.scripts import ScriptMissingError, command_line, is_script_name, read_script
from tests.scripts.running import BASH, PYTHON, SH, Scripts


@pytest.mark.parametrize("name", ["rebuild.py", "ads/rebuild.py", "a", "a/b/c-d_e.F9", "-x", "x" * 200])
def test_good_names(name: str) -> None:
    assert is_script_name(name)


BAD_NAMES = [
    "",
    "/etc/passwd",
    "../secret",
    "ads/../../secret",
    "ads/./rebuild.py",
    ".hidden",
    "ads/.hidden",
    "ads//rebuild.py",
    "ads/",
    "a b",
    "a\n",
    "a\0b",
    "$(id)",
    "a;b",
    "ads\\rebuild.py",
    "rebuild\u202e.py",
    "r\u0435build.py",  # the e is Cyrillic
    "x" * 201,
]


@pytest.mark.attack(then="refused by its name; nothing was opened")
@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_told_and_nothing_is_opened(tmp_path: Path, name: str) -> None:
    assert not is_script_name(name)
    with pytest.raises(ScriptMissingError, match="expected a path such as ads/rebuild"):
        read_script(tmp_path / "missing", name, PYTHON)


def test_a_script_is_its_bytes_and_their_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "ads").mkdir()
    (tmp_path / "ads/rebuild.py").write_bytes(b"print(1)\n")
    script = read_script(tmp_path, "ads/rebuild.py", PYTHON)
    assert (script.name, script.interpreter, script.content) == ("ads/rebuild.py", PYTHON, b"print(1)\n")
    assert script.sha256 == hashlib.sha256(b"print(1)\n").hexdigest()
    assert "print" not in repr(script)


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a").write_text("echo")
    (tmp_path / "current").symlink_to("real")
    assert read_script(tmp_path / "current", "a", SH).content == b"echo"


def link_to_file(place: Path) -> None:
    (place.parent / "outside").write_text("id")
    place.symlink_to(place.parent / "outside")


def link_in_the_way(place: Path) -> None:
    (place.parent / "outside").mkdir()
    (place.parent / "outside/a").write_text("id")
    place.symlink_to(place.parent / "outside")


@pytest.mark.attack(then="refused: no link is followed, only a regular file is read")
@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        (lambda _: None, "x", "there is no such file in"),
        (lambda place: place.write_text("id"), "x/a", "cannot be read from"),
        (link_to_file, "x", "is a symbolic link, which is not followed"),
        (link_in_the_way, "x/a", "is a symbolic link, which is not followed"),
        (lambda place: place.symlink_to("nowhere"), "x", "is a symbolic link"),
        (lambda place: place.mkdir(), "x", "it is no regular file"),
        (os.mkfifo, "x", "it is no regular file"),
        (lambda place: place.write_bytes(b""), "x", "the file is empty"),
        (lambda place: place.write_bytes(b"#" * 1_000_001), "x", "the file is larger than 1000000 bytes"),
    ],
)
def test_what_is_no_script_is_refused(tmp_path: Path, make: Callable[[Path], None], name: str, message: str) -> None:
    make(tmp_path / "x")
    with pytest.raises(ScriptMissingError, match=message):
        read_script(tmp_path, name, SH)


def test_the_largest_script_is_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"#" * 1_000_000)
    assert len(read_script(tmp_path, "x", SH).content) == 1_000_000


@pytest.mark.attack(then="what was read and recorded ran, not what took its place")
def test_what_was_read_runs_though_the_file_was_swapped_since(tmp_path: Path) -> None:
    scripts = Scripts(tmp_path)
    script = scripts.write("echo as reviewed", BASH)
    (tmp_path / "script").write_text("echo something else")
    scripts.run(script)
    assert scripts.seen.lines == ["as reviewed"]


def test_a_preview_shows_the_whole_command(tmp_path: Path) -> None:
    script = Scripts(tmp_path).write("echo", BASH)
    program, *others = command_line(script, ["a b", "$x"])
    assert Path(program).is_absolute()
    assert others == ["--noprofile", "--norc", "script", "a b", "$x"]

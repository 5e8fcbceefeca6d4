"""The folder of a run is removed, whatever a script has made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.running import BASH, Scripts


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "mkdir -p a/b; touch a/b/c; chmod 0 a/b a .",
        'p=.; for i in $(seq 300); do p="$p/dddddddd"; done; mkdir -p $p',
        "ln -s / root; ln -s .. up; mkfifo pipe; touch -- '-rf' ' ' \"$(printf 'a\\nb')\" .hidden",
        "for i in $(seq 500); do mkdir d && cd d; done; touch deepest",
        "rm -r *",
    ],
)
def test_the_folder_is_removed_whatever_is_in_it(scripts: Scripts, text: str) -> None:
    scripts.run(text, BASH)  # and looks itself


def test_what_a_link_in_the_folder_points_to_stays(scripts: Scripts, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").touch()
    scripts.run(f"ln -s {tmp_path}/kept a; mkdir b; ln -s {tmp_path}/kept b/c; ln {tmp_path}/kept/file d", BASH)
    assert (tmp_path / "kept/file").exists()


def test_what_cannot_be_removed_is_told_in_the_log(scripts: Scripts, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(AssertionError):  # of the runner: something is left
        scripts.run('mv "$PWD" "$PWD.moved"; exit 0', BASH)
    assert "could not be removed" in caplog.text
    for each in scripts.places.iterdir():
        each.rmdir()

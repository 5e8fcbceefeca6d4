"""The catalog of this installation: read again when a file of it changed, and only then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from ops_dashboard.catalog import Catalog, CatalogError, current, load_catalog
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.settings import settings


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    settings.cache_clear()
    current._load.cache_clear()
    yield
    settings.cache_clear()
    current._load.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "catalog"
    folder.mkdir()
    configure(folder, monkeypatch)
    write(folder / "staff.yaml", "staff")
    return folder


def configure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(folder))
    settings.cache_clear()


def write(file: Path, group: str, second: int = 0) -> None:
    """Write a catalog with one grant, as if at that second: files of one clock tick look alike."""
    file.write_text(f"grants: [{{group: {group}, action: view:*}}]\n")
    os.utime(file, (second, second))


def groups(catalog: Catalog) -> list[str]:
    return [grant.group for grant in catalog.grants]


def test_it_is_read_once_while_nothing_changes(folder: Path) -> None:
    assert current_catalog() is current_catalog()


@pytest.mark.parametrize("second", [1, -1])
def test_it_is_read_again_when_a_file_has_another_time(folder: Path, second: int) -> None:
    assert groups(current_catalog()) == ["staff"]
    write(folder / "staff.yaml", "stuff", second)
    assert groups(current_catalog()) == ["stuff"]


def test_it_is_read_again_when_a_file_has_another_size(folder: Path) -> None:
    assert groups(current_catalog()) == ["staff"]
    write(folder / "staff.yaml", "everybody")
    assert groups(current_catalog()) == ["everybody"]


def test_it_is_read_again_when_a_file_comes_goes_or_gets_another_name(folder: Path) -> None:
    write(folder / "more.yaml", "more")
    assert groups(current_catalog()) == ["more", "staff"]
    (folder / "more.yaml").rename(folder / "zoo.yaml")
    assert groups(current_catalog()) == ["staff", "more"]
    (folder / "zoo.yaml").unlink()
    assert groups(current_catalog()) == ["staff"]


def test_it_follows_the_settings(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert groups(current_catalog()) == ["staff"]
    other = tmp_path / "other"
    other.mkdir()
    write(other / "staff.yaml", "other")
    configure(other, monkeypatch)
    assert groups(current_catalog()) == ["other"]


def test_it_follows_a_link_that_is_led_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "current"
    for second, group in enumerate(["old", "new"]):
        (tmp_path / group).mkdir()
        write(tmp_path / group / "team.yaml", group, second)
    link.symlink_to("old")
    configure(link, monkeypatch)
    assert groups(current_catalog()) == ["old"]
    link.unlink()
    link.symlink_to("new")
    assert groups(current_catalog()) == ["new"]


def test_mistakes_are_told_each_time_until_they_are_corrected(folder: Path) -> None:
    write(folder / "staff.yaml", "''")
    for _ in range(2):
        with pytest.raises(CatalogError, match=r"grants\[0\]\.group: got ''"):
            current_catalog()
    write(folder / "staff.yaml", "staff")
    assert groups(current_catalog()) == ["staff"]


def test_mistakes_are_looked_for_once_in_a_moment_and_again_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That a file could not be read leaves no trace on it."""
    write(folder / "staff.yaml", "''")
    reads: list[Path] = []

    def counted(folder: Path) -> Catalog:
        reads.append(folder)
        return load_catalog(folder)

    monkeypatch.setattr("ops_dashboard.catalog.current.load_catalog", counted)
    for _ in range(3):
        with pytest.raises(CatalogError):
            current_catalog()
    assert len(reads) == 1
    monkeypatch.setattr("ops_dashboard.catalog.current.monotonic", lambda: monotonic() + 3)
    with pytest.raises(CatalogError):
        current_catalog()
    assert len(reads) == 2


def test_it_follows_links_through_a_folder_that_is_led_elsewhere(folder: Path, tmp_path: Path) -> None:
    """As with a ConfigMap: each file is a link through a folder that is a link, which alone is replaced."""
    for version in ("one", "two"):
        (tmp_path / version).mkdir()
        write(tmp_path / version / "teams.yaml", version, second=len(list(tmp_path.iterdir())))
    (tmp_path / "now").symlink_to("one")
    (folder / "teams.yaml").symlink_to(tmp_path / "now" / "teams.yaml")
    assert groups(current_catalog()) == ["staff", "one"]
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").rename(tmp_path / "now")
    assert groups(current_catalog()) == ["staff", "two"]
    write(tmp_path / "two" / "teams.yaml", "three", second=9)
    assert groups(current_catalog()) == ["staff", "three"]


def test_a_link_that_is_mended_is_followed_again(folder: Path, tmp_path: Path) -> None:
    (folder / "teams.yaml").symlink_to(tmp_path / "teams.yaml")
    with pytest.raises(CatalogError, match="No such file"):
        current_catalog()
    write(tmp_path / "teams.yaml", "teams")
    assert groups(current_catalog()) == ["staff", "teams"]


def test_a_link_that_leads_nowhere_is_told_by_the_reader(folder: Path, tmp_path: Path) -> None:
    assert groups(current_catalog()) == ["staff"]
    (folder / "dangling.yaml").symlink_to(tmp_path / "gone")
    with pytest.raises(CatalogError, match=r"dangling\.yaml: got No such file or directory"):
        current_catalog()


def test_a_missing_folder_is_told_by_the_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path / "gone", monkeypatch)
    with pytest.raises(CatalogError, match="got No such file or directory, expected a folder that can be read"):
        current_catalog()


def test_a_file_that_goes_while_the_folder_is_looked_at_is_absent(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "swapped.yaml", "swapped")
    listed = Path.iterdir

    def list_and_swap(path: Path) -> Iterator[Path]:
        files = list(listed(path))
        (folder / "swapped.yaml").unlink(missing_ok=True)
        return iter(files)

    monkeypatch.setattr(Path, "iterdir", list_and_swap)
    catalog = current_catalog()
    assert groups(catalog) == ["staff"]
    assert current_catalog() is catalog

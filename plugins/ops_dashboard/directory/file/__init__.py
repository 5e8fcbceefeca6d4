"""The directory as a file, for a demo or a small company: YAML (`yaml_form`), or CSV (`csv_form`).

Replace the file, don't rewrite it: write the new content beside it, then rename that. A file that changes while it is
read is read again, but a writer that stops half-way leaves what may well be a valid file, and nothing in it tells that
more was to come.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ops_dashboard.directory.file.at_rest import read_at_rest
from ops_dashboard.directory.file.csv_form import read_csv
from ops_dashboard.directory.file.yaml_form import read_yaml
from ops_dashboard.directory.models import DirectoryError, Listing, Snapshot
from ops_dashboard.directory.settings import Server, SourceSettings
from ops_dashboard.strict_yaml import in_order, one_line

_PAUSE = timedelta(milliseconds=100)


class FileSettings(SourceSettings):
    """A directory that is a file on the machine on which the sync runs.

    Attributes:
        path: Absolute, since tasks don't all run in the same folder.
    """

    kind: Literal["file"] = "file"
    path: Annotated[str, Field(pattern="^/."), one_line(4096)] = Field(
        description="the absolute path of a YAML file, or of a CSV file whose name ends in .csv"
    )

    def source(self, server: Server) -> FileSource:  # noqa: ARG002 - a file is on no server
        """Return the source; the file is not looked at yet."""
        return FileSource(self.source_name, Path(self.path))


class FileSource:
    """Reads the file anew each time."""

    def __init__(self, name: str, path: Path, *, pause: timedelta = _PAUSE) -> None:
        """Remember where the file is.

        Args:
            name: Under which its users and groups are kept.
            path: Of the file; it is CSV if that ends in `.csv`.
            pause: How long the file has to stay as it is after it was read.
        """
        self._name = name
        self._path = path
        self._pause = pause

    def fetch(self) -> Snapshot:
        """Return what the file says, with e-mails in lower case.

        Raises:
            DirectoryError: The file is missing, empty, does not come to rest or has mistakes; lists all of them, one a
                line.
        """
        read = read_csv if self._path.suffix.lower() == ".csv" else read_yaml
        content, size = read_at_rest(self._path, read, self._pause)
        if content.mistakes:
            mistakes = "\n".join(map(str, in_order(content.mistakes)))
            raise DirectoryError(mistakes, public=f"{self._path} has mistakes")
        proof = f"read to its end: {len(content.users)} users, {len(content.groups)} groups in {size} bytes"
        return Snapshot(
            source=self._name,
            origin=str(self._path),
            users=Listing(content.users, proof),
            groups=Listing(content.groups, proof),
        )

"""The directory as a CSV file (RFC 4180, UTF-8), one row for each user.

id,email,name,active,groups
u-1,oncall@ads.example.com,Ads on call,true,ads-oncall;search-oncall
u-2,gone@example.com,Gone,false,

The column active may be left out, and nobody is suspended or reinstated then; false suspends. The last line must end
with a line break: a file that was cut off ends without. A group is known by its name alone and exists while somebody is
in it: one that is renamed is another group. Groups in groups can't be told in this form, nor can a name that has a `;`.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ops_dashboard.directory.consistent import LONGEST_NAME
from ops_dashboard.directory.file.content import Content, Email, repeated
from ops_dashboard.directory.models import DirectoryGroup, DirectoryUser
from ops_dashboard.strict_yaml import FileMistake, Steps, YamlDocument, model_mistakes, one_line
from ops_dashboard.text import shown

_HEADERS = (("id", "email", "name", "active", "groups"), ("id", "email", "name", "groups"))
_EXPECTED_HEADER = f"the header {','.join(_HEADERS[0])}, in which active may be left out"
_BETWEEN_GROUPS = ";"

_Text = Annotated[str, one_line(LONGEST_NAME)]
_TEXT = f"text of 1 to {LONGEST_NAME} printable characters, without blanks around it"


class _Row(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: _Text = Field(description=_TEXT)
    email: Email
    name: _Text = Field(description=_TEXT)
    active: Literal["true", "false"] = Field(default="true", description="true or false")
    groups: list[_Text] = Field(description="names of groups, with a ; between two, and without blanks around them")

    @property
    def is_active(self) -> bool | None:
        """None if the file does not say."""
        return self.active == "true" if "active" in self.model_fields_set else None


def read_csv(path: Path) -> Content:
    """Return what the file says, or all its mistakes."""
    reading = _Reading(str(path))
    try:
        rows = reading.rows(path.read_bytes())
    except OSError as error:
        reading.refuse(None, (), error.strerror or "an error", "a file that can be read")
        rows = {}
    members: dict[str, list[str]] = defaultdict(list)
    for row in rows.values():
        for group in row.groups:
            members[group].append(row.id)
    if rows and not members and not reading.mistakes:
        reading.refuse(1, ("groups",), "nothing in any row", "at least one user who is in a group")
    return Content(
        users=tuple(DirectoryUser(row.id, row.email, row.name, row.is_active) for row in rows.values()),
        groups=tuple(DirectoryGroup(name, name, tuple(users), ()) for name, users in members.items()),
        mistakes=tuple(reading.mistakes),
    )


class _Reading:
    """One file, and what is wrong with it."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.mistakes: list[FileMistake] = []

    def rows(self, content: bytes) -> dict[int, _Row]:
        """By the line on which each begins, those with mistakes left out."""
        records = self._records(self._text(content))
        line, header = next(records, (1, ()))
        if tuple(header) not in _HEADERS:
            if not self.mistakes:
                self.refuse(line, (), shown(",".join(header) or None), _EXPECTED_HEADER)
            return {}
        found = dict(records)
        if not found and not self.mistakes:
            self.refuse(line, (), "nothing after the header", "at least one user")
        rows = {line: row for line, cells in found.items() if (row := self._row(line, header, cells))}
        for field in ("id", "email"):
            for line, value, first in repeated((line, getattr(row, field)) for line, row in rows.items()):
                self.refuse(line, (field,), shown(value), f"each {field} once; line {first} has it too")
        if not self.mistakes and not content.endswith((b"\n", b"\r")):
            line = content.count(b"\n") + 1
            self.refuse(line, (), "no line break at its end", "one: a file without may have been cut off")
        return rows

    def refuse(self, line: int | None, path: Steps, value: str, expected: str) -> None:
        self.mistakes.append(FileMistake(self._file, path, line, value, expected))

    def _text(self, content: bytes) -> str:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            self.refuse(line, (), f"byte 0x{error.object[error.start]:02x}", "text in UTF-8")
            return ""

    def _records(self, text: str) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield the cells of all lines that are not empty; a syntax error ends them."""
        lines = list(io.StringIO(text, newline=""))
        reader = csv.reader(lines, strict=True)
        line = 1
        try:
            for cells in reader:
                if cells:
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            self.refuse(line, (), shown(lines[line - 1]), f"valid CSV ({error})")

    def _row(self, line: int, header: Sequence[str], cells: Sequence[str]) -> _Row | None:
        if len(cells) != len(header):
            self.refuse(line, (), f"a row of {len(cells)}", f"a row of {len(header)}: {','.join(header)}")
            return None
        raw: dict[str, object] = dict(zip(header, cells, strict=True))
        raw["groups"] = cells[-1].split(_BETWEEN_GROUPS) if cells[-1] else []
        try:
            row = _Row.model_validate(raw)
        except ValidationError as error:
            document = YamlDocument(self._file, raw, MappingProxyType({(): line}), ())
            self.mistakes += model_mistakes(document, (), _Row, error)
            return None
        for place, group, _ in repeated(enumerate(row.groups)):
            self.refuse(line, ("groups", place), shown(group), "each group once")
        return row

"""The directory as a YAML file.

users:
  - id: u-1                       # never given to anybody else
    email: oncall@ads.example.com
    name: Ads on call
    active: true                  # false suspends, and only true ends that; may be left out
groups:
  - id: g-1
    name: ads-oncall              # what grants name
    users: [u-1]                  # ids of users
    groups: [g-2]                 # ids of groups, whose members are members here too
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ops_dashboard.directory.consistent import LONGEST_NAME
from ops_dashboard.directory.file.content import Content, Email, repeated
from ops_dashboard.directory.models import DirectoryGroup, DirectoryUser
from ops_dashboard.strict_yaml import HOLE, FileMistake, Steps, model_mistakes, one_line, read_strict_yaml
from ops_dashboard.text import shown

_Line = Annotated[
    str,
    one_line(LONGEST_NAME),
    Field(description=f"text of 1 to {LONGEST_NAME} printable characters, in quotes if it looks like a number"),
]


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: _Line


class _User(_Entry):
    email: Email
    name: _Line
    active: bool = Field(default=True, description="true or false")

    @property
    def is_active(self) -> bool | None:
        """None if the file does not say."""
        return self.active if "active" in self.model_fields_set else None


class _Group(_Entry):
    name: _Line
    users: list[_Line] = Field(default=[], description="a list of the ids of users")
    groups: list[_Line] = Field(default=[], description="a list of the ids of groups")


EntryT = TypeVar("EntryT", bound=_Entry)

# By position in the file's list, entries with mistakes left out.
_Section = Mapping[int, EntryT]


def read_yaml(path: Path) -> Content:
    """Return what the file says, or all its mistakes."""
    reading = _Reading(path)
    users, groups = reading.section("users", _User), reading.section("groups", _Group)
    for field in ("id", "email"):
        reading.check_once("users", users, field)
    for field in ("id", "name"):
        reading.check_once("groups", groups, field)
    for field in ("users", "groups"):
        reading.check_members(groups, field)
    return Content(
        users=tuple(DirectoryUser(user.id, user.email, user.name, user.is_active) for user in users.values()),
        groups=tuple(
            DirectoryGroup(group.id, group.name, tuple(group.users), tuple(group.groups)) for group in groups.values()
        ),
        mistakes=tuple(reading.mistakes),
    )


class _Reading:
    """One file, and what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self._document = read_strict_yaml(path)
        self.mistakes: list[FileMistake] = [*self._document.mistakes]
        self._top = self._sections(self._document.value)

    def section(self, key: str, model: type[EntryT]) -> _Section[EntryT]:
        entries: dict[int, EntryT] = {}
        for position, raw in enumerate(self._top.get(key, [])):
            try:
                entries[position] = model.model_validate(raw)
            except ValidationError as error:
                self.mistakes += model_mistakes(self._document, (key, position), model, error)
        return entries

    def check_once(self, key: str, entries: _Section[EntryT], field: str) -> None:
        values = ((position, getattr(entry, field)) for position, entry in entries.items())
        for position, value, first in repeated(values):
            self._refuse((key, position, field), shown(value), f"each {field} once; {key}[{first}] has it too")

    def check_members(self, groups: _Section[_Group], key: str) -> None:
        # Also the ids of entries with mistakes: they are known, and told about already.
        ids = (raw.get("id") for raw in self._top.get(key, []) if isinstance(raw, dict))
        known = {each for each in ids if isinstance(each, str)}
        for position, group in groups.items():
            members: list[str] = getattr(group, key)
            for place, member in enumerate(members):
                if member not in known:
                    self._refuse(("groups", position, key, place), shown(member), f"the id of one of the file's {key}")
            for place, member, _ in repeated(enumerate(members)):
                if member in known:
                    self._refuse(("groups", position, key, place), shown(member), "each member once")

    def _sections(self, top: object) -> dict[str, list[object]]:
        if top is HOLE:
            return {}
        if not isinstance(top, dict):
            self._refuse((), shown(top), "a mapping with the keys users and groups")
            return {}
        for key in top:
            if key not in ("users", "groups"):
                self._refuse((key,), f"the key {shown(key)}", "users or groups")
        sections = {key: top.get(key) for key in ("users", "groups")}
        for key, entries in sections.items():
            if entries is not HOLE and not (isinstance(entries, list) and entries):
                self._refuse((key,), shown(entries), "a list with at least one entry")
        return {key: entries for key, entries in sections.items() if isinstance(entries, list)}

    def _refuse(self, path: Steps, value: str, expected: str) -> None:
        self.mistakes.append(self._document.mistake(path, value, expected))

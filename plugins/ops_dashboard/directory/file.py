"""The directory as a YAML file, for a demo or a small company.

users:
  - id: u-1                       # never given to anybody else
    email: oncall@ads.example.com
    name: Ads on call
    active: true                  # may be left out; false suspends
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

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ops_dashboard.directory.models import DirectoryError, DirectoryGroup, DirectoryUser, Snapshot
from ops_dashboard.strict_yaml import HOLE, FileMistake, Steps, in_order, model_mistakes, one_line, read_strict_yaml
from ops_dashboard.text import shown

_Line = Annotated[
    str,
    one_line(200),
    Field(description="text of 1 to 200 printable characters, in quotes if it looks like a number"),
]
_Email = Annotated[
    str,
    # Plain ASCII: two addresses that look alike must be alike.
    Field(pattern=r"^[!-?A-~]+@[!-?A-~]+$", max_length=254, description="an e-mail address in plain ASCII"),
    AfterValidator(str.lower),
]


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: _Line


class _User(_Entry):
    email: _Email
    name: _Line
    active: bool = Field(default=True, description="true or false")


class _Group(_Entry):
    name: _Line
    users: list[_Line] = Field(default=[], description="a list of the ids of users")
    groups: list[_Line] = Field(default=[], description="a list of the ids of groups")


EntryT = TypeVar("EntryT", bound=_Entry)

# By position in the file's list, entries with mistakes left out.
_Section = Mapping[int, EntryT]


class FileSource:
    """Reads the file anew each time."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self._path = path

    def fetch(self) -> Snapshot:
        """Return what the file says, with e-mails in lower case.

        Raises:
            DirectoryError: The file is missing, empty or has mistakes; lists all of them, one a line.
        """
        reading = _Reading(self._path)
        users, groups = reading.section("users", _User), reading.section("groups", _Group)
        for field in ("id", "email"):
            reading.check_once("users", users, field)
        for field in ("id", "name"):
            reading.check_once("groups", groups, field)
        for field in ("users", "groups"):
            reading.check_members(groups, field)
        reading.raise_mistakes()
        return Snapshot(
            source=self.name,
            users=tuple(DirectoryUser(user.id, user.email, user.name, user.active) for user in users.values()),
            groups=tuple(
                DirectoryGroup(group.id, group.name, tuple(group.users), tuple(group.groups))
                for group in groups.values()
            ),
        )


class _Reading:
    """One file, and what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self._document = read_strict_yaml(path)
        self._mistakes: list[FileMistake] = [*self._document.mistakes]
        self._top = self._sections(self._document.value)

    def section(self, key: str, model: type[EntryT]) -> _Section[EntryT]:
        entries: dict[int, EntryT] = {}
        for position, raw in enumerate(self._top.get(key, [])):
            try:
                entries[position] = model.model_validate(raw)
            except ValidationError as error:
                self._mistakes += model_mistakes(self._document, (key, position), model, error)
        return entries

    def check_once(self, key: str, entries: _Section[EntryT], field: str) -> None:
        first: dict[str, int] = {}
        for position, entry in entries.items():
            value = getattr(entry, field)
            if first.setdefault(value, position) != position:
                expected = f"each {field} once; {key}[{first[value]}] has it too"
                self._refuse((key, position, field), shown(value), expected)

    def check_members(self, groups: _Section[_Group], key: str) -> None:
        # Also the ids of entries with mistakes: they are known, and told about already.
        ids = (raw.get("id") for raw in self._top.get(key, []) if isinstance(raw, dict))
        known = {each for each in ids if isinstance(each, str)}
        for position, group in groups.items():
            members: list[str] = getattr(group, key)
            for place, member in enumerate(members):
                path = ("groups", position, key, place)
                if member not in known:
                    self._refuse(path, shown(member), f"the id of one of the file's {key}")
                elif member in members[:place]:
                    self._refuse(path, shown(member), "each member once")

    def raise_mistakes(self) -> None:
        if self._mistakes:
            raise DirectoryError("\n".join(map(str, in_order(self._mistakes))))

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
        self._mistakes.append(self._document.mistake(path, value, expected))

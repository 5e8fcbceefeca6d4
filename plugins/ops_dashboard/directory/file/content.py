"""What a file holds, whichever form it has."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

from ops_dashboard.directory.consistent import EMAIL_PATTERN, LONGEST_EMAIL
from ops_dashboard.directory.models import DirectoryGroup, DirectoryUser
from ops_dashboard.strict_yaml import FileMistake

Email = Annotated[
    str,
    Field(pattern=EMAIL_PATTERN, max_length=LONGEST_EMAIL, description="an e-mail address in plain ASCII"),
    AfterValidator(str.lower),
]

PlaceT = TypeVar("PlaceT", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Content:
    """A file's users and groups, or what is wrong with it."""

    users: tuple[DirectoryUser, ...]
    groups: tuple[DirectoryGroup, ...]
    mistakes: tuple[FileMistake, ...] = ()


def repeated(values: Iterable[tuple[PlaceT, str]]) -> Iterator[tuple[PlaceT, str, PlaceT]]:
    """Yield the place of each value that an earlier place has too, the value, and the first place that has it."""
    first: dict[str, PlaceT] = {}
    for place, value in values:
        if first.setdefault(value, place) != place:
            yield place, value, first[value]

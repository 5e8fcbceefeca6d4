"""Models of what files say: what they refuse is told with its line, its value and what the field accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from ops_dashboard.strict_yaml import RELATION, FileMistake, in_order, model_mistakes, one_line, read_strict_yaml


def test_mistakes_are_sorted_by_file_and_line_and_otherwise_stay_as_they_were_found() -> None:
    places = [("b", 1, "1st"), ("a", 9, "2nd"), ("b", None, "3rd"), ("a", 10, "4th"), ("b", 1, "0th")]
    mistakes = [FileMistake(file, (), line, value, "x") for file, line, value in places]
    assert [mistake.value for mistake in in_order(mistakes)] == ["2nd", "4th", "3rd", "1st", "0th"]


class Window(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, one_line(5)] = Field(description="a short name")
    start: int = Field(description="a whole number")
    end: int = Field(description="another whole number")
    days: list[int] = Field(default=[], description="a list of whole numbers")

    @field_validator("end")
    @classmethod
    def _after_start(cls, end: int, info: ValidationInfo) -> int:
        if end < info.data.get("start", end):
            raise PydanticCustomError(RELATION, "at least start")
        return end


GOOD_WINDOW: dict[str, object] = {"name": "night", "start": 1, "end": 2}


def refusals(folder: Path, entry: str) -> list[str]:
    """Read the entry as the second of a list, and return what the model refuses of it."""
    file = folder / "file.yaml"
    file.write_text(f"- good\n- {entry}\n")
    document = read_strict_yaml(file)
    assert isinstance(document.value, list)
    with pytest.raises(ValidationError) as caught:
        Window.model_validate(document.value[1])
    found = model_mistakes(document, (1,), Window, caught.value, {"name": (), "end": ("until",)})
    return [str(mistake).removeprefix(f"{file}:") for mistake in found]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (GOOD_WINDOW | {"start": "1"}, ["2: [1].start: got '1', expected a whole number"]),
        (GOOD_WINDOW | {"start": None}, ["2: [1].start: got nothing, expected a whole number"]),
        ({"name": "night", "end": 2}, ["2: [1].start: got nothing, expected a whole number"]),
        (GOOD_WINDOW | {"end": 0}, ["2: [1].until: got 0, expected at least start"]),
        (GOOD_WINDOW | {"name": "at night"}, ["2: [1]: got 'at night', expected a short name"]),
        (GOOD_WINDOW | {"days": [1, "2"]}, ["2: [1].days[1]: got '2', expected a list of whole numbers"]),
        (
            GOOD_WINDOW | {"day": 1},
            ["2: [1].day: got a key that is not known, expected the keys name, start, end, days"],
        ),
        ("night", ["2: [1]: got 'night', expected a mapping with the keys name, start, end, days"]),
        (
            {"name": 7, "start": "1", "end": 0},
            [
                "2: [1]: got 7, expected a short name",
                "2: [1].start: got '1', expected a whole number",
            ],
        ),
    ],
)
def test_what_a_model_refuses_is_told_by_the_description_of_the_field(
    tmp_path: Path, entry: object, expected: list[str]
) -> None:
    assert refusals(tmp_path, json.dumps(entry)) == expected


@pytest.mark.parametrize("entry", ["{name: night, start: 0x1, end: 2}", "!x {}", "*x"])
def test_what_lies_in_a_hole_is_told_only_once(tmp_path: Path, entry: str) -> None:
    assert refusals(tmp_path, entry) == []


@pytest.mark.parametrize("name", ["", " ", "a ", "\ta", "a\nb", "a\u202eb", "a\x1bb", "abcdef"])
def test_what_is_not_one_line_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="1 to 5 printable characters"):
        Window.model_validate(GOOD_WINDOW | {"name": name})

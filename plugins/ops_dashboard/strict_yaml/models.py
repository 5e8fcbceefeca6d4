"""Pydantic models of what files say. The description of a field says what it accepts, and is told with a mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pydantic import AfterValidator, BaseModel, ValidationError

from ops_dashboard.strict_yaml.document import HOLE, YamlDocument
from ops_dashboard.strict_yaml.mistakes import FileMistake, Steps
from ops_dashboard.text import shown

RELATION = "relation"
"""Type of the errors about a field that is wrong only beside another; their message says what is accepted."""


def model_mistakes(
    document: YamlDocument,
    path: Steps,
    model: type[BaseModel],
    error: ValidationError,
    written: Mapping[str, Steps] = MappingProxyType({}),
) -> Iterator[FileMistake]:
    """Tell what the model refuses of what stands at `path`; what lies in a hole is told about already.

    Args:
        document: The file.
        path: Where in it the model's values stand.
        model: What they should have become.
        error: Why they did not.
        written: Where a field is written, below `path`, unless it is under its own name.
    """
    fields = model.model_fields
    keys = f"the keys {', '.join(fields)}"
    for details in error.errors():
        if details["input"] is HOLE:
            continue
        value = None if details["type"] == "missing" else details["input"]
        match details:
            case {"type": "extra_forbidden", "loc": steps}:
                yield document.mistake((*path, *steps), "a key that is not known", keys)
            case {"loc": (str(field), *inner)}:
                place = (*path, *written.get(field, (field,)), *inner)
                expected = details["msg"] if details["type"] == RELATION else fields[field].description or ""
                yield document.mistake(place, shown(value), expected)
            case _:
                yield document.mistake(path, shown(value), f"a mapping with {keys}")


def one_line(longest: int) -> AfterValidator:
    """Annotate text of 1 to `longest` printable characters, without blanks around them."""

    def check(text: str) -> str:
        if not (text.isprintable() and text == text.strip() and 1 <= len(text) <= longest):
            raise ValueError(f"1 to {longest} printable characters on one line")
        return text

    return AfterValidator(check)

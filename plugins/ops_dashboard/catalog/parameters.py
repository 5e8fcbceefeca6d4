"""What a person may give: the value of an operation's parameter, or of a setting.

A parameter is a JSON Schema of one scalar value, written with these of its keywords (draft 2020-12); a few of our own
say what a schema can't. What no keyword bounds is bounded by us, so that every value fits a record.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from ops_dashboard.catalog.fields import ConnectionId, Entry, Line, Scalar
from ops_dashboard.strict_yaml import RELATION

LONGEST_TEXT = 2000
LARGEST_INTEGER = 2**53 - 1  # what JSON readers agree about (RFC 8259, section 6)
LARGEST_NUMBER = 1e300  # as the ledger has it


class ValueType(StrEnum):
    """The JSON types that a value can have."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"

    def fits(self, value: object) -> bool:
        """Whether a value is of this type, without any conversion: 3.0 and true are no integers."""
        kinds: dict[ValueType, tuple[type, ...]] = {
            ValueType.STRING: (str,),
            ValueType.INTEGER: (int,),
            ValueType.NUMBER: (int, float),
            ValueType.BOOLEAN: (bool,),
        }
        if isinstance(value, bool):
            return self is ValueType.BOOLEAN
        return isinstance(value, kinds[self])


class TextFormat(StrEnum):
    """What a text is about."""

    DATE = "date"
    DATE_TIME = "date-time"
    MULTILINE = "multiline"
    """Several lines; any other text is one line."""
    CONNECTION = "connection"
    """The id of an Airflow connection, whose secrets the script is given in its place."""


class Choices(Entry):
    """Values that a query of ours offers; the task asks it again and accepts nothing else.

    Attributes:
        query: Name of a file in the folder of the scripts: one SELECT, whose first column is the value and whose
            second, if there is one, the label. `%(name)s` stands for the value of another parameter.
        connection: Airflow connection of the Postgres database that is asked.
        needs: The parameters that the query uses; until they have values there is nothing to choose.
    """

    query: str = Field(max_length=200, description="the name of an .sql file in the folder of the scripts")
    connection: ConnectionId
    needs: tuple[str, ...] = Field(default=(), strict=False, description="a list of names of other parameters")


def _of_the_type(value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - any scalar
    kind: ValueType | None = info.data.get("type")
    values = value if isinstance(value, tuple) else (value,)
    if kind is not None and value is not None and not all(kind.fits(each) for each in values):
        raise PydanticCustomError(RELATION, "a value of type {type}", {"type": kind.value})
    return value


def _only_for(*kinds: ValueType) -> AfterValidator:
    def check(value: object, info: ValidationInfo) -> object:
        kind: ValueType | None = info.data.get("type")
        if value is not None and kind is not None and kind not in kinds:
            raise PydanticCustomError(RELATION, "nothing for type {type}", {"type": kind.value})
        return value

    return AfterValidator(check)


def _anchored(pattern: str | None) -> str | None:
    if pattern is not None:
        inside = re.sub(r"\\.|\[[^\]]*\]|\((?:[^()\\]|\\.)*\)", "", pattern)
        if not (pattern.startswith("^") and pattern.endswith("$")) or "|" in inside:
            raise ValueError("open")
        re.compile(pattern)
    return pattern


_Number = Annotated[int | float, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
_FOR_NUMBERS = _only_for(ValueType.INTEGER, ValueType.NUMBER)
_FOR_TEXT = _only_for(ValueType.STRING)


class Parameter(Entry):
    """The schema of one value, and how a form shows it.

    Attributes:
        default: What it is if nobody says otherwise; a parameter without default must be given, unless it is
            `optional`.
        optional: It may be left out; the script then gets null.
    """

    type: ValueType = Field(strict=False, description=" or ".join(ValueType))
    title: Line = Field(default="", validate_default=False, description="what the form calls it, on one line")
    description: str = Field(default="", max_length=500, description="at most 500 characters")
    enum: Annotated[tuple[Scalar, ...] | None, AfterValidator(_of_the_type)] = Field(
        default=None, strict=False, min_length=1, max_length=500, description="a list of values"
    )
    minimum: Annotated[_Number | None, _FOR_NUMBERS] = Field(default=None, description="a number")
    maximum: Annotated[_Number | None, _FOR_NUMBERS] = Field(default=None, description="a number")
    minLength: Annotated[int | None, _FOR_TEXT] = Field(default=None, ge=0, description="a whole number")  # noqa: N815
    maxLength: Annotated[int | None, _FOR_TEXT] = Field(  # noqa: N815 - JSON Schema's name
        default=None, ge=1, le=LONGEST_TEXT, description=f"a whole number from 1 to {LONGEST_TEXT}"
    )
    pattern: Annotated[str | None, AfterValidator(_anchored), _FOR_TEXT] = Field(
        default=None,
        max_length=500,
        description="a regular expression of all of the text: from ^ to $, alternatives in brackets",
    )
    format: Annotated[TextFormat | None, _FOR_TEXT] = Field(
        default=None, strict=False, description=" or ".join(TextFormat)
    )
    choices: Annotated[Choices | None, _FOR_TEXT] = Field(
        default=None, description="a mapping of query, connection and needs"
    )
    default: Annotated[Scalar | None, AfterValidator(_of_the_type)] = Field(
        default=None, description="a value that the parameter accepts"
    )
    optional: bool = Field(default=False, description="true or false")

    @property
    def is_required(self) -> bool:
        """Whether a person has to give it."""
        return self.default is None and not self.optional

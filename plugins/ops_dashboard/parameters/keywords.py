"""The types of values, and the keywords that bound them. What no keyword bounds is bounded by us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ops_dashboard.catalog import Parameter, Scalar

LONGEST_TEXT = 2000
LONGEST_LINE = 200
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


@dataclass(frozen=True, slots=True)
class Keywords:
    """The keywords of one parameter; None where it has none."""

    type: ValueType
    format: TextFormat | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    enum: tuple[Scalar, ...] | None = None

    @classmethod
    def of(cls, parameter: Parameter) -> Keywords:
        """Return a parameter's."""
        return cls.among(dict(parameter))

    @classmethod
    def among(cls, fields: Mapping[str, Any]) -> Keywords:
        """Return those among the fields of a parameter, which need not all be known yet."""
        names = {"min_length": "minLength", "max_length": "maxLength"}
        found: dict[str, Any] = {name: fields.get(names.get(name, name)) for name in cls.__slots__}
        return cls(**found)

    @property
    def is_number(self) -> bool:
        """Whether the values are numbers, whole or not."""
        return self.type in (ValueType.INTEGER, ValueType.NUMBER)

    @property
    def is_multiline(self) -> bool:
        """Whether the values may have several lines."""
        return self.format is TextFormat.MULTILINE

    @property
    def is_free_text(self) -> bool:
        """Whether the values are texts that nothing but length and pattern bounds."""
        return self.type is ValueType.STRING and self.format in (None, TextFormat.MULTILINE)

    @property
    def shortest(self) -> int:
        """Characters of the shortest text. It is not empty unless a parameter says so: a form sends that for none."""
        return 1 if self.min_length is None else self.min_length

    @property
    def longest(self) -> int:
        """Characters of the longest text."""
        default = LONGEST_TEXT if self.is_multiline else LONGEST_LINE
        return default if self.max_length is None else self.max_length

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema of the values."""
        largest = LARGEST_INTEGER if self.type is ValueType.INTEGER else LARGEST_NUMBER
        found: dict[str, object | None] = {"type": self.type.value, "pattern": self.pattern}
        if self.enum is not None:
            found["enum"] = list(self.enum)
        if self.is_number:
            found["minimum"] = -largest if self.minimum is None else self.minimum
            found["maximum"] = largest if self.maximum is None else self.maximum
        if self.is_free_text:
            found["minLength"], found["maxLength"] = self.shortest, self.longest
        if self.format in (TextFormat.DATE, TextFormat.DATE_TIME):
            found["format"] = self.format.value
        return {key: value for key, value in found.items() if value is not None}

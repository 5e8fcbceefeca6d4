"""What a person may give: the value of an operation's parameter, or of a setting.

A parameter is a JSON Schema of one scalar value, written with these of its keywords (draft 2020-12); a few of our own
say what a schema can't. What no keyword bounds is bounded by us, so that every value fits a record.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from ops_dashboard.catalog import parameter_rules as rules
from ops_dashboard.catalog.fields import ConnectionId, Entry, Line, Scalar
from ops_dashboard.parameters.keywords import LARGEST_NUMBER, LONGEST_TEXT, TextFormat, ValueType
from ops_dashboard.parameters.patterns import PATTERN_IN_WORDS
from ops_dashboard.scripts import is_script_name

_QUERY_IN_WORDS = "the name of a file in the folder of the scripts that ends in .sql: letters, digits, _ . - and /"


def _one(*kinds: type) -> BeforeValidator:
    """Annotate a union of types, lest each of them says in turn that a value is not of it."""

    def check(value: object) -> object:
        if type(value) not in kinds:
            raise ValueError("another type")
        return value

    return BeforeValidator(check)


def _query_name(name: str) -> str:
    if not (is_script_name(name) and name.endswith(".sql")):
        raise ValueError(_QUERY_IN_WORDS)
    return name


class Choices(Entry):
    """Values that a query of ours offers; the task asks it again and accepts nothing else.

    Attributes:
        query: Name of a file in the folder of the scripts: one SELECT, whose first column is the value and whose
            second, if there is one, the label. `%(name)s` stands for the value of another parameter.
        connection: Airflow connection of the Postgres database that is asked.
        needs: The parameters that the query uses; until they have values there is nothing to choose.
    """

    query: Annotated[str, AfterValidator(_query_name)] = Field(description=_QUERY_IN_WORDS)
    connection: ConnectionId
    needs: tuple[str, ...] = Field(default=(), strict=False, description="a list of names of other parameters")


OneValue = Annotated[Scalar, _one(bool, int, float, str)]
_Accepted = Annotated[OneValue, AfterValidator(rules.accepted)]
_Values = Annotated[tuple[_Accepted, ...], Field(max_length=500)]
_Bound = Annotated[
    Annotated[int | float, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER), _one(int, float)] | None,
    rules.FOR_NUMBERS,
    AfterValidator(rules.bound),
]


class Parameter(Entry):
    """The schema of one value, and how a form shows it. A field may depend on those above it.

    Attributes:
        minLength: Characters of the shortest text; 1 if left out, since an empty field of a form is no value.
        maxLength: Characters of the longest text; if left out 200, or 2000 for several lines.
        default: What it is if nobody says otherwise; a parameter without default must be given, unless it is
            `optional`.
        optional: It may be left out; the script then gets null.
    """

    type: ValueType = Field(strict=False, description=" or ".join(ValueType))
    title: Line = Field(default="", validate_default=False, description="what the form calls it, on one line")
    description: str = Field(default="", max_length=500, description="at most 500 characters")
    format: Annotated[TextFormat | None, rules.FOR_TEXT] = Field(
        default=None, strict=False, description=" or ".join(TextFormat)
    )
    minimum: _Bound = Field(default=None, description="a number")
    maximum: Annotated[_Bound, AfterValidator(rules.at_least_minimum)] = Field(default=None, description="a number")
    minLength: Annotated[  # noqa: N815 - JSON Schema's name
        Annotated[int, Field(ge=0, le=LONGEST_TEXT)] | None, rules.FOR_TEXT, rules.FOR_FREE_TEXT
    ] = Field(default=None, description=f"a whole number from 0 to {LONGEST_TEXT}")
    maxLength: Annotated[  # noqa: N815
        Annotated[int, Field(ge=1, le=LONGEST_TEXT)] | None,
        rules.FOR_TEXT,
        rules.FOR_FREE_TEXT,
        AfterValidator(rules.at_least_min_length),
    ] = Field(default=None, validate_default=True, description=f"a whole number from 1 to {LONGEST_TEXT}")
    pattern: Annotated[
        Annotated[str, Field(max_length=500)] | None,
        rules.FOR_TEXT,
        rules.FOR_FREE_TEXT,
        AfterValidator(rules.closed),
    ] = Field(default=None, description=PATTERN_IN_WORDS)
    enum: Annotated[
        _Values | None,
        rules.NOT_FOR_BOOLEANS,
        rules.NOT_MULTILINE,
        rules.NOT_BESIDE_PATTERN,
        AfterValidator(rules.each_once),
    ] = Field(default=None, validate_default=True, strict=False, description="a list of 1 to 500 values")
    choices: Annotated[Choices | None, rules.FOR_TEXT, rules.NOT_MULTILINE, rules.NOT_BESIDE_ENUM] = Field(
        default=None, description="a mapping of query, connection and needs"
    )
    default: _Accepted | None = Field(default=None, description="a value that the parameter accepts")
    optional: Annotated[bool, AfterValidator(rules.unless_empty_is_a_value)] = Field(
        default=False, description="true or false"
    )

    @property
    def is_required(self) -> bool:
        """Whether a person has to give it."""
        return self.default is None and not self.optional

    def label(self, name: str) -> str:
        """What a form calls it: its title, or the name that its operation knows it by, in words."""
        return self.title or re.sub("_+", " ", name).strip().capitalize()

"""What the fields of a parameter may not be beside each other. Each rule sees the fields that are declared above."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from pydantic import AfterValidator, ValidationInfo

from ops_dashboard.catalog.relations import Inside, expects, refuse
from ops_dashboard.parameters.fitting import fits, is_beyond_all
from ops_dashboard.parameters.keywords import LARGEST_INTEGER, Keywords, TextFormat, ValueType
from ops_dashboard.parameters.patterns import shape_of
from ops_dashboard.parameters.words import expected_of

_CONNECTION = re.compile("[A-Za-z0-9_.-]{1,200}", re.ASCII)
_CONNECTION_IN_WORDS = "the id of an Airflow connection: letters, digits, _ . -"
T = TypeVar("T")


def _refused_if(is_bad: Callable[[Keywords], bool], expected: Callable[[Keywords], str]) -> AfterValidator:
    def check(value: T, info: ValidationInfo) -> T:
        keywords = _known(info)
        if value is not None and keywords is not None and is_bad(keywords):
            raise expects(expected(keywords))
        return value

    return AfterValidator(check)


def _known(info: ValidationInfo) -> Keywords | None:
    """Return the keywords so far; None if the type was refused, which is told about already."""
    return Keywords.among(info.data) if "type" in info.data else None


def _nothing_for_type(keywords: Keywords) -> str:
    return f"nothing for type {keywords.type}"


FOR_NUMBERS = _refused_if(lambda keywords: not keywords.is_number, _nothing_for_type)
FOR_TEXT = _refused_if(lambda keywords: keywords.type is not ValueType.STRING, _nothing_for_type)
NOT_FOR_BOOLEANS = _refused_if(lambda keywords: keywords.type is ValueType.BOOLEAN, _nothing_for_type)
FOR_FREE_TEXT = _refused_if(
    lambda keywords: keywords.format is not None and not keywords.is_free_text,
    lambda keywords: f"nothing beside format {keywords.format}",
)
NOT_MULTILINE = _refused_if(lambda keywords: keywords.is_multiline, lambda _: "nothing beside format multiline")
NOT_BESIDE_ENUM = _refused_if(lambda keywords: keywords.enum is not None, lambda _: "nothing beside enum")
NOT_BESIDE_PATTERN = _refused_if(lambda keywords: keywords.pattern is not None, lambda _: "nothing beside pattern")


def bound(value: float | None, info: ValidationInfo) -> float | None:
    """Check that a bound is itself a number of the type, and no larger than any."""
    keywords = _known(info)
    if value is None or keywords is None:
        return value
    if is_beyond_all(value):
        raise expects(f"a whole number from -{LARGEST_INTEGER} to {LARGEST_INTEGER}")
    if not keywords.type.fits(value):
        raise expects("a whole number, as the type is integer")
    return value


def at_least_minimum(maximum: float | None, info: ValidationInfo) -> float | None:
    """Check that some number is left."""
    minimum = info.data.get("minimum")
    if maximum is not None and minimum is not None and maximum < minimum:
        raise expects(f"at least minimum, which is {minimum}")
    return maximum


def at_least_min_length(longest: int | None, info: ValidationInfo) -> int | None:
    """Check that some text is left, whether the longest is given or ours."""
    keywords = Keywords.among({**info.data, "type": ValueType.STRING, "maxLength": longest})
    if keywords.longest < keywords.shortest:
        raise expects(f"at least minLength, which is {keywords.shortest}")
    return longest


def closed(pattern: str | None, info: ValidationInfo) -> str | None:
    """Check that a pattern says all about a text, and the same to every engine."""
    if pattern is None:
        return None
    shape = shape_of(pattern)
    if "\n" in shape.anywhere and info.data.get("format") is not TextFormat.MULTILINE:
        raise expects(r"a pattern that no line break matches, as the text is one line: [^/\n] in place of [^/]")
    return pattern


def accepted(value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - any scalar
    """Check that a value is one that the keywords above accept."""
    keywords = _known(info)
    if keywords is not None and not fits(keywords, value):
        raise expects(expected_of(keywords, value))
    return value


def each_once(values: tuple[Any, ...] | None, info: ValidationInfo) -> tuple[Any, ...] | None:
    """Check that there are values, all different; and connections have to be listed, each by its id."""
    is_of_connections = info.data.get("format") is TextFormat.CONNECTION
    if values is None and is_of_connections:
        raise expects("a list of the connections that may be chosen, as the format is connection")
    if values == ():  # as a constraint, it would also complain of a list whose only value is refused
        raise ValueError("no value")
    refuse(_mistakes_among(values or (), is_of_connections))
    return values


def _mistakes_among(values: tuple[Any, ...], is_of_connections: bool) -> Iterator[Inside]:
    for position, value in enumerate(values):
        if value in values[:position]:
            yield Inside((position,), value, "each value once")
        if is_of_connections and not _CONNECTION.fullmatch(value):
            yield Inside((position,), value, _CONNECTION_IN_WORDS)


def unless_empty_is_a_value(optional: bool, info: ValidationInfo) -> bool:
    """Check that a form's empty field can mean only one thing."""
    if optional and info.data.get("minLength") == 0:
        raise expects("false beside minLength 0, as an empty field can't mean both no value and the empty text")
    return optional

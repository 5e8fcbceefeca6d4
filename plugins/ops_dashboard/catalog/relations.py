"""Mistakes that a field makes only beside others, told where they stand: possibly deep inside the field's value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from ops_dashboard.strict_yaml import RELATION, Steps


class Inside(NamedTuple):
    """A mistake inside the value of a field: where below the field, what stands there, and what is accepted."""

    steps: Steps
    value: object
    expected: str


def expects(text: str) -> PydanticCustomError:
    """Return what a validator raises for a value in place of which `text` is accepted."""
    return PydanticCustomError(RELATION, "{text}", {"text": text})


def refuse(mistakes: Iterable[Inside]) -> None:
    """Raise all mistakes at once from a validator, if there are any.

    Raises:
        ValidationError: There are; pydantic adds where the field itself stands.
    """
    details = [InitErrorDetails(type=expects(each.expected), loc=each.steps, input=each.value) for each in mistakes]
    if details:
        raise ValidationError.from_exception_data("entry", details)

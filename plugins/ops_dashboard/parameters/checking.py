"""The one check of a value that counts: pages make it to be helpful, the task makes it again and decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ops_dashboard.parameters.fitting import fits
from ops_dashboard.parameters.keywords import Keywords
from ops_dashboard.parameters.words import expected_of, in_words
from ops_dashboard.text import shown

if TYPE_CHECKING:
    from ops_dashboard.catalog import Parameter, Scalar


class ValueProblem(ValueError):  # noqa: N818 - told to a person, as a page's Problem is
    """A value that a parameter does not accept; the message tells what it accepts."""


def check_value(parameter: Parameter, value: object) -> Scalar | None:
    """Check a value, and return it as it is: nothing is converted, 3.0 and true are no integers.

    None, for no value, is accepted if the parameter is optional. That a value is one of a query's choices is not
    checked here.

    Raises:
        ValueProblem: It is not accepted.
    """
    keywords = Keywords.of(parameter)
    if value is None and parameter.optional:
        return None
    if not fits(keywords, value):
        words = f"{expected_of(keywords, value)}{', or nothing' if parameter.optional else ''}"
        raise ValueProblem(f"{_shown(value)} is not accepted; accepted is {words}")
    return cast("Scalar", value)


def accepted(parameter: Parameter) -> str:
    """Describe in words what a parameter accepts: "a whole number from 1 to 5", "soft or hard"."""
    return in_words(Keywords.of(parameter))


def _shown(value: object) -> str:
    try:
        return shown(value)
    except ValueError:  # Python writes out no integer of more than 4300 digits
        return "a number of thousands of digits"

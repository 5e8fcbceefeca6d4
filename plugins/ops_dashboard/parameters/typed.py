"""Between values and the text of forms."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ops_dashboard.parameters.keywords import LARGEST_INTEGER, Keywords, TextFormat, ValueType

if TYPE_CHECKING:
    from ops_dashboard.catalog import Parameter, Scalar

# Leading zeros are other numbers to some readers; more digits than these no value has.
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,15})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,400})?(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?")
_TIME_OF_A_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?")
_BOOLEANS = {"true": True, "false": False}


def read_text(parameter: Parameter, text: str) -> Scalar | None:
    """Return the value that a form's text means, or the text itself, for `check_value` to refuse.

    Nothing typed is None, for no value, unless the parameter accepts the empty text. Blanks around a number, a date or
    a time are none of it; those of any other text are. A time without an offset is one in UTC.
    """
    keywords = Keywords.of(parameter)
    if text == "":
        return text if keywords.type is ValueType.STRING and keywords.shortest == 0 else None
    if keywords.type is ValueType.STRING:
        return _text(keywords, text)
    bare = text.strip(" \t\r\n")
    if bare == "":
        return None
    match keywords.type:
        case ValueType.BOOLEAN:
            return _BOOLEANS.get(bare, text)
        case ValueType.INTEGER:
            return int(bare) if _INTEGER.fullmatch(bare) else text
    return _number(bare, text)


def text_of(value: Scalar | None) -> str:
    """Return a value as a form's text, which `read_text` reads as the same value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _text(keywords: Keywords, text: str) -> str | None:
    if keywords.is_multiline:
        return text.replace("\r\n", "\n")  # what a form makes of the line breaks of a text area
    if keywords.format not in (TextFormat.DATE, TextFormat.DATE_TIME):
        return text
    bare = text.strip(" \t\r\n")
    if keywords.format is TextFormat.DATE_TIME and (found := _TIME_OF_A_FORM.fullmatch(bare)):
        return f"{bare}Z" if found[1] else f"{bare}:00Z"
    return bare or None


def _number(bare: str, text: str) -> Scalar:
    if _INTEGER.fullmatch(bare) and abs(int(bare)) <= LARGEST_INTEGER:
        return int(bare)
    if not _NUMBER.fullmatch(bare) or not re.search("[0-9]", bare.lower().partition("e")[0]):
        return text
    number = float(bare)
    return number if math.isfinite(number) else text

"""Whether a value is one of those that keywords describe. Nothing is ever converted to make it fit."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from ops_dashboard.parameters.engine import compiled
from ops_dashboard.parameters.keywords import LARGEST_INTEGER, Keywords, TextFormat
from ops_dashboard.text import is_visible

if TYPE_CHECKING:
    import jsonschema_rs


def fits(keywords: Keywords, value: object) -> bool:
    """Tell whether a value is accepted: by its type, by what any record and script can hold, and by the keywords."""
    if not keywords.type.fits(value) or is_beyond_all(value):
        return False
    if isinstance(value, str) and not _is_clean(keywords, value):
        return False
    return _validator(keywords).is_valid(value) and _is_in_the_calendar(keywords, value)


def is_beyond_all(value: object) -> bool:
    """Whether a number is one that JSON readers don't agree about: NaN, infinite, or too large for a whole one."""
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, int) and abs(value) > LARGEST_INTEGER


def has_unseen(text: str) -> bool:
    """Whether a text has more than a person sees: control characters, marks without width, halves of characters."""
    return not is_visible(text.replace("\n", "").replace("\t", ""))


@lru_cache(maxsize=1000)
def _validator(keywords: Keywords) -> jsonschema_rs.Draft202012Validator:
    return compiled(keywords.schema())


def _is_clean(keywords: Keywords, text: str) -> bool:
    if len(text) > keywords.longest:  # before anything that takes time
        return False
    return not has_unseen(text) if keywords.is_multiline else is_visible(text)


def _is_in_the_calendar(keywords: Keywords, value: object) -> bool:
    """Whether scripts and databases can read a date or time: no year 0, no leap second, no time beyond year 9999."""
    if not isinstance(value, str):
        return True
    try:
        if keywords.format is TextFormat.DATE:
            date.fromisoformat(value)
        elif keywords.format is TextFormat.DATE_TIME:
            datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True

"""What keywords accept, in words."""

from __future__ import annotations

from collections.abc import Mapping

from ops_dashboard.parameters.fitting import has_unseen, is_beyond_all
from ops_dashboard.parameters.keywords import LARGEST_INTEGER, Keywords, TextFormat, ValueType
from ops_dashboard.text import shorten

_MOST_NAMED = 10
_WORDS_OF_FORMATS: Mapping[TextFormat | None, str] = {
    TextFormat.DATE: "a date such as 2026-12-31",
    TextFormat.DATE_TIME: "a date and time with its offset from UTC, such as 2026-12-31T18:00:00Z",
}


def in_words(keywords: Keywords) -> str:
    """Describe the values: "a whole number from 1 to 5", "soft or hard"."""
    if keywords.enum is not None:
        return _one_of([str(value) for value in keywords.enum])
    if keywords.type is ValueType.BOOLEAN:
        return "true or false"
    if keywords.is_number:
        return f"a {'whole ' if keywords.type is ValueType.INTEGER else ''}number{_range(keywords)}"
    return _WORDS_OF_FORMATS.get(keywords.format) or _text(keywords)


def expected_of(keywords: Keywords, value: object) -> str:
    """Describe the values to somebody who gave another one, with what goes without saying unless it is missed."""
    words = in_words(keywords)
    if keywords.type.fits(value) and is_beyond_all(value):
        return f"{words}, finite, and no whole number beyond {LARGEST_INTEGER}"
    if keywords.enum is None and keywords.is_free_text and isinstance(value, str) and has_unseen(value):
        return f"{words}, without characters that can't be seen"
    return words


def _one_of(values: list[str]) -> str:
    named = [shorten(value) if value else "the empty text" for value in values[:_MOST_NAMED]]
    if len(values) > _MOST_NAMED:
        return f"one of {len(values)} values: {', '.join(named)}, …"
    return " or ".join(filter(None, (", ".join(named[:-1]), named[-1])))


def _range(keywords: Keywords) -> str:
    match keywords:
        case Keywords(minimum=None, maximum=None):
            return ""
        case Keywords(maximum=None):
            return f" of at least {keywords.minimum}"
        case Keywords(minimum=None):
            return f" of at most {keywords.maximum}"
    return f" from {keywords.minimum} to {keywords.maximum}"


def _text(keywords: Keywords) -> str:
    shortest, longest = keywords.shortest, keywords.longest
    characters = f"character{'' if longest == 1 else 's'}"
    if shortest == longest:
        length = f"{longest} {characters}"
    elif shortest > 1:
        length = f"{shortest} to {longest} {characters}"
    else:
        length = f"at most {longest} {characters}"
    where = "" if keywords.is_multiline else " on one line"
    pattern = "" if keywords.pattern is None else f" that matches {keywords.pattern}"
    empty = ", or nothing" if shortest == 0 and keywords.pattern is None else ""
    return f"text of {length}{where}{pattern}{empty}"

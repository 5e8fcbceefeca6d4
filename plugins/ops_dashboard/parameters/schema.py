"""The JSON Schema of a parameter, for Airflow's own form and for programs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ops_dashboard.parameters.keywords import Keywords
from ops_dashboard.parameters.patterns import shape_of
from ops_dashboard.parameters.words import in_words

if TYPE_CHECKING:
    from ops_dashboard.catalog import Parameter

# Letters and digits are those of ASCII to the check, but of all scripts to Python, so that it matches less here.
_MATCHES_LESS = re.compile(r"\\[WD]|\[\^[^\]]*\\[wd]")


def json_schema(parameter: Parameter) -> dict[str, object]:
    """Return a JSON Schema (draft 2020-12) that accepts whatever `check_value` accepts, and a little more.

    Airflow's API server tries patterns with Python's engine, which takes exponential time for some and matches less
    with others; such a pattern is told in the description alone. If nobody gives a value, `default` is the value.
    """
    keywords = Keywords.of(parameter)
    schema = keywords.schema()
    if keywords.pattern is not None and not _is_for_python(keywords.pattern):
        del schema["pattern"]
    if parameter.optional:
        schema["type"] = [schema["type"], "null"]
        if keywords.enum is not None:
            schema["enum"] = [*keywords.enum, None]
    if parameter.title:
        schema["title"] = parameter.title
    schema["description"] = "\n\n".join(filter(None, (parameter.description, f"Accepted is {in_words(keywords)}.")))
    if parameter.default is not None or parameter.optional:
        schema["default"] = parameter.default
    return schema


def _is_for_python(pattern: str) -> bool:
    return shape_of(pattern).is_fast and not _MATCHES_LESS.search(pattern)

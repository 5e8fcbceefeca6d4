"""The JSON Schema of a parameter, for Airflow's own form and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops_dashboard.parameters.keywords import Keywords
from ops_dashboard.parameters.patterns import shape_of
from ops_dashboard.parameters.words import in_words

if TYPE_CHECKING:
    from ops_dashboard.catalog import Parameter


def json_schema(parameter: Parameter) -> dict[str, object]:
    """Return a JSON Schema (draft 2020-12) that accepts whatever `check_value` accepts, and a little more.

    Airflow's API server tries patterns with an engine that takes exponential time for some; such a pattern is told
    in the description alone. If nobody gives a value, `default` is the value.
    """
    keywords = Keywords.of(parameter)
    schema = keywords.schema()
    if keywords.pattern is not None and not shape_of(keywords.pattern).is_fast:
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

"""The JSON Schema engine, jsonschema-rs: its regular expressions take linear time and `$` is the end of the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jsonschema_rs


def compiled(schema: Mapping[str, object]) -> jsonschema_rs.Draft202012Validator:
    """Compile a schema; formats are asserted.

    Raises:
        ValueError: It is not a schema that the engine understands.
    """
    # Loaded when it is needed: every process that reads a catalog imports this.
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(
        dict(schema), validate_formats=True, pattern_options=jsonschema_rs.RegexOptions()
    )


def compiles(pattern: str) -> bool:
    """Whether the engine understands a regular expression."""
    try:
        compiled({"pattern": pattern})
    except ValueError:
        return False
    return True

"""What tells one value from another, however each of them is written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ops_dashboard.parameters.keywords import Keywords, TextFormat

if TYPE_CHECKING:
    from ops_dashboard.catalog import Parameter, Scalar


def identity_of(parameter: Parameter, value: Scalar | None) -> str:
    """Name an accepted value, so that two that mean the same have the same name: 1 and 1.0, a moment in two offsets."""
    if isinstance(value, float) and value.is_integer():
        return json.dumps(int(value))
    if isinstance(value, str) and Keywords.of(parameter).format is TextFormat.DATE_TIME:
        return datetime.fromisoformat(value).astimezone(UTC).isoformat()
    return json.dumps(value)

"""Values as parameters of a statement."""

from __future__ import annotations

from collections.abc import Mapping

from ops_dashboard.scripts import ArgumentsError
from ops_dashboard.text import shown


def check_can_be_bound(values: Mapping[str, object]) -> None:
    """Check that PostgreSQL can be given these values.

    Raises:
        ArgumentsError: One is no text that it knows; the message names it.
    """
    for name, value in values.items():
        if isinstance(value, str) and not _is_text(value):
            raise ArgumentsError(f"{name}: {shown(value)} can't be given to PostgreSQL; accepted is text without NUL")


def _is_text(value: str) -> bool:
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False

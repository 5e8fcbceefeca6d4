"""People by their names in Airflow."""

from __future__ import annotations


def is_same_person(one: str | None, other: str | None) -> bool:
    """Whether two usernames mean the same directory user: case makes no difference there."""
    return one is not None and other is not None and one.lower() == other.lower()

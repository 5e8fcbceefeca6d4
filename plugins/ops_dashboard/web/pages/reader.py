"""The person who reads a page."""

from __future__ import annotations

from ops_dashboard.access import is_same_person
from ops_dashboard.web.request import PageRequest


def is_reader(request: PageRequest, name: str | None) -> bool:
    """Whether a username means the reader."""
    return is_same_person(name, request.user.name)

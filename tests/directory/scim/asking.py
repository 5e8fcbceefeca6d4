"""Reading the directory of a server, and finding one's way in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ops_dashboard.directory.models import DirectoryError, DirectoryGroup, DirectoryUser, Snapshot
from ops_dashboard.directory.scim import ScimSource

TOKEN = "s3cret-token"  # of all servers of the tests

_SECONDS = timedelta(seconds=1)


def fetch(url: str, token: str = TOKEN, seconds: float = 60, request_seconds: float = 30) -> Snapshot:
    source = ScimSource(
        "scim", url, token, give_up_after=seconds * _SECONDS, request_timeout=request_seconds * _SECONDS
    )
    return source.fetch()


def refusal(url: str, **how: Any) -> str:
    with pytest.raises(DirectoryError) as caught:
        fetch(url, **how)
    assert TOKEN not in str(caught.value)
    return str(caught.value)


def users_of(snapshot: Snapshot) -> dict[str, DirectoryUser]:
    return {user.name: user for user in snapshot.users.entries}


def groups_of(snapshot: Snapshot) -> dict[str, DirectoryGroup]:
    return {group.name: group for group in snapshot.groups.entries}

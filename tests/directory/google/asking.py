"""The product's source, asking this directory."""

from __future__ import annotations

from typing import Any

import pytest

from ops_dashboard.directory import DirectoryError, DirectoryGroup, Snapshot
from ops_dashboard.directory.google.account import ServiceAccount
from ops_dashboard.directory.google.source import GoogleSource
from tests.directory.google.directory import ADMIN, GoogleDirectory


def source(
    google: GoogleDirectory,
    *,
    key: str | None = None,
    subject: str | None = ADMIN,
    customer: str = "my_customer",
    **limits: Any,
) -> GoogleSource:
    account = ServiceAccount.from_key(key or google.key(), subject)
    return GoogleSource("google", customer, account, api_url=google.url, **limits)


def fetch(google: GoogleDirectory, **more: Any) -> Snapshot:
    return source(google, **more).fetch()


def failure(google: GoogleDirectory, **more: Any) -> str:
    with pytest.raises(DirectoryError) as caught:
        fetch(google, **more)
    return str(caught.value)


def groups(snapshot: Snapshot) -> dict[str, DirectoryGroup]:
    """By id."""
    return {group.external_id: group for group in snapshot.groups.entries}

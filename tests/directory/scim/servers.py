"""SCIM servers for the tests: a real one, and one that can be told to make the mistakes that the real one does not."""

from __future__ import annotations

from tests.directory.scim.asking import TOKEN, fetch, groups_of, refusal, users_of
from tests.directory.scim.fake import (
    Answer,
    FakeScim,
    Mischief,
    Request,
    changed,
    fake_directory,
    group,
    large_company,
    of_users,
    user,
)
from tests.directory.scim.real import RealScim, real_directory, real_server

__all__ = [
    "TOKEN",
    "Answer",
    "FakeScim",
    "Mischief",
    "RealScim",
    "Request",
    "changed",
    "fake_directory",
    "fetch",
    "group",
    "groups_of",
    "large_company",
    "of_users",
    "real_directory",
    "real_server",
    "refusal",
    "user",
    "users_of",
]

"""The users of a SCIM server: their addresses, their names, and who is suspended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.directory.scim.servers import (
    FakeScim,
    changed,
    fetch,
    large_company,
    user,
)


@pytest.fixture
def company() -> Iterator[FakeScim]:
    with large_company() as fake:
        yield fake


@pytest.mark.parametrize(
    ("active", "expected"),
    [
        (..., None),
        (None, None),
        (True, True),
        ("True", True),
        ("true", True),
        (False, False),
        ("False", False),
        ("false", False),
    ],
)
def test_only_who_is_said_to_be_inactive_is_suspended_and_only_who_is_said_to_be_active_is(
    company: FakeScim, active: object, expected: bool | None
) -> None:
    company.users[0] = changed(user(0), active=active)
    users = fetch(company.url).users
    assert (users.entries[0].active, bool(users.proof)) == (expected, True)


@pytest.mark.parametrize("active", [0, 1, "no", "", [], {}])
def test_who_may_or_may_not_be_suspended_leaves_the_list_without_proof(company: FakeScim, active: object) -> None:
    company.users[9]["active"] = active
    found = fetch(company.url)
    assert (len(found.users.entries), found.users.proof) == (249, None)
    assert found.users.problem == "/Users: active is neither true nor false for 1 users"
    assert f"/Users: active is neither true nor false for 1 users: 'u-9' has {active!r}" in found.notes


HOME, WORK = {"value": "Home@example.com"}, {"value": "Work@example.com"}


@pytest.mark.parametrize(
    ("attributes", "email"),
    [
        ({"emails": [HOME, {**WORK, "primary": True}]}, "work@example.com"),
        ({"emails": [HOME, {**WORK, "primary": "True"}], "userName": "u@example.com"}, "work@example.com"),
        ({"emails": [HOME], "userName": "U@example.com"}, "u@example.com"),
        ({"emails": [{**HOME, "primary": False}], "userName": "u"}, "home@example.com"),
        ({"emails": [HOME], "userName": ...}, "home@example.com"),
        (
            {"emails": [{**HOME, "primary": True}, {**WORK, "primary": True}], "userName": "u@example.com"},
            "u@example.com",
        ),
        ({"emails": None, "userName": "u@example.com"}, "u@example.com"),
        ({"emails": "x@example.com", "userName": "u@example.com"}, "u@example.com"),
        ({"emails": [HOME, WORK], "userName": "u"}, None),
        ({"emails": [], "userName": "u"}, None),
        ({"emails": [None, "x@example.com"], "userName": None}, None),
        ({"emails": [{"value": None, "primary": True}], "userName": "u@example.com"}, None),
        ({"emails": [{"value": "Zo\u00eb@example.com", "primary": True}]}, None),
    ],
)
def test_the_address_is_the_primary_one_or_the_user_name_or_the_only_one(
    company: FakeScim, attributes: dict[str, object], email: str | None
) -> None:
    company.users[0] = changed(user(0), **attributes)
    snapshot = fetch(company.url)
    assert [user.email for user in snapshot.users.entries if user.external_id == "u-0"] == ([email] if email else [])
    assert bool(snapshot.notes) is (email is None)
    assert snapshot.users.proof


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"displayName": "Anna", "name": {"formatted": "Dr. Anna"}}, "Anna"),
        ({"displayName": "", "name": {"formatted": "Dr. Anna", "givenName": "A"}}, "Dr. Anna"),
        ({"name": {"givenName": "Anna", "familyName": "Example"}}, "Anna Example"),
        ({"name": {"familyName": "Example"}}, "Example"),
        ({"displayName": 7, "name": "Anna"}, "0@example.com"),
    ],
)
def test_the_name_is_the_first_that_the_server_has(company: FakeScim, attributes: dict[str, object], name: str) -> None:
    company.users[0] |= attributes
    assert fetch(company.url).users.entries[0].name == name

"""What Google did not list, or not all of: nobody is taken for gone who was not seen to be.

The issues are those of other people's syncs from Google.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_dashboard.directory import DirectoryGroup
from ops_dashboard.directory.google.answers import User
from ops_dashboard.directory.google.paging import read_pages
from tests.directory.google.asking import failure, fetch, groups
from tests.directory.google.workspace import FORBIDDEN, Answer, GoogleDirectory, Request, error, served

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
ONE = "/groups/g-one/members"
EMPTY = Answer(200, {"kind": "admin#directory#users"})


@pytest.fixture
def google() -> Iterator[GoogleDirectory]:
    """Two people and two groups."""
    with served(GoogleDirectory()) as directory:
        for number in (1, 2):
            directory.add_user(number)
        directory.add_group("one", ["u-1", "g-two"])
        directory.add_group("two", ["u-2"])
        yield directory


def test_issue_1_one_group_whose_members_fail_keeps_the_others_apart(
    google: GoogleDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """https://github.com/awslabs/ssosync/issues/236: random groups lost people when a call failed."""
    monkeypatch.setattr("ops_dashboard.directory.http._REPEAT_FOR", timedelta(seconds=0.2))
    google.fail(ONE, error(503, "The service is currently unavailable.", "backendError"), times=1000)
    read = groups(fetch(google))
    assert read["g-one"].problem == (
        f"{google.url}/admin/directory/v1{ONE}: answered 503 Service Unavailable: The service is currently unavailable."
    )
    assert read["g-two"] == DirectoryGroup("g-two", "two@example.com", ("u-2",), ())


def test_issue_1_members_whose_second_page_fails_are_not_all(google: GoogleDirectory) -> None:
    google.add_group("large", ["u-1"] * 200 + ["u-2"])
    google.fail("/groups/g-large/members", FORBIDDEN, later_pages=True)
    problem = groups(fetch(google))["g-large"].problem
    assert problem is not None
    assert problem.startswith(
        f"a page is missing: {google.url}/admin/directory/v1/groups/g-large/members: answered 403 "
    )


@pytest.mark.parametrize(
    ("path", "users", "groups"),
    [
        ("/users", "the list of users is empty, which is taken for a failure", None),
        ("/groups", None, "the list of groups is empty, which is taken for a failure"),
    ],
)
def test_issue_2_an_empty_list_proves_nothing(
    google: GoogleDirectory, path: str, users: str | None, groups: str | None
) -> None:
    """https://github.com/awslabs/ssosync/issues/194: everybody was deleted when Google returned nothing."""
    google.fail(path, EMPTY)
    snapshot = fetch(google)
    assert (snapshot.users.problem, snapshot.groups.problem) == (users, groups)
    assert (snapshot.users.proof is None, snapshot.groups.proof is None) == (users is not None, groups is not None)


def test_issue_2_empty_lists_of_both_are_an_error(google: GoogleDirectory) -> None:
    google.fail("/users", EMPTY)
    google.fail("/groups", EMPTY)
    assert failure(google) == f"{google.url}: customer my_customer has no users and no groups"


def test_issue_2_members_that_are_left_out_of_an_answer_are_not_none(google: GoogleDirectory) -> None:
    google.fail(ONE, EMPTY)
    assert groups(fetch(google))["g-one"].problem == "has 1 direct members, of which 0 are listed"


def test_issue_2_where_no_count_is_told_no_members_are_not_believed(google: GoogleDirectory) -> None:
    del google.groups[0]["directMembersCount"]
    google.fail(ONE, EMPTY)
    told = groups(fetch(google))["g-one"].problem
    assert told == "no members are listed, and how many there are is not told"


@pytest.mark.parametrize("count", [200, 201, 400, 401, 263])
def test_issues_3_and_4_all_members_of_a_large_group_are_read(google: GoogleDirectory, count: int) -> None:
    """Only the first page was read, and the others removed.

    https://github.com/slashdevops/idp-scim-sync/issues/87, https://github.com/bitwarden/directory-connector/issues/38
    """
    members = tuple(google.add_user(f"large-{number}") for number in range(count))
    google.add_group("large", members)
    assert groups(fetch(google))["g-large"] == DirectoryGroup("g-large", "large@example.com", members, ())
    for path in ("/users", "/groups", "/groups/g-large/members"):
        assert all(params["fields"].startswith("nextPageToken,") for params in google.asked(path))


def test_issue_3_a_lost_page_token_is_noticed(google: GoogleDirectory) -> None:
    google.add_group("large", [google.add_user(f"large-{number}") for number in range(263)])

    def without_token(request: Request) -> Answer:
        return Answer(200, {"members": google.members["g-large"][:200]})

    google.fail("/groups/g-large/members", without_token)
    assert groups(fetch(google))["g-large"].problem == "has 263 direct members, of which 200 are listed"


@pytest.mark.parametrize("count", [200, 201, 401])
def test_issue_5_all_groups_are_read(google: GoogleDirectory, count: int) -> None:
    """https://github.com/bitwarden/directory-connector/issues/12: only 200 were."""
    for number in range(count - 2):
        google.add_group(str(number), ["u-1"])
    listed = fetch(google).groups
    assert len(listed.entries) == count
    assert str(listed.proof).startswith(f"{count} groups on {-(-count // 200)} page")


@pytest.mark.parametrize("how", ["suspended", "archived"])
def test_issue_13_who_is_suspended_is_known_even_if_pages_are_missing(google: GoogleDirectory, how: str) -> None:
    """https://github.com/slashdevops/idp-scim-sync/issues/40."""
    google.users[0][how] = True
    for number in range(500):
        google.add_user(f"more-{number}")
    google.fail("/users", FORBIDDEN, later_pages=True)
    users = fetch(google).users
    assert (len(users.entries), users.entries[0].active, users.proof) == (500, False, None)
    assert str(users.problem).startswith(f"a page is missing: {google.url}/admin/directory/v1/users: answered 403 ")


def test_pages_that_lead_in_a_circle_prove_nothing(google: GoogleDirectory) -> None:
    for number in range(1001):
        google.add_user(f"more-{number}")
    google.loops = True
    users = fetch(google).users
    assert users.proof is None
    assert str(users.problem).endswith(", expected a token that no other page had")


@pytest.mark.parametrize(
    ("path", "content", "problem"),
    [
        ("/users", {"users": {"u-1": {}}}, "users: got no list"),
        ("/users", {"users": [{"suspended": False}]}, "users.id: Field required"),
        ("/users", {"users": [{"id": "u-1"}]}, "users.suspended: Field required"),
        ("/users", {"users": [{"id": "u-1", "suspended": "no"}]}, "users.suspended: Input should be "),
        ("/users", {"users": [None]}, "users: Input should be "),
        ("/groups", {"groups": [{"id": ""}]}, "groups.id: String should have "),
        ("/groups", {"groups": [{"id": "g-1", "directMembersCount": "few"}]}, "groups.directMembersCount: Input "),
        (
            "/users",
            {"users": [], "nextPageToken": 7},
            "nextPageToken: got 7, expected a token that no other page had",
        ),
        (
            "/users",
            {"users": [1, "u-1"]},
            "users: Input should be a valid dictionary or instance of User (and 1 m",
        ),
    ],
)
def test_what_is_not_understood_proves_nothing(
    google: GoogleDirectory, path: str, content: object, problem: str
) -> None:
    google.fail(path, Answer(200, content))
    snapshot = fetch(google)
    listed = snapshot.users if path == "/users" else snapshot.groups
    assert listed.proof is None
    assert str(listed.problem).startswith(problem)


_ENTRIES = st.dictionaries(st.sampled_from(["id", "primaryEmail", "name", "suspended", "archived"]), _JSON)


@given(st.lists(st.fixed_dictionaries({}, optional={"users": st.lists(_ENTRIES) | _JSON, "nextPageToken": _JSON})))
def test_whatever_google_lists_is_read_or_told(pages: list[dict[str, object]]) -> None:
    left = iter(pages)
    listed = read_pages(lambda _: next(left, {}), "users", User, at_most=500)
    told = listed.problem or ""
    assert told.isprintable()
    assert len(told) < 300


def test_many_entries_that_are_not_understood_are_told_in_one_line(google: GoogleDirectory) -> None:
    google.fail("/users", Answer(200, {"users": [*range(20)]}))
    told = str(fetch(google).users.problem)
    assert told.startswith("users: Input should be ")
    assert told.endswith(" (and 19 more)")


def test_members_that_are_not_understood_are_a_problem_of_the_group(google: GoogleDirectory) -> None:
    google.fail(ONE, Answer(200, {"members": ["u-1", {"id": "u-2", "type": "USER"}]}))
    assert str(groups(fetch(google))["g-one"].problem).startswith("members: Input should be ")


def test_a_count_that_is_not_understood_is_a_problem_of_the_group(google: GoogleDirectory) -> None:
    google.fail(ONE, EMPTY)
    google.fail("/groups/g-one", EMPTY)
    told = groups(fetch(google))["g-one"].problem
    assert told == "/groups/g-one: got {'kind': 'admin#directory#users'}, expected a group"


def test_a_group_that_is_deleted_meanwhile_has_a_problem(google: GoogleDirectory) -> None:
    del google.members["g-one"]
    assert groups(fetch(google))["g-one"].problem == (
        f"{google.url}/admin/directory/v1{ONE}: answered 404 Not Found: Resource Not Found: groupKey"
    )


def test_somebody_who_leaves_a_group_between_two_lists_is_no_problem(google: GoogleDirectory) -> None:
    def leaves(_: Request) -> None:
        google.members["g-one"].clear()
        google.groups[0]["directMembersCount"] = "0"

    google.fail(ONE, leaves)
    assert groups(fetch(google))["g-one"] == DirectoryGroup("g-one", "one@example.com", (), ())

"""A SCIM server that is busy, hangs, refuses or talks nonsense: what is kept, and what people are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.directory.scim.servers import (
    TOKEN,
    Answer,
    FakeScim,
    Request,
    fake_directory,
    fetch,
    groups_of,
    large_company,
    of_users,
    refusal,
)


@pytest.fixture
def company() -> Iterator[FakeScim]:
    with large_company() as fake:
        yield fake


@pytest.mark.parametrize(
    ("last_page", "problem"),
    [
        (Answer(400, {"detail": "too far"}), "/Users: answered 400 Bad Request: too far"),
        (Answer(500, {"detail": "out of memory"}), "/Users: answered 500 Internal Server Error: out of memory"),
        (
            Answer(200, "<html>Log in</html>"),
            "/Users: answered text/html that is no JSON object: '<html>Log in</html>'",
        ),
    ],
)
def test_a_list_cut_short_keeps_what_was_read_but_proves_nothing(
    company: FakeScim, last_page: Answer, problem: str
) -> None:
    company.mischief = of_users(lambda request, answer: last_page if request.query["startIndex"] == "201" else answer)
    users = fetch(company.url, seconds=2).users
    assert (users.proof, len(users.entries)) == (None, 200)
    assert users.problem is not None
    assert users.problem.startswith(f"{company.url}{problem}")
    assert not users.entries[0].active


def test_a_busy_server_is_asked_again_when_it_says(company: FakeScim) -> None:
    def busy(request: Request, answer: Answer) -> Answer:
        return Answer(429, {}, {"Retry-After": "0"}) if request.times == 2 else answer

    company.mischief = busy
    snapshot = fetch(company.url)
    assert snapshot.users.proof
    assert snapshot.groups.proof


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(403, {"detail": f"{TOKEN} lacks a scope"}), "answered 403 Forbidden: … lacks a scope; check that the"),
        (Answer(404, {}), "answered 404 Not Found; check the url"),
        (Answer(200, "<html>Log in</html>"), "answered text/html that is no JSON object: '<html>Log in</html>'"),
        (
            Answer(200, {"totalResults": 250}),
            "0 different ids on 1 pages, the last without a new one, but totalResults",
        ),
        (Answer(200, {}), "totalResults is nothing, expected a whole number"),
        (Answer(200, {"totalResults": 0}), "lists nobody; check that the token may read the users"),
    ],
)
def test_where_no_user_can_be_read_the_error_says_what_to_check(company: FakeScim, answer: Answer, told: str) -> None:
    company.mischief = lambda _, __: answer
    message = refusal(company.url, seconds=2)
    assert message.startswith(company.url)
    assert told in message


def test_a_redirect_is_not_followed_with_the_token(company: FakeScim) -> None:
    with fake_directory() as elsewhere:
        company.mischief = lambda _, __: Answer(302, {}, {"Location": f"{elsewhere.url}/Users"})
        assert "answered 302 Found" in refusal(company.url)
        assert not elsewhere.asked


def hang(fake: FakeScim, path: str) -> None:
    def wait(request: Request, answer: Answer) -> Answer:
        if request.path == path:
            fake.over.wait(60)
        return answer

    fake.mischief = wait


def test_a_server_that_hangs_is_given_up(company: FakeScim) -> None:
    hang(company, "/Users")
    assert refusal(company.url, seconds=0.3, request_seconds=0.2).startswith(f"{company.url}/Users: ")


def test_a_group_that_hangs_has_a_problem_and_the_others_are_read(company: FakeScim) -> None:
    hang(company, "/Groups/g-empty")
    snapshot = fetch(company.url, seconds=3, request_seconds=0.5)
    groups = groups_of(snapshot)
    assert (groups["ads"].member_users, groups["ads"].problem) == (("u-1", "u-2"), None)
    assert str(groups["empty"].problem).startswith(f"{company.url}/Groups/g-empty: ")
    assert snapshot.groups.proof


def test_groups_that_may_not_be_read_leave_the_users_who_tell_of_suspensions(company: FakeScim) -> None:
    company.mischief = lambda request, answer: Answer(403, {}) if request.path == "/Groups" else answer
    snapshot = fetch(company.url)
    assert (len(snapshot.users.entries), snapshot.groups.entries, snapshot.groups.proof) == (250, (), None)
    assert str(snapshot.groups.problem).startswith(f"{company.url}/Groups: answered 403 Forbidden; check that")


def test_a_server_without_groups_proves_nothing(company: FakeScim) -> None:
    company.groups = []
    groups = fetch(company.url).groups
    assert (groups.proof, groups.problem) == (None, "/Groups lists nothing; check that the token may read the groups")


def test_json_that_is_nested_without_end_is_no_traceback(company: FakeScim) -> None:
    company.users[0]["emails"] = [{"value": []}]
    for _ in range(300):
        company.users[0]["emails"] = [{"value": company.users[0]["emails"]}]
    assert len(fetch(company.url).users.entries) == 250

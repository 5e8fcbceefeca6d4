"""SCIM lists on several pages: proven to be all there is, or not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops_dashboard.directory.models import DirectoryError, DirectoryGroup, DirectoryUser
from tests.directory.scim.servers import (
    Answer,
    FakeScim,
    Mischief,
    Request,
    fake_directory,
    fetch,
    group,
    large_company,
    of_users,
    user,
)


@pytest.fixture
def company() -> Iterator[FakeScim]:
    with large_company() as fake:
        yield fake


@pytest.mark.parametrize("largest_page", [30, 99, 100, 1000])
def test_a_server_may_give_fewer_entries_a_page_than_it_was_asked_for(company: FakeScim, largest_page: int) -> None:
    company.largest_page = largest_page
    snapshot = fetch(company.url)
    assert len(snapshot.users.entries) == 250
    assert snapshot.users.proof
    assert {request.query["count"] for request in company.asked if request.path == "/Users"} == {"100"}


def test_the_total_may_stand_in_quotes(company: FakeScim) -> None:
    company.mischief = lambda request, answer: answer.but(totalResults="250") if request.path == "/Users" else answer
    assert fetch(company.url).users.proof


def test_attributes_may_be_written_in_any_case(company: FakeScim) -> None:
    company.users = [{"ID": "u-1", "USERNAME": "1@example.com", "Active": False}]
    company.groups = [{"id": "g-ads", "displayname": "ads", "Members": [{"Value": "u-1"}]}]
    company.mischief = lambda request, answer: answer.but(
        totalResults=...,
        Resources=...,
        TOTALRESULTS=1,
        resources=company.users if request.path == "/Users" else company.groups,
    )
    snapshot = fetch(company.url)
    assert snapshot.users.entries == (DirectoryUser("u-1", "1@example.com", "1@example.com", active=False),)
    assert snapshot.groups.entries == (DirectoryGroup("g-ads", "ads", ("u-1",), ()),)
    assert snapshot.users.proof


def test_a_list_that_changes_while_it_is_read_is_read_again(company: FakeScim) -> None:
    def somebody_joins(request: Request, answer: Answer) -> Answer:
        if (request.path, request.times) == ("/Users", 2):
            company.users.append(user(250))
        return answer

    company.mischief = somebody_joins
    snapshot = fetch(company.url)
    assert len(snapshot.users.entries) == 251
    assert snapshot.users.proof


def test_somebody_whom_a_deletion_moved_past_the_page_is_found_though_the_total_stays_the_same(
    company: FakeScim,
) -> None:
    def one_leaves_and_one_joins(request: Request, answer: Answer) -> Answer:
        if (request.path, request.times) == ("/Users", 1):
            del company.users[50]
            company.users.append(user(250))
        return answer

    company.mischief = one_leaves_and_one_joins
    snapshot = fetch(company.url)
    ids = {user.external_id for user in snapshot.users.entries}
    assert {"u-100", "u-250"} <= ids
    assert "u-50" not in ids
    assert snapshot.users.proof


def test_a_list_that_never_stays_the_same_is_not_proven(company: FakeScim) -> None:
    numbers = count(250)

    def one_leaves_and_one_joins(request: Request, answer: Answer) -> Answer:
        if request.path == "/Users":
            del company.users[50]
            company.users.append(user(next(numbers)))
        return answer

    company.mischief = one_leaves_and_one_joins
    snapshot = fetch(company.url)
    assert (snapshot.users.proof, snapshot.users.problem) == (None, "/Users: each reading brought other entries")


def of_page(number: int, **attributes: object) -> Mischief:
    start = str(100 * number - 99)
    return of_users(
        lambda request, answer: answer.but(**attributes) if request.query["startIndex"] == start else answer
    )


@pytest.mark.parametrize(
    ("mischief", "problem", "read"),
    [
        (of_page(2, totalResults=251), "totalResults changed from 250 to 251 while it was read", 250),
        (of_page(1, totalResults=...), "totalResults is nothing, expected a whole number", 250),
        (of_page(2, totalResults=True), "totalResults is True, expected a whole number", 250),
        (of_page(2, totalResults=-250), "totalResults is -250, expected a whole number", 250),
        (of_page(2, totalResults=250.5), "totalResults is 250.5, expected a whole number", 250),
        (of_page(2, totalResults="many"), "totalResults is 'many', expected a whole number", 250),
        (
            of_users(lambda _, answer: answer.but(totalResults=251)),
            "250 different ids on 4 pages, the last without a new one, but totalResults is 251",
            250,
        ),
        (
            of_users(lambda _, answer: answer.but(totalResults=90)),
            "100 different ids on 1 pages, but totalResults is 90",
            100,
        ),
        (
            of_page(2, Resources=[], itemsPerPage=0),
            "100 different ids on 2 pages, the last without a new one, but totalResults is 250",
            100,
        ),
        (
            of_page(3, Resources=[user(1), *[user(number) for number in range(201, 250)]]),
            "249 different ids on 3 pages, but totalResults is 250",
            249,
        ),
        (
            of_page(3, Resources=[{}, None, "u-1", {"id": 7}, *[user(number) for number in range(204, 250)]]),
            "4 of 250 entries have no id",
            246,
        ),
    ],
)
def test_without_proof_the_problem_says_why_and_the_entries_are_what_was_read(
    company: FakeScim, mischief: Mischief, problem: str, read: int
) -> None:
    company.mischief = mischief
    users = fetch(company.url).users
    assert (users.proof, users.problem, len(users.entries)) == (None, f"/Users: {problem}", read)
    assert not users.entries[0].active


def test_a_server_that_gives_the_first_page_again_and_again_is_noticed(company: FakeScim) -> None:
    company.mischief = of_users(lambda _, answer: answer.but(startIndex=1, Resources=company.users[:100]))
    users = fetch(company.url).users
    assert (users.proof, len(users.entries)) == (None, 100)
    assert users.problem == (
        "/Users: 100 different ids on 2 pages, the last without a new one, but totalResults is 250"
    )


def test_a_second_reading_that_fails_takes_nothing_from_what_the_first_one_read(company: FakeScim) -> None:
    company.mischief = of_users(lambda request, answer: answer if request.times < 5 else Answer(400, {}))
    users = fetch(company.url).users
    assert (len(users.entries), users.proof) == (250, None)
    assert users.problem == f"{company.url}/Users: answered 400 Bad Request"


Changes = st.dictionaries(st.integers(1, 12), st.tuples(st.lists(st.integers(0, 12), max_size=2), st.integers(0, 2)))


@settings(max_examples=60, deadline=None)
@given(size=st.integers(1, 9), largest_page=st.integers(1, 4), changes=Changes)
def test_whatever_changes_between_pages_what_is_proven_was_all_there_was_at_one_moment(
    size: int, largest_page: int, changes: dict[int, tuple[list[int], int]]
) -> None:
    """People leave and join between any two pages; ids are not given twice."""
    numbers = count(size)
    with fake_directory() as fake:
        fake.largest_page = largest_page
        fake.users = [user(number) for number in range(size)]
        fake.groups = [group("ads", "u-0")]
        moments = [{each["id"] for each in fake.users}]

        def change(request: Request, answer: Answer) -> Answer:
            leave, join = changes.get(request.times, ([], 0)) if request.path == "/Users" else ([], 0)
            for position in leave:
                del fake.users[position : position + 1]
            for _ in range(join):
                # In the middle, where it moves others to the next page.
                fake.users.insert(len(fake.users) // 2, user(next(numbers)))
            moments.append({each["id"] for each in fake.users})
            return answer

        fake.mischief = change
        try:
            users = fetch(fake.url).users
        except DirectoryError:
            return
        if users.proof:
            assert {user.external_id for user in users.entries} in moments
        if not changes:
            assert users.proof

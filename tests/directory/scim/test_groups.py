"""The groups of a SCIM server: who is in them, and that none counts as empty that may not be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ops_dashboard.directory.models import DirectoryGroup
from tests.directory.scim.servers import (
    Answer,
    FakeScim,
    Request,
    changed,
    fetch,
    group,
    groups_of,
    large_company,
)


@pytest.fixture
def company() -> Iterator[FakeScim]:
    with large_company() as fake:
        yield fake


UNSAID = "the server does not say who is in it, nor that nobody is"


@pytest.mark.parametrize("in_list", [{"members": ...}, {"members": []}, {"members": None}])
def test_members_that_lists_do_not_show_are_asked_for_group_by_group(
    company: FakeScim, in_list: dict[str, object]
) -> None:
    def shorten(request: Request, answer: Answer) -> Answer:
        if request.path != "/Groups" or "filter" in request.query:
            return answer
        return answer.but(Resources=[changed(each, **in_list) for each in company.groups])

    company.mischief = shorten
    groups = groups_of(fetch(company.url))
    assert groups["ads"] == DirectoryGroup("g-ads", "ads", ("u-1", "u-2"), ())
    assert groups["empty"] == DirectoryGroup("g-empty", "empty", (), ())
    asked = {request.path: request.query for request in company.asked}
    assert asked["/Groups/g-ads"] == {"attributes": "id,displayName,members"}


def test_an_empty_list_of_members_is_believed_of_a_server_that_shows_members_of_another_group(
    company: FakeScim,
) -> None:
    assert groups_of(fetch(company.url))["empty"] == DirectoryGroup("g-empty", "empty", (), ())
    assert not [request for request in company.asked if "filter" in request.query]


def test_missing_members_are_none_if_the_server_says_that_the_group_is_empty(company: FakeScim) -> None:
    del company.groups[1]["members"]
    assert groups_of(fetch(company.url))["empty"] == DirectoryGroup("g-empty", "empty", (), ())


@pytest.mark.parametrize(
    "filtered",
    [
        Answer(501, {"detail": "filter is not supported"}),
        Answer(400, {"detail": "unknown operator pr", "scimType": "invalidFilter"}),
        Answer(200, {"totalResults": 0}),
        # It does not know filters, and answers as if none was asked for.
        Answer(200, {"totalResults": 2, "Resources": [{"id": "g-ads"}, {"id": "g-empty"}]}),
        # Not all of its answer can be read.
        Answer(200, {"totalResults": 3, "Resources": [{"id": "g-empty"}]}),
        Answer(200, "<html>"),
    ],
)
def test_missing_members_are_a_problem_unless_the_server_says_that_the_group_is_empty(
    company: FakeScim, filtered: Answer
) -> None:
    del company.groups[1]["members"]
    company.mischief = lambda request, answer: filtered if "filter" in request.query else answer
    groups = groups_of(fetch(company.url))
    assert groups["empty"].problem == UNSAID
    assert groups["ads"].problem is None


@pytest.mark.parametrize("members", [..., [], None])
def test_a_server_that_shows_no_member_of_any_group_is_not_believed_that_all_are_empty(
    company: FakeScim, members: object
) -> None:
    company.groups = [changed(group(name), members=members) for name in ("ads", "search")]
    problems = {group.problem for group in fetch(company.url).groups.entries}
    assert problems == {"the server shows no member of any group"}


@pytest.mark.parametrize(
    ("alone", "problem"),
    [
        (Answer(404, {"detail": "gone"}), "/Groups/g-empty: answered 404 Not Found: gone"),
        (Answer(500, {}), "/Groups/g-empty: answered 500 Internal Server Error"),
        (Answer(200, "<html>"), "/Groups/g-empty: answered text/html that is no JSON object"),
        (Answer(200, {"id": "g-ads", "members": []}), "/Groups/g-empty is 'g-ads' instead"),
        (Answer(200, {"members": []}), "/Groups/g-empty is nothing instead"),
        (Answer(200, {"id": "g-empty", "members": "u-1"}), "its members are no list"),
        (Answer(200, {"id": "g-empty", "members": {}}), "its members are no list"),
    ],
)
def test_a_group_that_cannot_be_read_by_itself_has_a_problem_and_the_others_are_read(
    company: FakeScim, alone: Answer, problem: str
) -> None:
    company.mischief = lambda request, answer: alone if request.path == "/Groups/g-empty" else answer
    groups = groups_of(fetch(company.url, seconds=2))
    assert problem in str(groups["empty"].problem)
    assert groups["ads"] == DirectoryGroup("g-ads", "ads", ("u-1", "u-2"), ())


def test_the_id_of_a_group_is_part_of_no_other_path(company: FakeScim) -> None:
    company.groups[1]["id"] = "a/../../Users?x=1#é"
    assert groups_of(fetch(company.url))["empty"].problem is None
    assert company.asked[-1].path == "/Groups/a/../../Users?x=1#é"


@pytest.mark.parametrize(
    ("member", "users", "groups"),
    [
        ({"value": "u-1"}, ("u-1",), ()),
        ({"value": "g-empty"}, (), ("g-empty",)),
        ({"value": "u-1", "type": "user"}, ("u-1",), ()),
        ({"value": "g-empty", "type": "Group"}, (), ("g-empty",)),
        ({"value": "g-empty", "type": "direct"}, (), ("g-empty",)),
        ({"value": "g-empty", "$ref": "https://example.com/scim/v2/Groups/g-empty"}, (), ("g-empty",)),
        # Numbered apart: only what the server says tells them from each other.
        ({"value": "7", "type": "User"}, ("7",), ()),
        ({"value": "7", "type": "Group"}, (), ("7",)),
        ({"value": "7", "$ref": "../Users/7"}, ("7",), ()),
        ({"value": "7", "$ref": "Groups/7"}, (), ("7",)),
        # A user who is gone is not the group that has the same number.
        ({"value": "8", "type": "User"}, (), ()),
    ],
)
def test_a_member_is_the_user_or_the_group_that_the_server_says_or_else_lists(
    company: FakeScim, member: dict[str, str], users: tuple[str, ...], groups: tuple[str, ...]
) -> None:
    company.users.append({"id": "7", "userName": "seven@example.com"})
    company.groups += [group("seven", "u-1", id="7"), group("eight", "u-1", id="8")]
    company.groups[0]["members"] = [member]
    ads = groups_of(fetch(company.url))["ads"]
    assert (ads.member_users, ads.member_groups, ads.problem) == (users, groups, None)


@pytest.mark.parametrize(
    ("member", "problem", "example"),
    [
        ({"value": "7"}, "the id of one of its members is that of a user and of a group", "'7'"),
        ({"value": ""}, "one of its members is no object with a value", "{'value': ''}"),
        ({"display": "Anna"}, "one of its members is no object with a value", "{'display': 'Anna'}"),
        (None, "one of its members is no object with a value", "nothing"),
        ("u-1", "one of its members is no object with a value", "'u-1'"),
    ],
)
def test_a_member_that_cannot_be_told_is_a_problem_of_its_group(
    company: FakeScim, member: object, problem: str, example: str
) -> None:
    company.users.append({"id": "7", "userName": "seven@example.com"})
    company.groups.append(group("seven", "u-1", id="7"))
    company.groups[0]["members"] = [{"value": "u-1"}, member]
    snapshot = fetch(company.url)
    groups = groups_of(snapshot)
    assert groups["ads"] == DirectoryGroup("g-ads", "ads", (), (), problem=problem)
    assert f"group 'ads': {problem}: {example}" in snapshot.notes
    assert groups["seven"].problem is None


@pytest.mark.parametrize("name", [..., None, "", 7, "x" * 100_000])
def test_a_group_without_a_usable_name_has_a_problem(company: FakeScim, name: object) -> None:
    company.groups[0] = changed(company.groups[0], displayName=name)
    assert fetch(company.url).groups.entries[0].problem

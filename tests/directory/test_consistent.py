"""What a server listed, made consistent: in doubt nobody gets a right, and no group loses what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_dashboard.directory import DirectoryGroup, DirectoryUser, Listing, Snapshot
from ops_dashboard.directory.consistent import LONGEST_NAME, consistent

ANNA = DirectoryUser("u-1", "anna@example.com", "Anna", active=True)
BERT = DirectoryUser("u-2", "bert@example.com", "Bert", active=True)
ADS = DirectoryGroup("g-1", "ads-oncall", ("u-1",), ())
SEARCH = DirectoryGroup("g-2", "search-oncall", ("u-2",), ("g-1",))


def made(users: Sequence[DirectoryUser], groups: Sequence[DirectoryGroup]) -> Snapshot:
    return consistent(
        "scim", "here", Listing(tuple(users), "all users"), Listing(tuple(groups), "all groups"), ("noted",)
    )


def test_what_is_consistent_stays_as_it_is() -> None:
    found = made([ANNA, BERT], [ADS, SEARCH])
    assert found.users == Listing((ANNA, BERT), "all users")
    assert found.groups == Listing((ADS, SEARCH), "all groups")
    assert (found.source, found.origin, found.notes) == ("scim", "here", ("noted",))


@pytest.mark.parametrize(
    ("users", "left", "note"),
    [
        ([replace(ANNA, email=" Anna@Example.COM ")], [ANNA], None),
        ([ANNA, ANNA], [ANNA], None),
        ([ANNA, replace(ANNA, active=False)], [replace(ANNA, active=False)], None),
        ([replace(ANNA, active=False), ANNA], [replace(ANNA, active=False)], None),
        ([replace(ANNA, name="An\nna\u202e")], [replace(ANNA, name="An na")], None),
        ([replace(ANNA, name="x" * 100_000)], [replace(ANNA, name="x" * 200)], None),
        ([replace(ANNA, email="")], [], "users without a usable e-mail: 1 left out ('u-1')"),
        ([replace(ANNA, email="änna@example.com")], [], "users without a usable e-mail: 1 left out ('u-1')"),
        ([replace(ANNA, email="a" * 255 + "@b")], [], "users without a usable e-mail: 1 left out ('u-1')"),
        ([replace(ANNA, external_id="")], [], "users without a usable id: 1 left out ('anna@example.com')"),
        ([replace(ANNA, external_id="u\x00")], [], "users without a usable id: 1 left out ('anna@example.com')"),
        ([replace(ANNA, external_id="\ud800")], [], "users without a usable id: 1 left out ('anna@example.com')"),
        # The Kelvin sign, which lower case makes a k of.
        ([replace(ANNA, email="\u212aim@example.com")], [], "users without a usable e-mail: 1 left out ('u-1')"),
        (
            [ANNA, replace(ANNA, email="", active=False)],
            [replace(ANNA, active=False)],
            "users without a usable e-mail: 1 left out ('u-1')",
        ),
        ([replace(ANNA, active=None)], [replace(ANNA, active=None)], None),
    ],
)
def test_people(users: list[DirectoryUser], left: list[DirectoryUser], note: str | None) -> None:
    found = made(users, [])
    assert list(found.users.entries) == left
    assert list(found.notes[1:]) == ([note] if note else [])


@pytest.mark.parametrize(
    ("group", "problem"),
    [
        (replace(ADS, name=""), "it has no name"),
        (replace(ADS, name=" "), "it has no name"),
        (replace(ADS, name="x" * 100_000), "its name has more than 200 characters"),
        (replace(ADS, name="ads\noncall"), "its name is not printable"),
        (replace(ADS, name="", problem="its members: 503"), "its members: 503"),
        (replace(ADS, name="ads\x00\ud800", problem="its members: 503"), "its members: 503"),
        (replace(ADS, name="x" * 100_000, problem="its members: 503"), "its members: 503"),
    ],
)
def test_a_group_that_cannot_be_understood_has_a_problem(group: DirectoryGroup, problem: str) -> None:
    found = made([ANNA, BERT], [group, SEARCH])
    by_id = {each.external_id: each for each in found.groups.entries}
    assert by_id["g-1"].problem == problem
    assert len(by_id["g-1"].name) <= 200
    assert by_id["g-1"].name.isprintable()


def test_a_group_listed_twice_is_one_unless_the_two_differ() -> None:
    assert made([ANNA], [ADS, ADS]).groups.entries == (ADS,)
    (differing,) = made([ANNA, BERT], [ADS, replace(ADS, member_users=("u-2",))]).groups.entries
    assert differing.problem == "it was listed twice, with different contents"


def test_members_whom_nobody_knows_are_left_out_and_itself_too() -> None:
    group = replace(ADS, member_users=("u-1", "u-9", "u-1"), member_groups=("g-1", "g-9", "g-2", "g-2"))
    found = made([ANNA], [group, replace(SEARCH, member_users=())])
    assert found.groups.entries[0] == replace(ADS, member_groups=("g-2",))
    assert found.notes[1:] == ("members who are not in the directory: 2 left out ('u-9', 'g-9')",)


def test_notes_stay_short() -> None:
    found = made([], [replace(ADS, member_users=tuple(f"u-{n}" for n in range(1000)))])
    assert found.notes[1] == (
        "members who are not in the directory: 1000 left out ('u-0', 'u-1', 'u-2', 'u-3', 'u-4' and 995 more)"
    )


TEXTS = st.sampled_from(["", " ", "a", "b", "A@x", "a@x", "b@x", "x\x00", "x\ud800", "ü@x", "c" * 300])
IDS = st.sampled_from(["", "1", "\ud800", "2", "3", "4" * 600])


@given(
    users=st.lists(st.builds(DirectoryUser, IDS, TEXTS, TEXTS, st.none() | st.booleans()), max_size=6),
    groups=st.lists(
        st.builds(
            DirectoryGroup,
            IDS,
            TEXTS,
            st.lists(IDS).map(tuple),
            st.lists(IDS).map(tuple),
            problem=st.none() | st.just("its members: 503"),
        ),
        max_size=6,
    ),
)
def test_whatever_was_listed_the_result_is_consistent(users: list[DirectoryUser], groups: list[DirectoryGroup]) -> None:
    found = made(users, groups)
    people, bodies = found.users.entries, found.groups.entries
    assert len({user.external_id for user in people}) == len(people)
    assert len({group.external_id for group in bodies}) == len(bodies)
    readable = [group for group in bodies if group.problem is None]
    assert all(group.name.strip() for group in readable)
    assert all(group.name.isprintable() and len(group.name) <= LONGEST_NAME for group in bodies)
    for group in bodies:
        assert set(group.member_users) <= {user.external_id for user in people}
        assert set(group.member_groups) <= {each.external_id for each in bodies} - {group.external_id}
        assert len(set(group.member_users)) == len(group.member_users)
    suspended = {user.external_id for user in users if user.active is False and user.external_id in {"1", "2", "3"}}
    assert found.suspended_ids == suspended
    assert not suspended & {user.external_id for user in people if user.active is not False}

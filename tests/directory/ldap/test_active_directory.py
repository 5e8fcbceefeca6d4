"""The LDAP directory of Active Directory: its ids, names and flags on slapd, its large attributes on a responder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest

from ops_dashboard.directory import DirectoryError, DirectoryUser
from tests.directory.ldap import responder
from tests.directory.ldap.reading import fetch, fetch_of, groups_of, people_in, users_of
from tests.directory.ldap.responder import Answer, Search, directory, user
from tests.directory.ldap.slapd import BASE, GROUPS, PEOPLE, Attributes, Entries, person, running_slapd

FIRST_GUID = UUID("7b95f0d5-a3ed-486c-919c-077b8c9731f2")


def account(name: str, number: int, flags: int, **more: str) -> Entries:
    """A user of Active Directory."""
    attributes: Attributes = {
        "objectClass": "user",
        "objectCategory": "person",
        "objectGUID": UUID(int=FIRST_GUID.int + number).bytes_le,
        "displayName": f"{name} of Ads",
        "userAccountControl": str(flags),
        **more,
    }
    return person(name, **attributes)


ACCOUNTS: Entries = {
    # 512 is a normal account, 65536 a password that never expires, 2 a disabled account.
    **account("anna", 0, 512),
    **account("bert", 1, 512 + 2),
    **account("carl", 2, 512 + 65536 + 2),
    **account("dora", 3, 512 + 65536, employeeType="left"),
    f"cn=Ads On Call,{GROUPS}": {
        "objectClass": "group",
        "objectGUID": UUID(int=FIRST_GUID.int + 9).bytes_le,
        "sAMAccountName": "ads-oncall",
        "member": [f"uid=anna,{PEOPLE}", f"uid=bert,{PEOPLE}"],
    },
}


def test_active_directory_has_its_own_ids_names_and_flags() -> None:
    snapshot = fetch_of(ACCOUNTS, vendor="active-directory")
    assert users_of(snapshot)["anna"] == DirectoryUser(str(FIRST_GUID), "anna@example.com", "anna of Ads", active=True)
    assert [name for name, user in users_of(snapshot).items() if not user.active] == ["bert", "carl"]
    assert people_in(snapshot, "ads-oncall") == {"anna", "bert"}
    assert groups_of(snapshot)["ads-oncall"].external_id == "7b95f0d5-a3ed-486c-919c-077b8c9731fb"


def test_more_than_the_disabled_may_be_suspended_in_active_directory() -> None:
    snapshot = fetch_of(ACCOUNTS, vendor="active-directory", disabled_filter="(employeeType=left)")
    assert [name for name, user in users_of(snapshot).items() if user.active] == ["anna"]


def test_flags_that_may_not_be_seen_do_not_make_anybody_active() -> None:
    hidden = f'access to dn.exact="uid=bert,{PEOPLE}" attrs=userAccountControl by * none'
    with running_slapd(ACCOUNTS, hidden) as slapd:
        snapshot = fetch(slapd, vendor="active-directory")
    assert "bert" not in users_of(snapshot)
    assert snapshot.users.problem == "users: userAccountControl is missing or unusable in 1 entries"
    assert f"userAccountControl is missing or unusable: 1 ('uid=bert,{PEOPLE}')" in snapshot.notes
    assert snapshot.users.proof is None
    assert groups_of(snapshot)["ads-oncall"].problem is not None

    with (
        running_slapd(ACCOUNTS, "access to attrs=userAccountControl by * none") as slapd,
        pytest.raises(DirectoryError, match="userAccountControl is missing or unusable in 4 entries"),
    ):
        fetch(slapd, vendor="active-directory")


PER_PART = 1500


def part_of(members: Sequence[str], search: Search) -> Mapping[str, Sequence[str]]:
    """What Active Directory answers to `member` or to `member;range=1500-*`: never more than 1500 at once."""
    match = re.fullmatch(r"member(?:;range=(\d+)-\*)?", search.attributes[-1])
    assert match
    first = int(match[1] or 0)
    last = min(first + PER_PART, len(members))
    if last == len(members):
        return {f"member;range={first}-*": members[first:]} if first else {"member": members}
    return {"member": [], f"member;range={first}-{last - 1}": members[first:last]}


@pytest.mark.parametrize("size", [0, 1, 1500, 1501, 3000, 4001])
def test_a_large_attribute_is_read_part_by_part(size: int) -> None:
    names = [f"CN=u{number},{BASE}" for number in range(size)]
    snapshot = responder.fetch(
        directory(
            users=lambda _: Answer([user(number) for number in range(4001)]),
            groups=lambda search: Answer([responder.group("ads", **part_of(names, search))]),
            parts=lambda search: Answer([(search.base, part_of(names, search))], cookie=None),
        )
    )
    (ads,) = snapshot.groups.entries
    assert (ads.problem, len(ads.member_users)) == (None, size)
    assert snapshot.groups.proof


FIRST = {"member;range=0-1": [f"CN=u1,{BASE}", f"CN=u2,{BASE}"]}


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        (Answer(code=53, message="not now"), "member;range=2-*: unwillingToPerform (53): not now"),
        (Answer(code=4), "member;range=2-*: sizeLimitExceeded (4)"),
        (Answer(), "member;range=2-*: the server has none"),
        (Answer([responder.group("ads")]), "member;range=2-*: the server has none"),
        (Answer([responder.group("ads", **{"member;range=2-3": []})]), "member;range=2-*: the server has none"),
        (Answer([responder.group("ads", **FIRST)]), "member: after 2 values came those from number 0 on"),
        (
            Answer([responder.group("ads", **{"member;range=9-*": ["x"]})]),
            "member: after 2 values came those from number 9 on",
        ),
        (b"nonsense" * 20, "not understood as LDAP"),
        (b"", "session terminated by server"),
    ],
)
def test_a_rest_that_does_not_come_is_a_problem_of_that_group_alone(rest: Answer | bytes, problem: str) -> None:
    groups = Answer([responder.group("search", member=[f"CN=u1,{BASE}"]), responder.group("ads", **FIRST)])
    snapshot = responder.fetch(directory(groups=lambda _: groups, parts=lambda _: rest))
    search, ads = snapshot.groups.entries
    assert problem in str(ads.problem)
    assert (search.problem, search.member_users) == (None, ("id-1",))
    assert snapshot.groups.proof

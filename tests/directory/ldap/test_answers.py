"""The LDAP directory of servers that answer as slapd does not: with errors between pages, and pages without an end."""

from __future__ import annotations

import socket
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops_dashboard.directory import DirectoryError
from tests.directory.ldap.responder import BASE, Answer, Respond, Search, directory, fetch, group, user


def pages(*answers: Answer | bytes) -> Respond:
    """Answer one after the other, as the cookie says which is next."""
    return lambda search: answers[int(search.cookie or b"0")]


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        (Answer([user(2)], code=1), "operationsError (1)"),
        (Answer([user(2)], code=3), "timeLimitExceeded (3)"),
        (Answer([user(2)], code=4), "sizeLimitExceeded (4)"),
        (Answer([user(2)], code=4, cookie=b"2"), "sizeLimitExceeded (4)"),
        (Answer([user(2)], code=10), "referral (10)"),
        (Answer([user(2)], code=11), "adminLimitExceeded (11)"),
        (Answer([user(2)], code=50, message="no\x1b[2J"), "insufficientAccessRights (50): no [2J"),
        (Answer([user(2)], code=51), "busy (51)"),
        (Answer([user(2)], code=52), "unavailable (52)"),
        (Answer([user(2)], code=53), "unwillingToPerform (53)"),
        (Answer([user(2)], code=80), "other (80)"),
        (Answer([user(2)], cookie=None), "the server does not say whether it is the last"),
    ],
)
def test_each_page_has_to_succeed(second: Answer, problem: str) -> None:
    snapshot = fetch(directory(users=pages(Answer([user(1)], cookie=b"1"), second)))
    assert snapshot.users.problem == f"users: page 2: {problem}"
    assert snapshot.users.proof is None
    assert [each.external_id for each in snapshot.users.entries] == ["id-1", "id-2"]


def test_a_server_without_pages_shall_not_answer_at_all() -> None:
    searches: list[Search] = []

    def refuse(search: Search) -> Answer:
        searches.append(search)
        return Answer(code=12)

    with pytest.raises(DirectoryError, match=r"users: page 1: unavailableCriticalExtension \(12\)"):
        fetch(directory(users=refuse))
    assert [(search.cookie, search.insists) for search in searches] == [(b"", True)]


def test_pages_that_go_round_in_a_circle_come_to_an_end_without_proof() -> None:
    circle = pages(Answer([user(1)], cookie=b"1"), Answer([user(2)], cookie=b"2"), Answer([user(3)], cookie=b"1"))
    snapshot = fetch(directory(users=circle))
    assert snapshot.users.problem == "users: page 4: it repeats what came before, without an end"
    assert snapshot.users.proof is None
    assert len(snapshot.users.entries) == 3


def test_empty_pages_without_an_end_come_to_an_end_without_proof() -> None:
    snapshot = fetch(directory(users=pages(Answer([user(1)], cookie=b"1"), Answer(cookie=b"1"))))
    assert snapshot.users.problem == "users: page 2: it repeats what came before, without an end"


def test_a_cookie_that_stays_the_same_is_no_circle_while_there_is_something_new() -> None:
    # 389 Directory Server gives every page the cookie "0": owncloud/core#14849.
    answers = iter([Answer([user(1)], cookie=b"0"), Answer([user(2)], cookie=b"0"), Answer([user(3)])])
    snapshot = fetch(directory(users=lambda _: next(answers)))
    assert snapshot.users.proof == "3 users on 3 page(s), the last without a cookie"


def test_pages_that_always_bring_something_new_come_to_an_end_by_the_clock() -> None:
    numbers = count()
    snapshot = fetch(directory(users=lambda _: Answer([user(next(numbers))], cookie=b"more")), seconds=0.5)
    assert str(snapshot.users.problem).endswith("it took longer than the 0.5 s that there are for everything")
    assert len(snapshot.users.entries) > 1


def test_an_empty_page_in_between_is_no_end() -> None:
    snapshot = fetch(directory(users=pages(Answer(cookie=b"1"), Answer(cookie=b"2"), Answer([user(1)]))))
    assert snapshot.users.proof == "1 users on 3 page(s), the last without a cookie"


def test_an_entry_that_comes_twice_counts_once() -> None:
    snapshot = fetch(directory(users=pages(Answer([user(1), user(2)], cookie=b"1"), Answer([user(2), user(3)]))))
    assert [each.external_id for each in snapshot.users.entries] == ["id-1", "id-2", "id-3"]
    assert snapshot.users.proof


def test_references_to_other_servers_are_told_and_not_followed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0)
        url = f"ldap://127.0.0.1:{elsewhere.getsockname()[1]}/{BASE}"
        snapshot = fetch(directory(users=lambda _: Answer([user(1)], references=[url])))
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
    assert snapshot.users.proof
    assert snapshot.notes == (f"other servers that were referred to were not asked: 1 ('{url}')",)


def test_a_referral_in_place_of_an_answer_is_not_followed() -> None:
    with pytest.raises(DirectoryError, match=r"users: page 1: referral \(10\)"):
        fetch(directory(users=lambda _: Answer(code=10)))


@pytest.mark.parametrize("groups", [Answer(code=53), Answer(code=51), b"", b"nonsense" * 20])
def test_groups_that_can_t_be_read_leave_the_users_who_are_suspended_known(groups: Answer | bytes) -> None:
    snapshot = fetch(directory(groups=lambda _: groups))
    assert snapshot.users.proof
    assert (snapshot.groups.entries, snapshot.groups.proof) == ((), None)
    assert str(snapshot.groups.problem).startswith("groups: page 1: ")


def test_two_entries_whose_names_differ_only_in_spelling_are_nobody_s_member_but_by_their_own_spelling() -> None:
    anna, other = user(1), (f"cn=U1,  {BASE}", user(2)[1])
    members = {"ads": other[0], "search": f"cn=u1,{BASE}"}
    snapshot = fetch(
        directory(
            users=lambda _: Answer([anna, other]),
            groups=lambda _: Answer([group(name, member=[member]) for name, member in members.items()]),
        )
    )
    ads, search = snapshot.groups.entries
    assert (ads.member_users, search.member_users) == (("id-2",), ())


ATTRIBUTES = st.sampled_from(["entryUUID", "ENTRYUUID", "cn", "mail", "member", "member;range=0-1", "member;range=2-*"])
ENTRIES = st.lists(
    st.tuples(
        st.text(max_size=20) | st.just(f"CN=u1,{BASE}"),
        st.dictionaries(ATTRIBUTES, st.lists(st.binary(max_size=40) | st.just(f"CN=u1,{BASE}"), max_size=3)),
    ),
    max_size=3,
)
ANSWERS = st.binary(max_size=60) | st.builds(
    Answer,
    entries=ENTRIES,
    code=st.just(0) | st.integers(0, 130),
    message=st.text(max_size=20),
    cookie=st.just(b"") | st.none() | st.binary(max_size=3),
    references=st.lists(st.text(min_size=1, max_size=20), max_size=2),
)


@settings(max_examples=200)
@given(users=ANSWERS | st.just(Answer([user(1)])), groups=ANSWERS, parts=ANSWERS)
def test_whatever_a_server_answers_there_is_a_snapshot_or_a_plain_error(
    users: Answer | bytes, groups: Answer | bytes, parts: Answer | bytes
) -> None:
    try:
        snapshot = fetch(directory(lambda _: users, lambda _: groups, lambda _: parts))
    except DirectoryError as error:
        told = [str(error)]
    else:
        told = [*snapshot.notes]
        for listing in (snapshot.users, snapshot.groups):
            assert (listing.proof is None) != (listing.problem is None)
            assert all(each.external_id.isprintable() for each in listing.entries)
            told.append(str(listing.problem))
        assert all(
            sound(answer) for answer, listing in ((users, snapshot.users), (groups, snapshot.groups)) if listing.proof
        )
    assert all(line.isprintable() for line in told)


def sound(answer: Answer | bytes) -> bool:
    """Whether an answer says that it is all there is."""
    return isinstance(answer, Answer) and answer.code == 0 and answer.cookie == b""

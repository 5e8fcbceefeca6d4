"""The directory of a real SCIM server, and what can be configured of one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from ops_dashboard.directory.models import DirectoryError, DirectoryGroup, DirectoryUser
from ops_dashboard.directory.scim import ScimSettings
from ops_dashboard.directory.settings import Server
from tests.directory.scim.servers import (
    TOKEN,
    RealScim,
    fetch,
    groups_of,
    real_directory,
    real_server,
    refusal,
    users_of,
)


@pytest.fixture(scope="module")
def scim_server() -> Iterator[str]:
    with real_server() as address:
        yield address


@pytest.fixture
def real_scim(scim_server: str) -> Iterator[RealScim]:
    with real_directory(scim_server) as real:
        yield real


def test_all_users_and_nested_groups_of_a_real_server_are_read_with_proof(real_scim: RealScim) -> None:
    ids = [real_scim.add_user(f"user-{number:03}", active=number != 7) for number in range(250)]
    ads = real_scim.add_group("ads", [{"value": each} for each in ids])
    leads = real_scim.add_group("leads", [{"value": ids[0], "type": "User"}, {"value": ads, "type": "Group"}])
    real_scim.add_group("all", [{"value": leads}, {"value": ids[1]}])
    snapshot = ScimSettings(kind="scim", url=real_scim.url).source(Server(password=TOKEN)).fetch()
    users, groups = users_of(snapshot), groups_of(snapshot)
    assert users["user-000"] == DirectoryUser(ids[0], "user-000@example.com", "user-000", active=True)
    assert [user.name for user in users.values() if not user.active] == ["user-007"]
    assert set(groups["ads"].member_users) == set(ids)
    assert groups["leads"] == DirectoryGroup(leads, "leads", (ids[0],), (ads,))
    assert (groups["all"].member_users, groups["all"].member_groups) == ((ids[1],), (leads,))
    assert snapshot.users.proof == (
        "/Users: 250 entries, as many as totalResults says, on 3 pages, the same when read again"
    )
    assert snapshot.groups.proof == "/Groups: 3 entries, as many as totalResults says, on one page"
    assert (snapshot.source, snapshot.origin, snapshot.notes) == ("scim", real_scim.url, ())


def test_who_leaves_a_group_of_a_real_server_is_gone_even_the_last_one(real_scim: RealScim) -> None:
    anna, bert = real_scim.add_user("anna"), real_scim.add_user("bert")
    ads = real_scim.add_group("ads", [{"value": anna}, {"value": bert}])
    alone = real_scim.add_group("alone", [{"value": anna}])
    real_scim.add_group("never", [])
    before = groups_of(fetch(real_scim.url))
    assert set(before["ads"].member_users) == {anna, bert}
    assert before["alone"].member_users == (anna,)
    for each in (ads, alone):
        real_scim.change(f"/Groups/{each}", op="remove", path=f'members[value eq "{anna}"]')
    after = groups_of(fetch(real_scim.url))
    assert after["ads"] == DirectoryGroup(ads, "ads", (bert,), ())
    # This server leaves out what is empty; that these are empty, it says when it is asked.
    assert after["alone"] == DirectoryGroup(alone, "alone", (), ())
    assert after["never"].problem is None


def test_who_is_deactivated_or_deleted_on_a_real_server_is_suspended_or_gone(real_scim: RealScim) -> None:
    anna, bert = real_scim.add_user("anna"), real_scim.add_user("bert", active=True)
    real_scim.add_group("ads", [{"value": bert}])
    assert all(user.active is not False for user in fetch(real_scim.url).users.entries)
    # As Entra ID sends it.
    real_scim.change(f"/Users/{bert}", op="Replace", path="active", value="False")
    real_scim.delete(f"/Users/{anna}")
    snapshot = fetch(real_scim.url)
    assert snapshot.users.entries == (DirectoryUser(bert, "bert@example.com", "bert", active=False),)
    assert snapshot.users.proof


def test_a_real_server_refuses_a_wrong_token_and_the_message_says_what_to_check(real_scim: RealScim) -> None:
    real_scim.add_user("anna")
    told = refusal(real_scim.url, token="wrong-token")
    assert told.startswith(f"{real_scim.url}/Users: answered 401 Unauthorized")
    assert told.endswith("check that the connection's password is a valid token, and that it may read users and groups")
    assert "wrong-token" not in told


def test_a_real_server_without_anybody_is_an_error_and_not_an_empty_directory(real_scim: RealScim) -> None:
    expected = f"{real_scim.url}: /Users lists nobody; check that the token may read the users"
    assert refusal(real_scim.url) == expected


def test_a_real_server_at_another_path_is_not_taken_for_an_empty_directory(real_scim: RealScim) -> None:
    told = refusal(f"{real_scim.url}/scim")
    assert "404" in told
    assert told.endswith("check the url: it is what /Users and /Groups are added to, and often ends in /scim/v2")


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "idp.example.com",
        "ftp://idp.example.com/scim/v2",
        "https://",
        "https://idp.example.com:port/scim/v2",
        # Who overhears the token can read the directory.
        "http://idp.example.com/scim/v2",
        "https://admin:s3cret-word@idp.example.com/scim/v2",
        "https://idp.example.com/scim/v2?key=s3cret-word",
        "http://admin:s3cret-word@idp.example.com#s3cret-word",
    ],
)
def test_an_unusable_url_is_refused_and_a_secret_in_it_is_not_told(url: object) -> None:
    with pytest.raises(ValidationError) as caught:
        ScimSettings.model_validate({"kind": "scim", "url": url})
    assert [error["loc"] for error in caught.value.errors()] == [("url",)]
    assert "s3cret" not in str(caught.value) + repr(caught.value.errors())


@pytest.mark.parametrize("url", ["https://idp.example.com/scim/v2", "http://localhost:8080", "http://[::1]:80/v2"])
def test_a_usable_url_is_taken_with_or_without_a_slash_at_its_end(url: str) -> None:
    assert ScimSettings.model_validate({"kind": "scim", "url": f"{url}/"}).url == url
    assert ScimSettings.model_validate({"kind": "scim", "url": url}).url == url


@pytest.mark.parametrize(
    ("password", "told"),
    [
        (None, "the connection has no password, expected the SCIM server's bearer token"),
        ("", "the connection has no password, expected the SCIM server's bearer token"),
        ("s3cret\n", "the connection's password has a blank, a line break or a letter outside ASCII in it"),
        ("Bearer s3cret", "the connection's password has a blank"),
        ("s3cr\u00e9t", "the connection's password has a blank"),
    ],
)
def test_a_password_that_can_be_no_token_is_refused_without_telling_it(password: str | None, told: str) -> None:
    with pytest.raises(DirectoryError) as caught:
        ScimSettings(kind="scim", url="https://idp.example.com").source(Server(password=password))
    assert str(caught.value).startswith(told)
    assert not password or password not in str(caught.value)


def test_the_token_is_in_no_repr() -> None:
    server = Server(password=TOKEN)
    configured = ScimSettings(kind="scim", url="https://idp.example.com")
    assert TOKEN not in f"{server!r}{configured!r}{configured.source(server)!r}"

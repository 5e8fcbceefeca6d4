"""A Google Workspace directory: what is read of it, and how it is configured."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from ops_dashboard.directory import DirectoryError, DirectoryGroup, DirectoryUser, Listing, Snapshot, from_connection
from ops_dashboard.directory.google import GoogleSettings
from ops_dashboard.directory.settings import Server
from tests.directory.google.workspace import ACCOUNT, ADMIN, SCOPE, GoogleDirectory, served


@pytest.fixture
def google() -> Iterator[GoogleDirectory]:
    with served(GoogleDirectory()) as directory:
        yield directory


def fetch(google: GoogleDirectory, **extra: object) -> Snapshot:
    extra = {"kind": "google", "subject": ADMIN, "api_url": google.url, **extra}
    return GoogleSettings.model_validate(extra).source(Server(password=google.key())).fetch()


def groups(snapshot: Snapshot) -> dict[str, DirectoryGroup]:
    return {group.external_id: group for group in snapshot.groups.entries}


def test_a_directory_is_read_with_its_groups_in_groups_and_proof(google: GoogleDirectory) -> None:
    google.add_user(1, primaryEmail="Person-1@Example.com")
    google.add_user(2, suspended=True)
    google.add_user(3, name={})
    google.add_group("Ads-Oncall", ["u-1", "u-2", "g-leads"])
    google.add_group("leads", ["u-3", "g-Ads-Oncall"])
    google.add_group("empty")

    assert fetch(google) == Snapshot(
        source="google",
        origin="Google Workspace customer C0123abcd",
        users=Listing(
            (
                DirectoryUser("u-1", "person-1@example.com", "Person 1", active=True),
                DirectoryUser("u-2", "person-2@example.com", "Person 2", active=False),
                DirectoryUser("u-3", "person-3@example.com", "person-3@example.com", active=True),
            ),
            proof="3 users on 1 page, the last without a token for a next one",
        ),
        groups=Listing(
            (
                DirectoryGroup("g-Ads-Oncall", "ads-oncall@example.com", ("u-1", "u-2"), ("g-leads",)),
                DirectoryGroup("g-leads", "leads@example.com", ("u-3",), ("g-Ads-Oncall",)),
                DirectoryGroup("g-empty", "empty@example.com", (), ()),
            ),
            proof="3 groups on 1 page, the last without a token for a next one",
        ),
    )


@pytest.mark.parametrize(
    ("count", "proof"),
    [
        (500, "500 users on 1 page, the last without a token for a next one"),
        (501, "501 users on 2 pages, the last without a token for a next one"),
        (1001, "1001 users on 3 pages, the last without a token for a next one"),
    ],
)
def test_users_are_read_to_the_last_page(google: GoogleDirectory, count: int, proof: str) -> None:
    for number in range(count):
        google.add_user(number)
    google.add_group("all", ["u-0"])
    users = fetch(google).users
    assert (len(users.entries), users.proof) == (count, proof)


@pytest.mark.parametrize(
    "more",
    [{"suspended": True}, {"archived": True}, {"suspended": True, "archived": True}],
    ids=["suspended", "archived", "both"],
)
def test_suspended_and_archived_users_may_do_nothing(google: GoogleDirectory, more: dict[str, bool]) -> None:
    """https://github.com/slashdevops/idp-scim-sync/issues/40: they were synced as enabled."""
    google.add_user(1, **more)
    google.add_user(2)
    google.add_group("both", ["u-1", "u-2"])
    assert [user.active for user in fetch(google).users.entries] == [False, True]


def test_all_users_of_the_customer_as_a_member_make_it_everybodys_group(google: GoogleDirectory) -> None:
    google.add_user(1)
    google.add_group("all", [{"id": google.customer, "type": "CUSTOMER", "role": "MEMBER"}], directMembersCount="9")
    assert groups(fetch(google))["g-all"] == DirectoryGroup("g-all", "all@example.com", (), (), everyone=True)


def test_members_who_are_not_of_the_directory_are_told_and_left_out(google: GoogleDirectory) -> None:
    google.add_user(1)
    outside = [
        {"id": "u-external", "email": "guest@elsewhere.example.com", "type": "EXTERNAL"},
        {"id": "u-deleted", "type": "USER"},
        {"id": "g-elsewhere", "email": "group@elsewhere.example.com", "type": "GROUP"},
        {"email": "no-account@elsewhere.example.com", "type": "USER"},
        {"id": "browser-1", "type": "cbcm-browser"},
    ]
    google.add_group("mixed", ["u-1", *outside])
    snapshot = fetch(google)
    assert groups(snapshot)["g-mixed"] == DirectoryGroup("g-mixed", "mixed@example.com", ("u-1",), ())
    notes = " ".join(snapshot.notes)
    for member in ("u-external", "u-deleted", "g-elsewhere", "no-account@elsewhere.example.com", "browser-1"):
        assert repr(member) in notes


def test_entries_that_pages_repeat_are_taken_once(google: GoogleDirectory) -> None:
    for number in range(501):
        google.add_user(number)
    google.add_group("large", [f"u-{number}" for number in range(401)])
    for number in range(200):
        google.add_group(f"small-{number}")
    google.repeats = True
    snapshot = fetch(google)
    assert snapshot.users.proof == "501 users on 2 pages, the last without a token for a next one"
    assert snapshot.groups.proof == "201 groups on 2 pages, the last without a token for a next one"
    assert len(groups(snapshot)["g-large"].member_users) == 401
    assert google.groups[199]["id"] == "g-small-198"
    assert len(google.asked("/groups/g-small-198/members")) == 1


def test_members_are_asked_for_eight_groups_at_once(google: GoogleDirectory) -> None:
    google.add_user(1)
    for number in range(24):
        google.add_group(str(number), ["u-1"])
    google.together = threading.Barrier(8)
    assert all(group.member_users == ("u-1",) for group in fetch(google).groups.entries)
    assert google.most_at_once == 8


def test_only_direct_members_are_asked_for(google: GoogleDirectory) -> None:
    """https://github.com/GAM-team/GAM/issues/1210: with derived ones Google left out some."""
    for number in (1, 2):
        google.add_user(number)
    google.add_group("outer", ["u-1", "g-inner"])
    google.add_group("inner", ["u-2"])
    assert groups(fetch(google))["g-outer"] == DirectoryGroup("g-outer", "outer@example.com", ("u-1",), ("g-inner",))


@pytest.mark.parametrize(
    ("extra", "subject"),
    [({"subject": ADMIN}, ADMIN), ({"subject": None, "customer": "C0123abcd"}, None)],
    ids=["delegation", "own role"],
)
def test_the_token_is_for_reading_only_and_got_once(
    google: GoogleDirectory, extra: dict[str, Any], subject: str | None
) -> None:
    google.add_user(1)
    google.add_group("one", ["u-1"])
    assert fetch(google, **extra).origin == "Google Workspace customer C0123abcd"
    (claims,) = google.claims
    assert (claims["iss"], claims.get("sub")) == (ACCOUNT, subject)
    assert claims["scope"].split() == [f"{SCOPE}{each}.readonly" for each in ("user", "group", "group.member")]


def test_a_token_that_is_no_longer_taken_is_renewed_once(google: GoogleDirectory) -> None:
    google.add_user(1)
    for number in range(20):
        google.add_group(str(number), ["u-1"])
    google.fail("/groups", lambda _: google.tokens.clear())
    snapshot = fetch(google)
    assert all(group.member_users == ("u-1",) for group in snapshot.groups.entries)
    assert len(google.claims) == 2


def test_requests_is_not_needed() -> None:
    code = "import sys; sys.modules['requests'] = None; import ops_dashboard.directory.google"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("customer", value) for value in ("", "example.com", "c0123", "C", "C01 23", "C" * 50, 7, None)),
        *(("subject", value) for value in ("", "admin", "admin@", "ädmin@example.com", f"{'a' * 250}@example.com", 7)),
        *(("api_url", value) for value in ("", "admin.googleapis.com", "http://admin.googleapis.com", 7)),
        *(("kind", value) for value in ("ldap", "Google", None)),
        *((secret, "x") for secret in ("private_key", "password")),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        GoogleSettings.model_validate({"kind": "google", field: value})
    (mistake,) = caught.value.errors()
    assert mistake["loc"] == (field,)


def test_an_airflow_connection_configures_it(google: GoogleDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    google.add_user(1)
    google.add_group("one", ["u-1"])
    extra = {"kind": "google", "name": "workspace", "subject": ADMIN, "api_url": google.url}
    connection = {"conn_type": "generic", "password": google.key(), "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_OPS_DIRECTORY", json.dumps(connection))
    configured = from_connection("ops_directory")
    assert (configured.name, configured.source.fetch().source) == ("workspace", "workspace")


def test_settings_have_defaults() -> None:
    settings = GoogleSettings()
    assert (settings.customer, settings.subject, settings.source_name) == ("my_customer", None, "google")
    assert settings.api_url == "https://admin.googleapis.com"


KEY = json.loads(GoogleDirectory(url="http://localhost:1").key())


@pytest.mark.parametrize(
    ("password", "told"),
    [
        (None, "got nothing, expected the JSON key of a Google service account, as the Cloud console downloads it"),
        ("", "got nothing, expected the JSON key"),
        ("hunter2", "got text that is no JSON object, expected the JSON key"),
        ('["hunter2"]', "got text that is no JSON object, expected the JSON key"),
        ("[" * 100_000, "got text that is no JSON object, expected the JSON key"),
        ("{}", "got a key of type nothing, expected the JSON key"),
        (json.dumps({**KEY, "type": "authorized_user"}), "got a key of type 'authorized_user', expected the JSON key"),
        (json.dumps({**KEY, "client_email": None}), "got a key without client_email, expected the JSON key"),
        (json.dumps({**KEY, "private_key": ""}), "got a key without private_key, expected the JSON key"),
        (json.dumps({**KEY, "token_uri": ["x"]}), "got a key without token_uri, expected the JSON key"),
        (
            json.dumps({**KEY, "token_uri": "http://elsewhere.example.com"}),
            "got the token_uri 'http://elsewhere.example.com', expected https://host[:port][/path], without a user or a"
            " query; http only to localhost",
        ),
        (
            json.dumps({**KEY, "private_key": "hunter2"}),
            "got a private_key that can't be read, expected a private RSA key as PEM",
        ),
        (
            json.dumps({**KEY, "private_key": KEY["private_key"][:200]}),
            "got a private_key that can't be read, expected a private RSA key as PEM",
        ),
    ],
)
def test_a_password_that_is_no_key_is_refused_without_quoting_it(password: str | None, told: str) -> None:
    with pytest.raises(DirectoryError) as caught:
        GoogleSettings.model_validate({"kind": "google"}).source(Server(password=password))
    assert str(caught.value).startswith(f"password: {told}")
    assert "hunter2" not in str(caught.value)

"""A Google that is busy, hangs, refuses or talks nonsense: what is asked again, and what people are told."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tenacity import wait_none

from tests.directory.google.asking import failure, fetch, groups, source
from tests.directory.google.workspace import (
    DROPPED,
    HTML,
    NO_API,
    SCOPE,
    Answer,
    GoogleDirectory,
    Request,
    error,
    served,
)
from tests.support.certificates import make_certificate, server_context

ONE = "/groups/g-one/members"


@pytest.fixture
def google() -> Iterator[GoogleDirectory]:
    """Two people and two groups."""
    with served(GoogleDirectory()) as directory:
        for number in (1, 2):
            directory.add_user(number)
        directory.add_group("one", ["u-1", "g-two"])
        directory.add_group("two", ["u-2"])
        yield directory


_BUSY = {
    "503": error(503, "Unavailable", "backendError"),
    "500": error(500, "Internal error", "backendError"),
    "429": error(429, "Too many at once.", "rateLimitExceeded"),
    "dropped": DROPPED,
}
_OVER_QUOTA = {
    "user rate": error(403, "Quota exceeded.", "userRateLimitExceeded"),
    "quota": error(403, "Too many at once.", "quotaExceeded"),
    "rate": error(403, "Rate Limit Exceeded", "rateLimitExceeded", Retry_After="0"),
}


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        *((path, each) for path in ("/users", "/groups", ONE) for each in (*_BUSY, *_OVER_QUOTA)),
        *(("/token", each) for each in _BUSY),
    ],
)
def test_a_busy_google_is_asked_again(
    google: GoogleDirectory, path: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops_dashboard.directory.http._back_off", wait_none())
    google.fail(path, {**_BUSY, **_OVER_QUOTA}[fault], times=2)
    snapshot = fetch(google)
    assert (len(snapshot.users.entries), snapshot.users.problem, snapshot.groups.problem) == (2, None, None)
    assert all(group.problem is None for group in snapshot.groups.entries)
    assert len(google.asked(path)) == 3


def test_a_quota_that_stays_exceeded_ends_with_the_time(google: GoogleDirectory) -> None:
    google.fail("/users", error(403, "Quota exceeded.", "userRateLimitExceeded"), times=1000)
    told = failure(google, give_up_after=timedelta(seconds=0.5))
    assert told == f"{google.url}/admin/directory/v1/users: answered 403 Forbidden: Quota exceeded."


SCOPES = " ".join(f"{SCOPE}{each}.readonly" for each in ("user", "group", "group.member"))


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (
            {},
            "; the subject admin@example.com must be an administrator who may read users and groups and has logged in"
            " once, and domain-wide delegation must allow the client id 1234567890 (Admin console > Security > API"
            f" controls) the scopes {SCOPES}",
        ),
        (
            {"subject": None, "customer": "C0123abcd"},
            "; reader@project.iam.gserviceaccount.com needs an admin role with the privileges Users > Read and Groups >"
            " Read for the whole organization (Admin console > Account > Admin roles), or a subject in the connection's"
            " extra",
        ),
    ],
    ids=["delegation", "own role"],
)
def test_a_missing_right_is_told_with_what_is_needed(google: GoogleDirectory, extra: dict[str, Any], told: str) -> None:
    google.may_read = set()
    start = "admin/directory/v1/users: answered 403 Forbidden: Not Authorized to access this resource/api"
    assert failure(google, **extra) == f"{google.url}/{start}{told}"


def test_without_the_right_to_groups_the_users_are_read_all_the_same(google: GoogleDirectory) -> None:
    google.may_read = {"users"}
    snapshot = fetch(google)
    assert (len(snapshot.users.entries), snapshot.groups.entries, snapshot.groups.proof) == (2, (), None)
    assert "answered 403 Forbidden" in str(snapshot.groups.problem)


def test_an_api_that_is_off_is_told_in_googles_words_alone(google: GoogleDirectory) -> None:
    google.fail("/users", NO_API)
    assert failure(google).endswith("Admin SDK API has not been used in project 1 before or it is disabled.")


def test_without_a_subject_the_customer_has_to_be_named(google: GoogleDirectory) -> None:
    assert failure(google, subject=None).endswith(
        "answered 400 Bad Request: Invalid Input; a service account has no customer of its own: set customer to the"
        " customer's id (Admin console > Account > Account settings)"
    )


def test_a_token_that_is_refused_for_good_is_told(google: GoogleDirectory) -> None:
    google.fail("/users", error(401, "Request had invalid authentication credentials.", "authError"), times=1000)
    assert failure(google).endswith("answered 401 Unauthorized: Request had invalid authentication credentials.")
    assert len(google.claims) == 2


def test_wrong_credentials_are_told(google: GoogleDirectory) -> None:
    to_check = "check that the key was not deleted, that this machine's clock is right"
    start = f"Google gives reader@project.iam.gserviceaccount.com no token: {google.url}/token: answered "
    signature = f"{start}400 Bad Request: Invalid JWT Signature.; {to_check}"
    assert failure(google, key=google.key(1), subject=None, customer=google.customer).endswith(signature)
    subject = (
        f"{start}400 Bad Request: Invalid email or User ID; {to_check}, and that the subject who@example.com exists"
    )
    assert failure(google, subject="who@example.com").endswith(subject)
    google.delegates = False
    delegation = (
        f"{start}401 Unauthorized: Client is unauthorized to retrieve access tokens using this method.; the sub"
    )
    assert delegation in failure(google)


@pytest.mark.parametrize("path", ["/users", "/token"])
def test_html_instead_of_json_is_told(google: GoogleDirectory, path: str) -> None:
    google.fail(path, HTML)
    assert "answered text/html; charset=utf-8 that is no JSON object: '<!DOCTYPE html><title>Sign in" in failure(google)


@pytest.mark.parametrize("content", [{}, {"access_token": 7, "expires_in": "soon"}, {"error": "none"}])
def test_a_token_endpoint_that_gives_no_token_is_told(google: GoogleDirectory, content: object) -> None:
    google.fail("/token", Answer(200, content))
    assert failure(google) == f"{google.url}/token: gave something that is no token"


@pytest.mark.parametrize("path", ["/users", "/token"])
def test_a_google_that_hangs_is_left(google: GoogleDirectory, path: str) -> None:
    google.fail(path, google.hang, times=1000)
    told = failure(google, give_up_after=timedelta(seconds=0.5), request_timeout=timedelta(seconds=0.2))
    assert told.endswith(f"{path}: no whole answer in time")


def test_a_group_that_hangs_has_a_problem(google: GoogleDirectory) -> None:
    google.fail(ONE, google.hang, times=1000)
    read = groups(fetch(google, give_up_after=timedelta(seconds=3), request_timeout=timedelta(seconds=1)))
    assert read["g-one"].problem == f"{google.url}/admin/directory/v1{ONE}: no whole answer in time"
    assert read["g-two"].problem is None


def test_when_the_time_is_over_the_groups_that_are_left_have_a_problem(google: GoogleDirectory) -> None:
    for number in range(20):
        google.add_group(str(number), ["u-1"])
    for group in google.groups:
        google.fail(f"/groups/{group['id']}/members", google.hang)
    snapshot = fetch(google, give_up_after=timedelta(seconds=2))
    assert snapshot.groups.proof is not None
    assert all(re.search("no whole answer in time|not asked", str(group.problem)) for group in snapshot.groups.entries)


def test_a_certificate_that_is_not_trusted_is_told(tmp_path: Path) -> None:
    context = server_context(make_certificate(tmp_path))
    with served(GoogleDirectory(), lambda socket: context.wrap_socket(socket, server_side=True)) as google:
        assert f"{google.url}/token: its TLS certificate is not trusted: self-signed" in failure(google)
        assert not google.requests


def test_no_secret_is_told_even_if_the_server_quotes_it(
    google: GoogleDirectory, caplog: pytest.LogCaptureFixture
) -> None:
    def quote(request: Request) -> Answer:
        return error(503 if len(google.asked(ONE)) < 3 else 400, f"what is {request.token}?", "invalid")

    caplog.set_level(logging.DEBUG)
    google.fail(ONE, quote, times=1000)
    asked = source(google)
    told = f"{asked!r} {vars(asked)!r} {asked.fetch()} {caplog.text}"
    assert "what is …?" in told
    google.fail("/token", lambda request: error(400, f"what is {request.params['assertion']}?", "invalid"))
    told += failure(google)
    for secret in ("ya29.", "PRIVATE KEY", google.key()[200:300]):
        assert secret not in told
    assertion = google.asked("/token")[-1]["assertion"]
    assert assertion.rpartition(".")[2] not in told

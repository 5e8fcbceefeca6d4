"""A Google service account: its key, the tokens that it gets for it, and what it needs to be allowed."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import httpx
from google.auth import transport
from google.auth.exceptions import GoogleAuthError
from google.oauth2.service_account import Credentials

from ops_dashboard.directory.answers import ServerError, json_object, no_answer
from ops_dashboard.directory.http import server_url
from ops_dashboard.directory.models import DirectoryError
from ops_dashboard.text import shown

SCOPES = tuple(
    f"https://www.googleapis.com/auth/admin.directory.{each}.readonly" for each in ("user", "group", "group.member")
)
"""The least that lets users, groups and members be listed."""

_EXPECTED = "expected the JSON key of a Google service account, as the Cloud console downloads it"


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Who reads, and in whose name.

    Attributes:
        email: The service account's own.
        client_id: What domain-wide delegation knows it by, if its key says so.
        subject: The administrator in whose name it reads, None for its own.
        token_uri: Where it gets its tokens.
    """

    email: str
    client_id: str | None
    subject: str | None
    token_uri: str
    _credentials: Credentials = field(repr=False)

    @classmethod
    def from_key(cls, key: str | None, subject: str | None) -> ServiceAccount:
        """Return the account that a JSON key belongs to.

        Raises:
            DirectoryError: It is no such key. The message has nothing of it but the names of its fields.
        """
        if not key:
            raise DirectoryError(f"password: got nothing, {_EXPECTED}")
        fields = _fields(key)
        try:
            credentials = Credentials.from_service_account_info(fields, scopes=SCOPES, subject=subject)  # type: ignore[no-untyped-call]
        except (ValueError, TypeError) as error:
            raise DirectoryError(
                "password: got a private_key that can't be read, expected a private RSA key as PEM"
            ) from error
        client_id = fields.get("client_id")
        return cls(
            email=fields["client_email"],
            client_id=client_id if isinstance(client_id, str) else None,
            subject=subject,
            token_uri=fields["token_uri"],
            _credentials=credentials,
        )

    @property
    def needs(self) -> str:
        """What the account must be allowed, to list the directory."""
        if self.subject is None:
            return (
                f"{self.email} needs an admin role with the privileges Users > Read and Groups > Read for the whole"
                " organization (Admin console > Account > Admin roles), or a subject in the connection's extra"
            )
        return (
            f"the subject {self.subject} must be an administrator who may read users and groups and has logged in once,"
            f" and domain-wide delegation must allow the client id {self.client_id or f'of {self.email}'}"
            f" (Admin console > Security > API controls) the scopes {' '.join(SCOPES)}"
        )

    def bearer(self) -> httpx.Auth:
        """Return what signs requests with the account's tokens, for one or more threads."""
        return _Bearer(self)

    def new_token(self, timeout: Mapping[str, float | None]) -> str:
        """Ask Google for a token.

        Raises:
            ServerError: There is none.
        """
        try:
            # Not before_request(), which asks yet another server in a thread of its own.
            self._credentials.refresh(_Request(timeout))  # type: ignore[no-untyped-call]
        except ServerError as error:
            if error.again:
                raise
            raise ServerError(f"Google gives {self.email} no token: {error}; {self._to_check(error)}") from error
        except (GoogleAuthError, ValueError, TypeError) as error:
            raise ServerError(f"{self.token_uri}: gave something that is no token") from error
        return str(self._credentials.token)

    def _to_check(self, error: ServerError) -> str:
        match error.answer:
            case {"error": "invalid_grant"}:
                subject = f", and that the subject {self.subject} exists" if self.subject else ""
                return f"check that the key was not deleted, that this machine's clock is right{subject}"
        return self.needs


def _fields(key: str) -> dict[str, Any]:
    try:
        fields = json.loads(key)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise DirectoryError(f"password: got text that is no JSON object, {_EXPECTED}")
    if fields.get("type") != "service_account":
        raise DirectoryError(f"password: got a key of type {shown(fields.get('type'))}, {_EXPECTED}")
    for each in ("client_email", "private_key", "token_uri"):
        if not (isinstance(fields.get(each), str) and fields[each]):
            raise DirectoryError(f"password: got a key without {each}, {_EXPECTED}")
    try:
        server_url(fields["token_uri"])
    except ValueError as error:
        raise DirectoryError(f"password: got the token_uri {shown(fields['token_uri'])}, expected {error}") from error
    return fields


class _Bearer(httpx.Auth):
    """Signs with a token that is kept until it is refused."""

    def __init__(self, account: ServiceAccount) -> None:
        self._account = account
        self._lock = Lock()
        self._token = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        used = self._other_than("", request)
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            request.headers["Authorization"] = f"Bearer {self._other_than(used, request)}"
            yield request

    def _other_than(self, refused: str, request: httpx.Request) -> str:
        with self._lock:
            if self._token == refused:
                self._token = self._account.new_token(request.extensions["timeout"])
            return self._token


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    data: bytes


class _Request(transport.Request):
    """Lets google-auth ask by httpx, whatever is wrong being a `ServerError`."""

    def __init__(self, timeout: Mapping[str, float | None]) -> None:
        self._timeout = httpx.Timeout(**timeout)

    def __call__(  # type: ignore[override]
        self, url: str, method: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> _Response:
        try:
            response = httpx.request(method, url, content=body, headers=headers, timeout=self._timeout)
        except httpx.RequestError as error:
            raise no_answer(url, error) from error
        json_object(url, response, response.content)
        return _Response(response.status_code, response.headers, response.content)

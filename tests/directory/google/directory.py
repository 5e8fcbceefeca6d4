"""The customer of Google Workspace, and its service account."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.directory.google.answers import FORBIDDEN, Answer, Fault, Json, RefusedError, Request, error, masked

ADMIN = "admin@example.com"
ACCOUNT = "reader@project.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/admin.directory."


@cache
def private_key(number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@dataclass
class GoogleDirectory:
    """The customer: what it has, what its service account may do, and what went wrong how often."""

    customer: str = "C0123abcd"
    users: list[Json] = field(default_factory=list)
    groups: list[Json] = field(default_factory=list)
    members: dict[str, list[Json]] = field(default_factory=dict)
    may_read: set[str] = field(default_factory=lambda: {"users", "groups"})
    delegates: bool = True
    repeats: bool = False  # the last entry of a page once more on the next
    loops: bool = False  # the second page leads to the second page
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    claims: list[Json] = field(default_factory=list)
    tokens: dict[str, Json] = field(default_factory=dict)
    together: threading.Barrier | None = None  # for calls of members: none is answered before so many came
    released: threading.Event = field(default_factory=threading.Event)
    most_at_once: int = 0
    _at_once: int = 0
    _faults: list[tuple[str, Fault, bool]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add_user(self, number: int | str, **more: object) -> str:
        name = {"fullName": f"Person {number}", "givenName": "Person", "familyName": str(number)}
        user = {"id": f"u-{number}", "primaryEmail": f"person-{number}@example.com", "name": name}
        self.users.append({**user, "suspended": False, "archived": False, "customerId": self.customer, **more})
        return str(self.users[-1]["id"])

    def add_group(self, name: str, members: Sequence[str | Json] = (), **more: object) -> str:
        """Add a group; a member is an id (`g-` for groups) or the whole entry."""
        key = f"g-{name}"
        listed = [member if isinstance(member, dict) else _member(member) for member in members]
        count = sum(member["type"] == "USER" for member in listed)
        group = {"id": key, "email": f"{name}@example.com", "name": name.title(), "directMembersCount": str(count)}
        self.groups.append({**group, **more})
        self.members[key] = listed
        return key

    def fail(self, path: str, fault: Fault, times: int = 1, *, later_pages: bool = False) -> None:
        """Answer some requests for a path otherwise: all, or only those for a page after the first."""
        self._faults += [(path, fault, later_pages)] * times

    def hang(self, _: Request) -> None:
        """A fault: no answer before the server ends."""
        self.released.wait(60)

    def key(self, number: int = 0, **more: object) -> str:
        """The JSON key of the service account; only number 0 is known to the server."""
        fields = {"type": "service_account", "client_email": ACCOUNT, "client_id": "1234567890"}
        return json.dumps({**fields, "private_key": pem(private_key(number)), "token_uri": f"{self.url}/token", **more})

    def asked(self, path: str) -> list[Mapping[str, str]]:
        return [request.params for request in self.requests if request.path == path]

    def answer(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            fault = self._fault(request)
        try:
            given = fault(request) if callable(fault) else fault
            return given or self._answer(request)
        except RefusedError as refused:
            return refused.answer
        finally:
            with self._lock:
                self._at_once -= 1

    def _fault(self, request: Request) -> Fault | None:
        for number, (path, fault, later_pages) in enumerate(self._faults):
            if path == request.path and (not later_pages or "pageToken" in request.params):
                del self._faults[number]
                return fault
        return None

    def _answer(self, request: Request) -> Answer:
        if request.path == "/token":
            return self._token(request)
        match request.path.removeprefix("/").split("/"):
            case ["users"]:
                self._allow(request, "users", "user.readonly")
                return self._list(request, "users", self.users, default=100, most=500)
            case ["groups"]:
                self._allow(request, "groups", "group.readonly")
                return self._list(request, "groups", self.groups, default=200, most=200)
            case ["groups", key]:
                self._allow(request, "groups", "group.readonly", of_customer=False)
                for group in self.groups:
                    if group["id"] == key:
                        return Answer(200, masked(group, request.params.get("fields", "")))
            case ["groups", key, "members"] if key in self.members:
                self._allow(request, "groups", "group.member.readonly", of_customer=False)
                if self.together:
                    self.together.wait(30)
                derived = request.params.get("includeDerivedMembership") == "true"
                members = self._derived(key) if derived else self.members[key]
                return self._list(request, "members", members, default=200, most=200)
        return error(404, "Resource Not Found: groupKey", "notFound")

    def _derived(self, key: str, seen: tuple[str, ...] = ()) -> list[Json]:
        nested = [
            each["id"] for each in self.members.get(key, []) if each["type"] == "GROUP" and each["id"] not in seen
        ]
        inner = [member for child in nested for member in self._derived(child, (*seen, key))]
        return [*self.members.get(key, []), *inner]

    def _allow(self, request: Request, what: str, scope: str, *, of_customer: bool = True) -> None:
        claims = self.tokens.get(request.token)
        if claims is None:
            message = "Request had invalid authentication credentials."
            raise RefusedError(error(401, message, "authError", WWW_Authenticate="Bearer"))
        if SCOPE + scope not in claims["scope"].split():
            message = "Request had insufficient authentication scopes."
            raise RefusedError(error(403, message, "insufficientPermissions"))
        customer = request.params.get("customer")
        if of_customer and customer != self.customer and not (customer == "my_customer" and "sub" in claims):
            raise RefusedError(error(400, "Invalid Input", "invalid"))
        if what not in self.may_read:
            raise RefusedError(FORBIDDEN)

    def _list(self, request: Request, key: str, entries: list[Json], *, default: int, most: int) -> Answer:
        size = min(int(request.params.get("maxResults", default)), most)
        start = self._start(request)
        page = entries[start - 1 if self.repeats and start else start : start + size]
        content: Json = {"kind": f"admin#directory#{key}", "etag": '"1"', **({key: page} if page else {})}
        if start + size < len(entries):
            following = size if self.loops else start + size
            content["nextPageToken"] = base64.urlsafe_b64encode(f"{request.path} {following}".encode()).decode()
        return Answer(200, masked(content, request.params.get("fields", "")))

    def _start(self, request: Request) -> int:
        if "pageToken" not in request.params:
            return 0
        path, _, start = base64.urlsafe_b64decode(request.params["pageToken"]).decode().partition(" ")
        if path != request.path:
            raise RefusedError(error(400, "Invalid Input: pageToken", "invalid"))
        return int(start)

    def _token(self, request: Request) -> Answer:
        try:
            claims = jwt.decode(
                request.params["assertion"],
                private_key(0).public_key(),
                algorithms=["RS256"],
                audience="https://oauth2.googleapis.com/token",
                issuer=ACCOUNT,
                options={"require": ["iat", "exp", "aud", "iss", "scope"]},
            )
        except jwt.InvalidSignatureError:
            return Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        if "sub" in claims and not self.delegates:
            told = "Client is unauthorized to retrieve access tokens using this method."
            return Answer(401, {"error": "unauthorized_client", "error_description": told})
        if claims.get("sub", ADMIN) != ADMIN:
            return Answer(400, {"error": "invalid_grant", "error_description": "Invalid email or User ID"})
        with self._lock:
            self.claims.append(claims)
            token = f"ya29.secret-{len(self.claims)}"
            self.tokens[token] = claims
        return Answer(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})


def _member(key: str) -> Json:
    kind = "GROUP" if key.startswith("g-") else "USER"
    return {"id": key, "email": f"{key[2:]}@example.com", "role": "MEMBER", "type": kind, "status": "ACTIVE"}

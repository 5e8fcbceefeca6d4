"""What protects the pages from other sites: response headers, signed form tokens, the origin check, a size limit."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from starlette.datastructures import Headers, MutableHeaders

from ops_dashboard.web.errors import Problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ops_dashboard.web.request import User

BODY_LIMIT = 64 * 1024
"""Largest request body in bytes; a form needs a fraction of it."""

FORM_LIFETIME = 8 * 3600
"""Seconds for which an open form can be sent: an on-call shift."""

TOKEN_FIELD = "csrf_token"  # noqa: S105 (the name of the field, not a token)

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'self'",
}


def content_policy(**changes: str) -> str:
    """Build the Content-Security-Policy: `content_policy(style_src="…")` changes one directive."""
    policy = _POLICY | {name.replace("_", "-"): value for name, value in changes.items()}
    return "; ".join(f"{name} {value}" for name, value in policy.items())


_HEADERS = {
    "Content-Security-Policy": content_policy(),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    # Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class SecurityHeaders:
    """ASGI middleware that adds the headers to every response, errors included; a response may bring its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and complete what comes back."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """ASGI middleware that stops reading a request body at `limit` bytes, whatever its headers claim."""

    def __init__(self, app: ASGIApp, limit: int = BODY_LIMIT) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what is read of it."""
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if max(seen, declared) > self._limit:
                raise Problem(
                    413,
                    "That is too much",
                    f"A request may hold at most {self._limit // 1024} kB. Nothing was changed.",
                    hint="Shorten the longest field and send it again.",
                )
            return message

        declared = _declared_length(scope)
        await self._app(scope, limited, send)


def _declared_length(scope: Scope) -> int:
    if scope["type"] != "http":
        return 0
    value = Headers(scope=scope).get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else 0


def check_origin(headers: Headers) -> None:
    """Refuse a form that another site sent.

    Browsers say with `Sec-Fetch-Site` where a request comes from; over plain http they leave it out, then Origin or
    Referer must name this host.

    Raises:
        Problem: 403, the request comes from elsewhere or hides where it comes from.
    """
    site = headers.get("sec-fetch-site")
    if site == "same-origin":
        return
    source = headers.get("origin") or headers.get("referer") or ""
    host = headers.get("host", "")
    if site is None and host and urlsplit(source).netloc == host:
        return
    raise _refused("It was sent from another site, or your browser hides where it was sent from.")


class FormTokens:
    """Signs and checks the token in every form: made for one user in one session, for a limited time."""

    def __init__(self, secret: str, lifetime: int = FORM_LIFETIME) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt="ops-dashboard.form")
        self._lifetime = lifetime

    def issue(self, user: User) -> str:
        """Make the token for a form that is shown to this user."""
        return self._serializer.dumps(_fingerprint(user))

    def check(self, token: str, user: User) -> None:
        """Refuse a form without a token made for this user.

        Raises:
            Problem: 403, the token is missing, forged, too old, or another user's.
        """
        if not token:
            raise _refused("Its security token is missing.")
        try:
            made_for = self._serializer.loads(token, max_age=self._lifetime)
        except SignatureExpired:
            raise _refused("It was open for too long.") from None
        except BadSignature:
            raise _refused("Its security token is not one of ours.") from None
        if not hmac.compare_digest(str(made_for), _fingerprint(user)):
            raise _refused("It was opened by another user, or before you signed in again.")


def _fingerprint(user: User) -> str:
    return hashlib.sha256(f"{user.name}\0{user.session}".encode()).hexdigest()


def _refused(why: str) -> Problem:
    return Problem(
        403,
        "This form was not accepted",
        f"{why} Nothing was changed.",
        hint="Open the form again and send it.",
        retry=True,
    )

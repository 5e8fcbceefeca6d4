"""What a question to a server by HTTP comes to: a JSON object, or an error for the person who set it up."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from ops_dashboard.directory.models import DirectoryError
from ops_dashboard.text import shorten, shown

_BUSY = frozenset({408, 429, 500, 502, 503, 504})
# Where Google, OAuth (RFC 6749, 5.2) and SCIM (RFC 7644, 3.12) say what is wrong.
_REASONS = ("message", "error_description", "detail", "error")


class ServerError(DirectoryError):
    """A question to a server that was not answered with a JSON object.

    Attributes:
        status: The HTTP status, None if there was no answer.
        answer: The JSON that came instead, None if there was none.
        again: Whether it may help to ask again.
        retry_after: Seconds that the server asked to wait, if it did.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        answer: object = None,
        again: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.answer = answer
        self.again = again
        self.retry_after = retry_after


def json_object(asked: str, response: httpx.Response, content: bytes) -> dict[str, Any]:
    """Return the JSON object that an answer holds.

    Args:
        asked: The address, for messages.
        response: The answer; its content need not have been read.
        content: The answer's content.

    Raises:
        ServerError: It tells of an error, or holds something else.
    """
    status, answer = response.status_code, _json(content)
    if not response.is_success:
        reason = _clean(_reason(answer), response)
        raise ServerError(
            f"{asked}: answered {status} {response.reason_phrase}{reason and f': {reason}'}",
            status=status,
            answer=answer,
            again=status in _BUSY,
            retry_after=_retry_after(response.headers.get("Retry-After")),
        )
    if not isinstance(answer, dict):
        kind = shorten(response.headers.get("Content-Type", "something"))
        start = shown(_clean(content.decode(errors="replace"), response))
        raise ServerError(
            f"{asked}: answered {kind} that is no JSON object: {start}; check the address, and that no proxy or login"
            " page stands before it",
            status=status,
        )
    return answer


def no_answer(asked: str, error: httpx.RequestError) -> ServerError:
    """Return what there is to say of a server that gave no answer, or not all of one."""
    if isinstance(error, httpx.TimeoutException):
        return ServerError(f"{asked}: no whole answer in time", again=True)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ServerError(
                f"{asked}: its TLS certificate is not trusted: {cause.verify_message}; check the host's name, and that"
                " SSL_CERT_FILE has the certificate of the authority that signed it"
            )
        cause = cause.__cause__ or cause.__context__
    return ServerError(f"{asked}: cannot be reached: {shorten(str(error) or type(error).__name__, 200)}", again=True)


def _retry_after(header: str | None) -> float | None:
    """Seconds from a header `Retry-After`, which has seconds or a date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
        return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None


def _json(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _reason(answer: object) -> str:
    if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
        answer = answer["error"]
    told = [answer.get(key) for key in _REASONS] if isinstance(answer, dict) else []
    return next((each for each in told if isinstance(each, str)), "")


def _clean(text: str, response: httpx.Response) -> str:
    """Short, and without the secret that was sent: some servers quote what they got."""
    secret = response.request.headers.get("Authorization", "").rpartition(" ")[2]
    return shorten(text.replace(secret, "…") if secret else text, 300)

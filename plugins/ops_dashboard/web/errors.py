"""What went wrong, told to a person (a page) or a program (RFC 9457 JSON): what, why, what to do. No tracebacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from ops_dashboard.text import shorten, shown

if TYPE_CHECKING:
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException
    from starlette.requests import Request


class Problem(Exception):  # noqa: N818 (the word of RFC 9457)
    """An answer other than the one hoped for. Page functions may raise it.

    Attributes:
        status: HTTP status.
        title: What happened, in a few words.
        text: Why, in one or two sentences.
        hint: What the reader can do now.
        retry: Whether asking again may help.
        way_on: Label and address of the page that tells more.
    """

    def __init__(
        self,
        status: int,
        title: str,
        text: str,
        *,
        hint: str = "",
        retry: bool = False,
        way_on: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.title = title
        self.text = text
        self.hint = hint
        self.retry = retry
        self.way_on = way_on
        self.headers: Mapping[str, str] = {}


Explain: TypeAlias = Callable[[Exception], Problem]
"""Turns an exception of the domain into what a reader is told."""


def not_found(text: str, hint: str = "Check the address, or pick a page above.") -> Problem:
    """Say that nothing is at this address; `text` names what was looked for."""
    return Problem(404, "Nothing is here", text, hint=hint)


def no_page(path: str) -> Problem:
    """Say that no page is at the path that was asked for."""
    return not_found(f"There is no page at {shorten(path)}.")


def sign_in_first() -> Problem:
    """Say that nobody is signed in, or no longer."""
    return Problem(
        401,
        "Sign in first",
        "You are not signed in, or your sign-in has ended. Nothing was changed.",
        hint="Sign in to Airflow and come back.",
    )


def forbidden(reason: str, way_on: tuple[str, str] | None = None) -> Problem:
    """Say that the user may not do this, with the reason of the decision and the way to who may."""
    sentence = reason[:1].upper() + reason[1:].rstrip(".")
    return Problem(
        403,
        "You may not do this",
        f"{sentence}.",
        hint="Ask a member of a group that may, or ask your Data Platform team for a grant.",
        way_on=way_on,
    )


def wrong_method(method: str, path: str, allowed: str) -> Problem:
    """Say that an address exists but is not used this way."""
    problem = Problem(
        405,
        "This address is not used that way",
        f"{shorten(path)} does not accept {method}; it accepts {allowed}.",
        hint="Open the page again and use its form or its links.",
    )
    problem.headers = {"Allow": allowed}
    return problem


def unexpected(error_id: str) -> Problem:
    """Say that we failed. The log has the cause under the same id."""
    return Problem(
        500,
        "Something broke on our side",
        f"The cause is in the API server's log under error id {error_id}.",
        hint="If you were changing something, look whether it happened before you send it again.",
        retry=True,
    )


def database_down(_error: Exception) -> Problem:
    """Say that nobody can be authorised now."""
    return Problem(
        503,
        "The access database can't be reached",
        "Without it nobody's rights can be checked, so nothing is shown and nothing was changed.",
        hint="Try again in a minute. If it stays, tell your Data Platform team.",
        retry=True,
    )


def from_http(error: HTTPException, request: Request) -> Problem:
    """Explain an exception of the web framework."""
    path = request.url.path
    if error.status_code == 404:
        return no_page(path)
    if error.status_code == 405:
        return wrong_method(request.method, path, dict(error.headers or {}).get("Allow", "other methods"))
    title = "This request was not understood" if error.status_code < 500 else "This did not work"
    problem = Problem(error.status_code, title, str(error.detail), hint="Nothing was changed.")
    problem.headers = error.headers or {}
    return problem


def from_validation(error: RequestValidationError) -> Problem:
    """Explain parameters that an API route does not accept: field, value, what is accepted."""
    mistakes = [
        f"{shorten('.'.join(map(str, mistake['loc'][1:])))}: {shown(mistake.get('input'))} is not accepted"
        f" ({mistake['msg']})"
        for mistake in error.errors()
    ]
    return Problem(422, "Some values are not accepted", "; ".join(mistakes))

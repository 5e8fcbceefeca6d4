"""Answers requests that failed: a page for people, JSON for programs, a sign-in page for strangers."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from ops_dashboard.web.components import Actions, Button, Message, Page, Text, Tone
from ops_dashboard.web.errors import Explain, Problem, from_http, from_validation, sign_in_first, unexpected
from ops_dashboard.web.links import address
from ops_dashboard.web.security import content_policy

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette import types

    from ops_dashboard.web.serving import PageServer

log = logging.getLogger(__name__)


class Failures:
    """Makes the responses, in the look of the pages."""

    def __init__(self, server: PageServer) -> None:
        self._server = server

    def install(self, app: FastAPI, explain: Mapping[type[Exception], Explain]) -> None:
        """Handle every exception that has an explanation; `LastResort` takes those that have none."""
        explanations: dict[type[Exception], Callable[[Any], Problem]] = {
            **explain,
            Problem: lambda error: error,
            RequestValidationError: from_validation,
        }
        for kind, explanation in explanations.items():
            app.add_exception_handler(kind, self._handler(explanation))
        app.add_exception_handler(HTTPException, self._refused)

    def respond(self, http: Request, problem: Problem) -> Response:
        """Tell a problem to whoever asked."""
        if _is_program(http):
            body = {"title": problem.title, "status": problem.status, "detail": problem.text, "hint": problem.hint}
            return JSONResponse(body, problem.status, problem.headers, "application/problem+json")
        if problem.status == 401:
            return self._sign_in(http)
        html = self._server.renderer.page(_page(problem, http), self._server.view(http))
        return HTMLResponse(html, problem.status, problem.headers)

    def _handler(self, explanation: Callable[[Any], Problem]) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def handle(http: Request, error: Exception) -> Response:
            problem = explanation(error)
            if problem.status >= 500:
                log.warning("%s %r: %r", http.method, http.url.path, error)
            return self.respond(http, problem)

        return handle

    async def _refused(self, http: Request, error: Exception) -> Response:
        """Answer the framework's own refusals. Before a user is known, they all mean: sign in."""
        assert isinstance(error, HTTPException)  # noqa: S101 (registered for nothing else)
        stranger = getattr(http.state, "ops_user", None) is None and error.status_code in (401, 403)
        return self.respond(http, sign_in_first() if stranger else from_http(error, http))

    def _sign_in(self, http: Request) -> Response:
        """Offer to sign in. The static files are for users only, so this page carries its style with it."""
        back = address(http)
        if http.method == "GET" and http.url.query:
            back = f"{back}?{http.url.query}"
        login = f"{self._server.links(http).airflow_root}/auth/login?next={quote(back, safe='/')}"
        html, style = self._server.renderer.sign_in(login, self._server.view(http))
        return HTMLResponse(html, 401, {"Content-Security-Policy": content_policy(style_src=style)})


class LastResort:
    """ASGI middleware: an exception that nobody explained becomes an error page with an id that is in the log."""

    def __init__(self, app: types.ASGIApp, failures: Failures) -> None:
        self._app = app
        self._failures = failures

    async def __call__(self, scope: types.Scope, receive: types.Receive, send: types.Send) -> None:
        """Pass the request on; answer in its place if it fails."""
        started = False

        async def watched(message: types.Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            error_id = secrets.token_hex(4)
            log.exception("Error %s: %s %r", error_id, scope.get("method"), scope.get("path"))
            if started or scope["type"] != "http":
                raise
            response = self._failures.respond(Request(scope), unexpected(error_id))
            await response(scope, receive, send)


def _page(problem: Problem, http: Request) -> Page:
    buttons = [Button("Try again", address(http), primary=True)] if problem.retry else []
    buttons += [Button(*problem.way_on)] if problem.way_on else []
    tone = Tone.WARN if problem.status < 500 else Tone.BAD
    ways_on = Actions(*buttons) if buttons else None
    message = Message(Text(problem.text), Text(problem.hint, muted=True), ways_on, tone=tone)
    return Page(problem.title, message, status=problem.status)


def _is_program(http: Request) -> bool:
    path: str = http.scope["path"].removeprefix(http.scope.get("root_path", ""))
    return path.startswith("/api/") or path == "/openapi.json"

"""Airflow's own REST API, called in process with the credential of the person who asks.

Nothing here has a privilege of its own: Airflow's authorisation, its parameter validation and its event log apply as
if the person had called the API from outside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from anyio import from_thread
from fastapi.security.utils import get_authorization_scheme_param

from ops_dashboard.text import shown
from ops_dashboard.web.errors import Problem
from ops_dashboard.web.threads import AtOnce

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

_ROOT = "/api/v2/"
_PATIENCE_SECONDS = 20.0
# Each takes of Airflow's pool of database connections, 15 unless configured. Airflow looks up who asks in the event
# loop itself: with the pool empty that stops everything, also what would give a connection back, for half a minute.
_calls = AtOnce("calls of Airflow's API", 5)


class InProcessApi:
    """The API as one person. Page functions call it from the threads they run in.

    Args:
        app: Airflow's application, in this same event loop.
        headers: The person's credential.
        patience: Longest wait for an answer, in seconds.
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str], patience: float = _PATIENCE_SECONDS) -> None:
        self._app = app
        self._headers = dict(headers)
        self._patience = patience

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - decoded JSON
        """Send a request (`path` from "/api/v2/…") and return the decoded answer.

        Raises:
            Problem: Airflow refused, and it carries Airflow's own status and words; or it gave no answer in time.
            ValueError: The path is none of Airflow's API.
        """
        # Our own pages least of all: a page that called one would wait for a thread of ours while it holds one.
        if not path.startswith(_ROOT) or ".." in path.partition("?")[0].split("/"):
            raise ValueError(f"path: {shown(path)} is not accepted; give one that begins with {_ROOT}, without ..")
        response = from_thread.run(self._answer, method, path, body)
        if not response.is_success:
            status = response.status_code if response.is_error else 502
            raise Problem(status, "Airflow did not accept this", _explain(response))
        return response.json()

    async def _answer(self, method: str, path: str, body: Mapping[str, object] | None) -> httpx.Response:
        asked = asyncio.create_task(self._send(method, path, body))
        await asyncio.wait({asked}, timeout=self._patience)
        if not asked.done():
            # Not waited for: what runs in a thread can't be stopped, and goes on to its end unheard.
            asked.cancel()
            raise _no_answer(self._patience)
        return asked.result()

    async def _send(self, method: str, path: str, body: Mapping[str, object] | None) -> httpx.Response:
        # httpx's own time-outs mean nothing to this transport.
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://airflow", headers=self._headers)
        async with _calls.limiter, client:
            return await client.request(method, path, json=body)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request proves its user with.

    Attributes:
        token: Airflow's token; empty if there is none.
        headers: Carry it on to Airflow's API.
    """

    token: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


def credential_of(request: Request) -> Credential:
    """Choose as Airflow does: a Bearer token, else the cookie, whatever else a proxy writes into that header."""
    from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN

    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() == "bearer" and token:
        return Credential(token, {"authorization": f"Bearer {token}"})
    token = request.cookies.get(COOKIE_NAME_JWT_TOKEN, "")
    return Credential(token, {"cookie": f"{COOKIE_NAME_JWT_TOKEN}={token}"})


def as_the_user_of(request: Request) -> InProcessApi:
    """The API with the credential that came with a request."""
    from airflow.api_fastapi.main import app

    return InProcessApi(app, credential_of(request).headers)


def _no_answer(seconds: float) -> Problem:
    return Problem(
        504,
        "Airflow does not answer",
        f"Airflow's API gave no answer within {seconds:g} seconds.",
        hint="If you asked for something, look whether it was taken up before you ask again.",
        retry=True,
    )


def _explain(response: httpx.Response) -> str:
    try:
        detail = response.json().get("detail", "")
    except ValueError:
        detail = ""
    if isinstance(detail, list):
        detail = "; ".join(str(part.get("msg", part)) for part in detail)
    return str(detail or response.reason_phrase)

"""Airflow's own REST API, called in process with the credential of the person who asks.

Nothing here has a privilege of its own: Airflow's authorisation, its parameter validation and its event log apply as
if the person had called the API from outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anyio.from_thread
import httpx

from ops_dashboard.web.errors import Problem

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

_TIMEOUT_SECONDS = 20.0


class InProcessApi:
    """The API as one person. Page functions call it from the threads they run in."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = dict(headers)

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - decoded JSON
        """Send a request (`path` from "/api/v2/…") and return the decoded answer.

        Raises:
            Problem: Airflow refused; it carries Airflow's own status and words.
        """
        response = anyio.from_thread.run(self._send, method, path, body)
        if response.is_error:
            raise Problem(response.status_code, "Airflow did not accept this", _explain(response))
        return response.json()

    async def _send(self, method: str, path: str, body: Mapping[str, object] | None) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://airflow", headers=self._headers, timeout=_TIMEOUT_SECONDS
        ) as client:
            return await client.request(method, path, json=body)


def as_the_user_of(request: Request) -> InProcessApi:
    """The API with the credential that came with a request."""
    from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
    from airflow.api_fastapi.main import app

    if authorization := request.headers.get("authorization"):
        return InProcessApi(app, {"authorization": authorization})
    token = request.cookies.get(COOKIE_NAME_JWT_TOKEN, "")
    return InProcessApi(app, {"cookie": f"{COOKIE_NAME_JWT_TOKEN}={token}"})


def _explain(response: httpx.Response) -> str:
    try:
        detail = response.json().get("detail", "")
    except ValueError:
        detail = ""
    if isinstance(detail, list):
        detail = "; ".join(str(part.get("msg", part)) for part in detail)
    return str(detail or response.reason_phrase)

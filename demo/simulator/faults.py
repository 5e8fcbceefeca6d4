"""Faults on demand, so that tests see what any cluster's clients see some day."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.simulator.errors import StatusError


@dataclass(frozen=True, slots=True)
class _Fault:
    method: str
    status: int | None
    takes_effect: bool
    headers: dict[str, str]


class Faults:
    """A layer around the application that spoils the answers to requests.

    Attributes:
        requests: The latest requests, as in `GET /version`.
    """

    def __init__(self) -> None:
        self._planned: list[_Fault] = []
        self.requests: deque[str] = deque(maxlen=1000)

    def fail_next(
        self,
        count: int = 1,
        *,
        method: str,
        status: int | None = None,
        takes_effect: bool = False,
        retry_after: int | None = None,
    ) -> None:
        """Spoil the next requests with a method.

        Args:
            count: How many.
            method: HTTP method.
            status: What to answer; None breaks the connection instead.
            takes_effect: Whether the request is carried out before its answer is spoilt.
            retry_after: Seconds to ask the client to wait.
        """
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self._planned += [_Fault(method, status, takes_effect, headers)] * count

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return the application with this layer around it."""

        async def spoiling(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            self.requests.append(f"{scope['method']} {scope['path']}")
            fault = self._take(scope["method"])
            if fault is None or fault.takes_effect:
                await app(scope, receive, _nowhere if fault else send)
            if fault:
                await _answer(fault, scope, receive, send)

        return spoiling

    def _take(self, method: str) -> _Fault | None:
        if self._planned and self._planned[0].method == method:
            return self._planned.pop(0)
        return None


async def _answer(fault: _Fault, scope: Scope, receive: Receive, send: Send) -> None:
    if fault.status is not None:
        error = StatusError(fault.status, "Simulated", "a simulated fault")
        await JSONResponse(error.document(), fault.status, fault.headers)(scope, receive, send)
        return
    # The server closes a connection whose announced body does not come.
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


async def _nowhere(_message: Message) -> None:
    pass

"""Ask a server for JSON: again when it is busy, and never for longer than agreed.

with JsonServer("https://directory.example.com/scim/v2", headers={"Authorization": f"Bearer {token}"}) as server:
    page = server.get("/Users", {"startIndex": "1"})
"""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    before_sleep_log,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from ops_dashboard.directory.answers import ServerError, json_object, no_answer
from ops_dashboard.directory.patience import Patience, current_patience
from ops_dashboard.directory.settings import GIVE_UP_AFTER, REQUEST_TIMEOUT

__all__ = ["JsonServer", "ServerError", "server_url"]

LARGEST_ANSWER = 2**28  # bytes: a hundred large groups with all their members have tens of millions

_log = logging.getLogger(__name__)
_back_off = wait_random_exponential(multiplier=0.2, max=30)
# Quotas are counted by the minute. Longer than a few of them, one question must not hold up the others.
_REPEAT_FOR = timedelta(minutes=3)
# What httpx itself has to say when the time is over is worth more.
_GRACE_SECONDS = 0.2


def server_url(url: str) -> str:
    """Return the address of a server that secrets may be sent to, without a slash at its end.

    Raises:
        ValueError: It is not one: tells what is accepted.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port, httpx.URL(url).host
    except (ValueError, httpx.InvalidURL):
        parts = urlsplit("")
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    plain = re.fullmatch(r"[!-~]+", url) and not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.hostname and plain and (parts.scheme == "https" or (parts.scheme == "http" and local)):
        return url.rstrip("/")
    raise ValueError("https://host[:port][/path], without a user or a query; http only to localhost")


class JsonServer:
    """One server, and the time that there is for all questions to it; may be asked from several threads."""

    def __init__(
        self,
        url: str,
        *,
        auth: httpx.Auth | None = None,
        headers: Mapping[str, str] | None = None,
        verify: ssl.SSLContext | bool = True,
        is_busy: Callable[[ServerError], bool] = lambda _: False,
        give_up_after: timedelta = GIVE_UP_AFTER,
        request_timeout: timedelta = REQUEST_TIMEOUT,
        largest_answer: int = LARGEST_ANSWER,
    ) -> None:
        """Start the clock; nothing is asked yet.

        Args:
            url: What the paths of all questions are added to; see `server_url`.
            auth: Signs every request.
            headers: Sent with every request.
            verify: The certificates that are trusted, if not those that the machine trusts.
            is_busy: Tells of an error whether it may help to ask again, where its status alone does not tell.
            give_up_after: The time for all questions together.
            request_timeout: The time for one answer.
            largest_answer: Bytes of one answer, unpacked.
        """
        self._url = url
        self._client = httpx.Client(base_url=url, auth=auth, headers=headers, verify=verify)
        self._is_busy = is_busy
        self._give_up_after = give_up_after
        self._deadline = monotonic() + give_up_after.total_seconds()
        self._request_timeout = request_timeout.total_seconds()
        self._largest_answer = largest_answer
        self._patience = current_patience()

    def __enter__(self) -> JsonServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON object that the server has at a path.

        Raises:
            ServerError: It gave none, also when asked again, or there is no time left.
        """
        patience = self._patience
        repeat_for = patience.within if patience else _REPEAT_FOR
        in_time = stop_before_delay(min(self._seconds_left, repeat_for.total_seconds()))
        retrying = Retrying(
            retry=retry_if_exception(self._may_help_to_repeat),
            wait=_pause,
            stop=in_time | stop_after_attempt(patience.tries) if patience else in_time,
            before_sleep=partial(_tell, patience) if patience else before_sleep_log(_log, logging.WARNING),
            reraise=True,
        )
        failures: list[ServerError] = []

        def ask() -> dict[str, Any]:
            if failures and not self._seconds_left:
                raise failures[-1]  # the pause took longer than it should: why it was needed is what tells
            try:
                return self._get_once(path, params)
            except ServerError as error:
                failures.append(error)
                raise

        return retrying(ask)

    @property
    def _seconds_left(self) -> float:
        return max(0, self._deadline - monotonic())

    def _may_help_to_repeat(self, error: BaseException) -> bool:
        return isinstance(error, ServerError) and (error.again or self._is_busy(error))

    def _get_once(self, path: str, params: Mapping[str, str] | None) -> dict[str, Any]:
        asked = f"{self._url}{path}"
        timeout = min(self._seconds_left, self._request_timeout)
        if not timeout:
            raise ServerError(f"{asked}: not asked, the {self._give_up_after.total_seconds():g} s for all are over")
        request = self._client.build_request("GET", path, params=params, timeout=timeout)
        try:
            response, content = self._send(request, monotonic() + timeout)
        except httpx.RequestError as error:
            raise no_answer(asked, error) from error
        return json_object(asked, response, content)

    def _send(self, request: httpx.Request, until: float) -> tuple[httpx.Response, bytes]:
        """Ask in a thread of its own, which is left behind when the time is over.

        The timeouts of httpx begin anew with every piece, a header's letters included.
        """
        answers: SimpleQueue[tuple[httpx.Response, bytes] | BaseException] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._read(request, until))
            except BaseException as error:  # noqa: BLE001 - it is raised where it was asked
                answers.put(error)

        Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=max(0, until - monotonic()) + _GRACE_SECONDS)
        except Empty:
            raise httpx.ReadTimeout("slow", request=request) from None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _read(self, request: httpx.Request, until: float) -> tuple[httpx.Response, bytes]:
        content = bytearray()
        response = self._client.send(request, stream=True)
        try:
            for piece in response.iter_bytes():
                content += piece
                if len(content) > self._largest_answer:
                    raise ServerError(f"{self._url}: answered with more than {self._largest_answer} bytes")
                if monotonic() > until:
                    raise httpx.ReadTimeout("slow", request=request)
        finally:
            response.close()
        return response, bytes(content)


def _tell(patience: Patience, state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    pause = f" in {state.upcoming_sleep:.0f} s" if state.upcoming_sleep >= 1 else ""
    patience.tell(f"try {state.attempt_number} of {patience.tries}: {error}; asking again{pause}")


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, ServerError) and error.retry_after is not None:
        return error.retry_after
    return _back_off(state)

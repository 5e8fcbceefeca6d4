"""A server that speaks SCIM by HTTP, as far as reading goes, and makes the mistakes that it is told to make."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.directory.scim.asking import TOKEN


def changed(resource: Mapping[str, Any], **attributes: object) -> dict[str, Any]:
    """Return it with other attributes; those that are `...` are left out."""
    return {key: value for key, value in {**resource, **attributes}.items() if value is not ...}


@dataclass(frozen=True, slots=True)
class Request:
    """What the fake was asked.

    Attributes:
        times: How often this path was asked for, this time included.
    """

    path: str
    query: Mapping[str, str]
    times: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What it answers: JSON, or text as it is."""

    status: int
    body: dict[str, Any] | str
    headers: Mapping[str, str] = field(default_factory=dict)

    def but(self, **attributes: object) -> Answer:
        """Return the same with other attributes; see `changed`."""
        assert isinstance(self.body, dict)
        return replace(self, body=changed(self.body, **attributes))


Mischief = Callable[[Request, Answer], Answer]
"""What it answers instead of what it should."""


def of_users(change: Mischief) -> Mischief:
    """What happens to answers about `/Users` only."""
    return lambda request, answer: change(request, answer) if request.path == "/Users" else answer


class FakeScim:
    """Speaks SCIM by HTTP, as far as reading goes, and as it should unless its `mischief` turns that into a mistake."""

    def __init__(self) -> None:
        self.users: list[dict[str, Any]] = []
        self.groups: list[dict[str, Any]] = []
        self.largest_page = 1000
        self.mischief: Mischief = lambda _, answer: answer
        self.asked: list[Request] = []
        self.over = Event()
        self._times = Counter[str]()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/scim/v2"

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, target: str, authorization: str | None) -> Answer:
        path = unquote(urlsplit(target).path).removeprefix("/scim/v2")
        self._times[path] += 1
        request = Request(path, dict(parse_qsl(urlsplit(target).query)), self._times[path])
        self.asked.append(request)
        return self.mischief(request, self._honest(request, authorization))

    def _honest(self, request: Request, authorization: str | None) -> Answer:
        if authorization != f"Bearer {TOKEN}":
            return Answer(401, {"detail": "invalid token", "status": "401"})
        _, collection, *rest = request.path.split("/", 2)
        found = {"Users": self.users, "Groups": self.groups}.get(collection)
        if found is None:
            return Answer(404, {"detail": f"no {request.path}", "status": "404"})
        if rest:
            each = next((each for each in found if each["id"] == rest[0]), None)
            return Answer(200, each) if each else Answer(404, {"detail": f"no {rest[0]}", "status": "404"})
        return self._page(found, request.query)

    def _page(self, found: list[dict[str, Any]], query: Mapping[str, str]) -> Answer:
        if "filter" in query:
            assert query["filter"] == "not (members pr)"
            found = [each for each in found if not each.get("members")]
        start, most = int(query.get("startIndex", "1")), int(query.get("count", "1000"))
        page = found[start - 1 :][: min(most, self.largest_page)]
        counts = {"totalResults": len(found), "startIndex": start, "itemsPerPage": len(page)}
        return Answer(200, {**counts, "Resources": page})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet, or each answer waits for an acknowledgement

            def do_GET(self) -> None:
                answer = fake.answer(self.path, self.headers["Authorization"])
                text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
                kind = "text/html" if isinstance(answer.body, str) else "application/scim+json"
                self.send_response(answer.status)
                headers = {"Content-Type": kind, "Content-Length": str(len(text.encode())), **answer.headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
                """Keep quiet."""

        return Handler


@contextmanager
def fake_directory() -> Iterator[FakeScim]:
    """Give an empty directory on a fake server."""
    fake = FakeScim()
    try:
        yield fake
    finally:
        fake.close()


@contextmanager
def large_company() -> Iterator[FakeScim]:
    """Give a fake with 250 users, which makes three pages, one group with members and one without."""
    with fake_directory() as fake:
        fake.users = [user(number, active=number != 0) for number in range(250)]
        fake.groups = [group("ads", "u-1", "u-2"), group("empty")]
        yield fake


def user(number: int, **attributes: object) -> dict[str, object]:
    return {"id": f"u-{number}", "userName": f"{number}@example.com", **attributes}


def group(name: str, *members: str, **attributes: object) -> dict[str, object]:
    return {"id": f"g-{name}", "displayName": name, "members": [{"value": each} for each in members], **attributes}

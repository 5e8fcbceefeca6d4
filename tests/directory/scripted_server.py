"""A server by HTTP that gives the answers it was told to, in their order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ops_dashboard.directory.http import JsonServer, ServerError
from tests.support.certificates import server_context

SECRET = "t0p-secret"
GOOD = b'{"answer": 42}'


@dataclass
class Scripted:
    """A server that gives the answers it was told to, in their order."""

    url: str = ""
    answers: list[Callable[[Any], None]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def get(self, **options: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {SECRET}"}
        with JsonServer(self.url, headers=headers, **options) as server:
            return server.get("/here", {"page": "1"})

    def refusal(self, **options: Any) -> ServerError:
        with pytest.raises(ServerError) as caught:
            self.get(**options)
        assert SECRET not in str(caught.value)
        return caught.value


def answer(content: bytes = GOOD, status: int = 200, **headers: str) -> Callable[[Any], None]:
    def give(handler: Any) -> None:
        handler.send_response(status)
        for name, value in {"Content_Type": "application/json", **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return give


def drop(handler: Any) -> None:
    handler.close_connection = True


def break_off(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(GOOD)
    handler.close_connection = True


def hang(handler: Any) -> None:
    handler.server.script.over.wait(60)


def trickle(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.server.script.over.wait(0.02):
        handler.wfile.write(b" ")


def drip(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while not handler.server.script.over.wait(0.02):
        handler.wfile.write(b"x")


def never_final(handler: Any) -> None:
    while not handler.server.script.over.wait(0.02):
        handler.wfile.write(b"HTTP/1.1 102 Processing\r\n\r\n")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        script: Scripted = self.server.script  # type: ignore[attr-defined]
        script.asked.append(self.path)
        script.answers.pop(0)(self)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Whoever asked has gone."""


@contextmanager
def serve(certificate: Path | None = None) -> Iterator[Scripted]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        if certificate:
            server.socket = server_context(certificate).wrap_socket(server.socket, server_side=True)
        script = Scripted(f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}")
        server.script = script  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield script
        script.over.set()
        server.shutdown()
        thread.join()

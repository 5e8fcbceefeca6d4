"""The customer behind HTTP, on localhost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.directory.google.answers import Request
from tests.directory.google.directory import GoogleDirectory

API = "/admin/directory/v1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    directory: GoogleDirectory

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._answer(parts.path.removeprefix(API), parts.query)

    def do_POST(self) -> None:
        self._answer(self.path, self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, path: str, query: str) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        status, content, headers = self.directory.answer(Request(path, dict(parse_qsl(query)), token))
        if not status:
            self.close_connection = True
            return
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json; charset=UTF-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Whoever asked may have gone, or not liked the certificate."""


@contextmanager
def served(directory: GoogleDirectory, wrap: Callable[[Any], Any] = lambda socket: socket) -> Iterator[GoogleDirectory]:
    """Serve it, at its `url`, on localhost."""
    handler = type("_Handler", (_Handler,), {"directory": directory})
    with _Server(("127.0.0.1", 0), handler) as server:
        plain = server.socket
        server.socket = wrap(plain)
        scheme = "http" if server.socket is plain else "https"
        directory.url = f"{scheme}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield directory
        finally:
            directory.released.set()
            server.shutdown()
            thread.join()

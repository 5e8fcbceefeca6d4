"""A stand-in for the part of a kubelet that kwok does not play: what a container says, asked for by the API server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.support.certificates import make_certificate, server_context
from tests.support.clusters.cluster import MERGE_PATCH, Cluster

_TIME = "2026-11-25T04:00:00.000000000Z"


@contextmanager
def saying(cluster: Cluster, text: bytes, folder: Path) -> Iterator[None]:
    """Let every container on every node have said this, line by line."""
    lines = b"".join(f"{_TIME} ".encode() + line + b"\n" for line in text.split(b"\n"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(lines)

        def log_message(self, *_: object) -> None:
            """Not among the output of the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = server_context(make_certificate(folder)).wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, name="kubelet")
    thread.start()
    _set_address(cluster, "127.0.0.1", server.server_port)
    try:
        yield
    finally:
        _set_address(cluster, None, 0)
        server.shutdown()
        server.server_close()
        thread.join()


def _set_address(cluster: Cluster, address: str | None, port: int) -> None:
    addresses = [{"type": "InternalIP", "address": address}] if address else None
    status = {"addresses": addresses, "daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}
    for node in cluster.request("GET", "/api/v1/nodes").document["items"]:
        path = f"/api/v1/nodes/{node['metadata']['name']}/status"
        assert cluster.request("PATCH", path, {"status": status}, content_type=MERGE_PATCH).status == 200

"""scim2-server, and what an identity provider does to a directory on it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count

import httpx

from demo.stack import free_port
from tests.directory.scim.asking import TOKEN

_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

_tenants = count(1)


class RealScim:
    """A directory of its own on the real server, and what an identity provider does to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"})

    def close(self) -> None:
        self._client.close()

    def add_user(self, name: str, **attributes: object) -> str:
        user = {"schemas": [_USER], "userName": f"{name}@example.com", "displayName": name, **attributes}
        return self._add("/Users", user)

    def add_group(self, name: str, members: list[dict[str, str]]) -> str:
        return self._add("/Groups", {"schemas": [_GROUP], "displayName": name, "members": members})

    def change(self, resource: str, **operation: object) -> None:
        self._client.patch(resource, json={"schemas": [_PATCH], "Operations": [operation]}).raise_for_status()

    def delete(self, path: str) -> None:
        self._client.delete(path).raise_for_status()

    def _add(self, path: str, resource: Mapping[str, object]) -> str:
        return str(self._client.post(path, json=resource).raise_for_status().json()["id"])


@contextmanager
def real_server() -> Iterator[str]:
    """Run the real server, which has a directory below every name, and give its address."""
    port = free_port()
    program = [sys.executable, "-m", "scim2_server.testserver.cli"]
    command = [*program, "--port", str(port), "--bearer-token", TOKEN, "--dynamic-tenants"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Serving SCIM")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@contextmanager
def real_directory(server: str) -> Iterator[RealScim]:
    """Give an empty directory on that server."""
    real = RealScim(f"{server}/company-{next(_tenants)}/v2")
    try:
        yield real
    finally:
        real.close()

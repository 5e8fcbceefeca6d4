"""How a test reaches an API server, whichever it is."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from kubernetes.client import ApiClient
from kubernetes.config import new_client_from_config_dict

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from an API server."""

    status: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running API server.

    `ca_file` is None where the server speaks plain HTTP; `admin_token` belongs to a user who may do everything.
    """

    name: str
    server: str
    admin_token: str
    ca_file: Path | None = None

    def kubeconfig(self, token: str) -> dict[str, Any]:
        """A kubeconfig for the owner of `token`."""
        authority = {"certificate-authority": str(self.ca_file)} if self.ca_file else {}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": self.name, "cluster": {"server": self.server, **authority}}],
            "users": [{"name": "user", "user": {"token": token}}],
            "contexts": [{"name": "default", "context": {"cluster": self.name, "user": "user"}}],
            "current-context": "default",
        }

    def client(self) -> ApiClient:
        """A client that may do everything."""
        return new_client_from_config_dict(self.kubeconfig(self.admin_token))

    def request(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json", token: str = ""
    ) -> Answer:
        """Send one request, by default as the admin."""
        answer = httpx.request(
            method,
            self.server + path,
            content=None if body is None else json.dumps(body),
            headers={"Authorization": f"Bearer {token or self.admin_token}", "Content-Type": content_type},
            verify=_tls(self.ca_file),
            timeout=30,
        )
        return Answer(answer.status_code, answer.json())


@cache
def _tls(ca_file: Path | None) -> ssl.SSLContext | bool:
    return ssl.create_default_context(cafile=ca_file) if ca_file else False

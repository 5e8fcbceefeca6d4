"""The simulator on a TCP port, and the kubeconfig that leads there."""

from __future__ import annotations

import socket
from pathlib import Path

import uvicorn
import yaml

from demo.simulator.simulator import Simulator


def listen(port: int) -> socket.socket:
    """Return a socket on localhost where clients may connect from now on; port 0 stands for any free one."""
    listener = socket.create_server(("127.0.0.1", port))
    listener.set_inheritable(True)
    return listener


def address_of(listener: socket.socket) -> str:
    """The URL of what serves the socket."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def server_of(simulator: Simulator) -> uvicorn.Server:
    """Return the server; `run(sockets=[listener])` serves until it is told to exit."""
    return uvicorn.Server(uvicorn.Config(simulator.app, log_level="warning", access_log=False, lifespan="on"))


def write_kubeconfig(path: Path, server: str, tokens: dict[str, str]) -> None:
    """Write a kubeconfig with a context for each user; the first is the current one."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "simulator", "cluster": {"server": server}}],
        "users": [{"name": user, "user": {"token": token}} for user, token in tokens.items()],
        "contexts": [{"name": user, "context": {"cluster": "simulator", "user": user}} for user in tokens],
        "current-context": next(iter(tokens)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(yaml.safe_dump(config, sort_keys=False))
    fresh.replace(path)  # whoever waits for the file finds all of it

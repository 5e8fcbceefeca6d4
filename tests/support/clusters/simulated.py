"""The demo's simulator, run in a thread so that a test can look into it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from demo.simulator import Simulator
from demo.simulator.serving import address_of, listen, server_of
from tests.support.clusters.cluster import Cluster


@contextmanager
def simulated(simulator: Simulator) -> Iterator[Cluster]:
    """Serve a simulator on a free port."""
    listener = listen(0)
    server = server_of(simulator)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="simulator")
    thread.start()
    try:
        yield Cluster("simulator", address_of(listener), simulator.access.admin_token)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()

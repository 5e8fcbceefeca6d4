"""The whole product for the tests: one demo stack for the session, and its users."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from demo.client import Client
from demo.environment import REPOSITORY
from demo.stack import Stack
from demo.temporary import temporary_stack
from ops_dashboard.acts import SCALE_DAG_ID

ADS = "oncall@ads.example.com"
SEARCH = "oncall@search.example.com"
ADMIN = "admin@platform.example.com"
VIEWER = "viewer@example.com"

SCALE_DAG = SCALE_DAG_ID

_TEST_OPERATIONS = Path(__file__).parent / "operations"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One demo for all tests, so a test reads a count before it changes it. It has the tests' own operations too."""
    folder = tmp_path_factory.mktemp("dags")
    for kind in ("catalog", "scripts"):
        shutil.copytree(REPOSITORY / "dags" / kind, folder / kind)
        shutil.copytree(_TEST_OPERATIONS / kind, folder / kind, dirs_exist_ok=True)
    environment = {
        f"AIRFLOW__OPS_DASHBOARD__{kind.upper()}_FOLDER": str(folder / kind) for kind in ("catalog", "scripts")
    }
    with temporary_stack(extra_environment=environment) as started:
        yield started


@pytest.fixture(scope="session")
def client_of(stack: Stack) -> Iterator[Callable[[str], Client]]:
    """The client of a person, who is logged in once."""
    clients: dict[str, Client] = {}

    def get(email: str) -> Client:
        if email not in clients:
            clients[email] = Client(stack.url, email)
        return clients[email]

    yield get
    for client in clients.values():
        client.http.close()


@pytest.fixture
def ads(client_of: Callable[[str], Client]) -> Client:
    return client_of(ADS)


@pytest.fixture
def search(client_of: Callable[[str], Client]) -> Client:
    return client_of(SEARCH)


@pytest.fixture
def admin(client_of: Callable[[str], Client]) -> Client:
    return client_of(ADMIN)


@pytest.fixture
def viewer(client_of: Callable[[str], Client]) -> Client:
    return client_of(VIEWER)


@pytest.fixture
def anonymous(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=30) as client:
        yield client

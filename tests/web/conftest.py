"""The sample site over real HTTP, and people who visit it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.web.sample import ADS, NOBODY, make_app
from tests.web.server import serve


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where the sample site answers."""
    with serve(make_app()) as address:
        yield address


@pytest.fixture
def oncall(address: str) -> Iterator[httpx.Client]:
    """The on-call person of team ads."""
    with httpx.Client(base_url=address, cookies={"user": ADS}) as client:
        yield client


@pytest.fixture
def nobody(address: str) -> Iterator[httpx.Client]:
    """Somebody signed in, in no group."""
    with httpx.Client(base_url=address, cookies={"user": NOBODY}) as client:
        yield client


@pytest.fixture
def stranger(address: str) -> Iterator[httpx.Client]:
    """Somebody not signed in."""
    with httpx.Client(base_url=address) as client:
        yield client

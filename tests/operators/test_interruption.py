"""Leaving a call that blocks, and leaving alone whatever else uses the timer."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from ops_operators.interruption import Interruption, interrupted_when


@pytest.fixture(autouse=True)
def timer() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_read_that_would_block_for_ever_is_left() -> None:
    one, other = socket.socketpair()
    begun = time.monotonic()
    with (
        one,
        other,
        pytest.raises(Interruption) as caught,
        interrupted_when(lambda: ValueError("enough") if time.monotonic() > begun + 1 else None),
    ):
        one.recv(1)
    assert str(caught.value.cause) == "enough"
    assert time.monotonic() < begun + 5


def test_what_swallows_exceptions_does_not_swallow_it() -> None:
    def swallow() -> None:
        with suppress(Exception):
            time.sleep(30)

    with pytest.raises(Interruption), interrupted_when(lambda: ValueError("enough")):
        swallow()


def test_without_a_cause_nothing_happens() -> None:
    with interrupted_when(lambda: None):
        time.sleep(1.2)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_timer_that_was_running_goes_on() -> None:
    rang = []
    signal.signal(signal.SIGALRM, lambda *_: rang.append(True))
    signal.setitimer(signal.ITIMER_REAL, 1.5)
    with interrupted_when(lambda: None):
        time.sleep(0.7)
    assert not rang
    time.sleep(1.5)
    assert rang


def test_a_timer_that_should_have_rung_meanwhile_rings_afterwards() -> None:
    rang = []
    signal.signal(signal.SIGALRM, lambda *_: rang.append(True))
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with interrupted_when(lambda: None):
        time.sleep(0.7)
    time.sleep(0.1)
    assert rang

"""Signal handlers that raise in the middle of a run, or of clearing up after it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import sleep
from types import FrameType

import pytest

from ops_dashboard.scripts import (
    run,
)
from tests.scripts.running import SH, Scripts, is_subreaper, time_to_sleep, with_argument

AIRFLOW_LIKE_SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGALRM]


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


@pytest.fixture
def mark() -> Iterator[str]:
    with time_to_sleep() as mark:
        yield mark


class InterruptedByTestError(BaseException):
    """What a handler raises, as Airflow's do."""


@pytest.fixture
def handlers() -> Iterator[list[int]]:
    """Handlers that raise, and the signals that they got."""
    got: list[int] = []

    def handle(number: int, _frame: object) -> None:
        got.append(number)
        raise InterruptedByTestError(number)

    before = {each: signal.signal(each, handle) for each in AIRFLOW_LIKE_SIGNALS}
    yield got
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("number", AIRFLOW_LIKE_SIGNALS)
@pytest.mark.parametrize("others", [False, True], ids=["alone", "threads"])
def test_a_handler_that_raises_in_the_middle(
    scripts: Scripts, mark: str, handlers: list[int], number: int, others: bool
) -> None:
    over = threading.Event()
    threads = [threading.Thread(target=over.wait) for _ in range(3 if others else 0)]
    for thread in threads:
        thread.start()
    scripts.seen.on_line = lambda _: os.kill(os.getpid(), number)
    try:
        with pytest.raises(InterruptedByTestError):
            scripts.run(f"setsid sleep {mark} & echo hello; sleep {mark}", SH)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert handlers == [number]
    assert is_subreaper() == 0


def is_in_run(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code is not run.__code__:
        frame = frame.f_back
    return frame is not None


def test_two_signals_at_any_moment_leave_nothing(scripts: Scripts, mark: str) -> None:
    """Also while all is being made ready and cleared away."""
    raised: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if is_in_run(frame):
            raised.append(number)
            raise InterruptedByTestError(number)

    def send(wait: float) -> None:
        for number in (signal.SIGTERM, signal.SIGALRM):
            sleep(wait)
            os.kill(os.getpid(), number)
            wait = 0.003

    script = scripts.write(f"setsid sleep {mark} & sleep {mark} & sleep .05; exit 0", SH)
    before = {each: signal.signal(each, handle) for each in AIRFLOW_LIKE_SIGNALS}
    try:
        for moment in range(60):
            sender = threading.Thread(target=send, args=(moment * 0.004,))
            sender.start()
            with suppress(InterruptedByTestError):
                scripts.run(script)
            sender.join()
            assert {each: signal.getsignal(each) for each in before} == dict.fromkeys(before, handle)
            assert (with_argument(mark), is_subreaper()) == ([], 0)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert len(raised) > 20


def test_a_keyboard_interrupt(scripts: Scripts, mark: str) -> None:
    scripts.seen.on_line = lambda _: signal.raise_signal(signal.SIGINT)
    found = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            scripts.run(f"setsid sleep {mark} & echo hello; sleep {mark}", SH)
    finally:
        signal.signal(signal.SIGINT, found)

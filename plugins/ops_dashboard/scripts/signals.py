"""Keep signal handlers from raising in the middle of what must be done to its end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

_Handler = Callable[[int, FrameType | None], object]

_INTERRUPTING = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGALRM,  # Airflow's timeout of a task
    signal.SIGUSR1,
    signal.SIGUSR2,
)


class HeldSignals:
    """The handlers of this process, replaced by one that only takes note.

    To block the signals would not do: another thread would take them, and the handler would run in this one.
    """

    def __init__(self) -> None:
        self._noted: list[int] = []
        self._handlers: dict[int, _Handler] = {}
        if current_thread() is main_thread():  # handlers run nowhere else
            found = {each: signal.getsignal(each) for each in _INTERRUPTING}
            self._handlers = {each: handler for each, handler in found.items() if callable(handler)}

    def hold(self) -> None:
        """Take note of signals from here on."""
        _install(dict.fromkeys(self._handlers, self._note))

    def let_go(self) -> None:
        """Put the handlers back, and let them have what came meanwhile; they may raise."""
        _install(self._handlers)
        while self._noted:
            signal.raise_signal(self._noted.pop(0))

    @contextmanager
    def released(self) -> Iterator[None]:
        """Let handlers run, and raise, for a while."""
        try:
            self.let_go()
            yield
        finally:
            self.hold()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number not in self._noted:
            self._noted.append(number)


@contextmanager
def held_signals() -> Iterator[HeldSignals]:
    """Hold signals; at the end, those that came are delivered."""
    held = HeldSignals()
    try:
        held.hold()
        yield held
    finally:
        held.let_go()


def _install(handlers: Mapping[int, _Handler]) -> None:
    try:
        _set(handlers)
    except BaseException:
        # A signal that had come before has raised; the others are to be set all the same.
        _set(handlers)
        raise


def _set(handlers: Mapping[int, _Handler]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)

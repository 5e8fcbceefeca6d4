"""Keep signal handlers from raising in the middle of what must be done to its end."""

from __future__ import annotations

import inspect
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
    """The handlers of this process, replaced by one that only takes note; they run when it is safe for them to raise.

    To block the signals would not do: another thread would take them, and the handler would run in this one. To put
    the handlers back for a while would not do either: they could raise in the moment in which that while ends.
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

    def deliver(self) -> None:
        """Let the handlers have what came; they may raise."""
        while self._noted:
            number = self._noted.pop(0)
            self._handlers[number](number, inspect.currentframe())

    def let_go(self) -> None:
        """Put the handlers back, and let them have what came."""
        _install(self._handlers)
        self.deliver()

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

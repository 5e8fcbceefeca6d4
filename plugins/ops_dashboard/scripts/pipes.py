"""Write a script's input and read its output at the same time, waiting for neither."""

from __future__ import annotations

import fcntl
import os
import selectors
from collections.abc import Callable
from time import sleep
from typing import IO

_PIECE_BYTES = 65_536
_CLOSED_PAUSE_SECONDS = 0.02


class Pipes:
    """The two pipes of a running script.

    Args:
        source: Where the script's input is to be written; closed when all is written.
        sink: Where its output is to be read; closed when there is no more.
        document: The whole input. The script need not read it.
        take: Takes each piece of output.
    """

    def __init__(self, source: IO[bytes], sink: IO[bytes], document: bytes, take: Callable[[bytes], None]) -> None:
        self._source = source
        self._sink = sink
        self._unwritten = memoryview(document)
        self._take = take
        self._selector = selectors.DefaultSelector()
        for pipe, event in ((source, selectors.EVENT_WRITE), (sink, selectors.EVENT_READ)):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, event)

    def pump(self, seconds: float) -> None:
        """Move one piece each way, or wait for so many seconds at most until one can be moved."""
        if not self._selector.get_map():
            sleep(min(seconds, _CLOSED_PAUSE_SECONDS))
            return
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._source:
                self._write()
            else:
                self._read()

    def drain(self) -> None:
        """Read what the script had written when it ended, though others may be writing still."""
        if self._sink.closed:
            return
        left = fcntl.fcntl(self._sink, fcntl.F_GETPIPE_SZ)
        while left > 0 and (size := self._read()):
            left -= size

    def close(self) -> None:
        """Let go of the pipes."""
        self._selector.close()
        self._source.close()
        self._sink.close()

    def _write(self) -> None:
        try:
            written = os.write(self._source.fileno(), self._unwritten[:_PIECE_BYTES])
        except BlockingIOError:
            return
        except BrokenPipeError:  # the script has read as much as it wanted
            written = len(self._unwritten)
        self._unwritten = self._unwritten[written:]
        if not self._unwritten:
            self._selector.unregister(self._source)
            self._source.close()

    def _read(self) -> int:
        """Return the size of the piece, 0 if there is none now."""
        try:
            piece = os.read(self._sink.fileno(), _PIECE_BYTES)
        except BlockingIOError:
            return 0
        if piece:
            self._take(piece)
        else:
            self._selector.unregister(self._sink)
            self._sink.close()
        return len(piece)

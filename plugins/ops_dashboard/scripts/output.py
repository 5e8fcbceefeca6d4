"""From the bytes that a script writes to the lines that are shown, with no more than one line in memory."""

from __future__ import annotations

import codecs
import re

from ops_dashboard.scripts.cleaning import clean
from ops_dashboard.scripts.models import Limits, Progress, Watcher

_LINE_ENDS = re.compile(rb"\r\n|\n|\r")
_PROGRESS = re.compile(r"ops-progress (?:(\d{1,3}(?:\.\d{1,9})?)|(\d{1,15})/(\d{1,15}))(?: (.*))?", re.ASCII)


class Output:
    """Takes what comes out of the pipe, in pieces of any size.

    Attributes:
        cut: Whether there was more than may be shown.
    """

    def __init__(self, limits: Limits, watcher: Watcher) -> None:
        self.cut = False
        self._limits = limits
        self._watcher: Watcher | None = watcher
        self._left = limits.output_bytes
        self._line = bytearray()
        self._line_cut = False
        self._after_return = False

    def feed(self, piece: bytes) -> None:
        """Take the next piece, and pass on each line that it ends."""
        if self._after_return and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_return = piece.endswith(b"\r")
        *ended, rest = _LINE_ENDS.split(piece)
        for part in ended:
            self._add(part)
            self._end_line()
        self._add(rest)

    def end(self) -> None:
        """Pass on the last line, if nothing ended it."""
        if self._line:
            self._end_line()

    def mute(self) -> None:
        """Pass on nothing from here on."""
        self._watcher = None

    def _add(self, part: bytes) -> None:
        room = self._limits.line_bytes - len(self._line)
        self._line += part[:room]
        self._line_cut |= len(part) > room

    def _end_line(self) -> None:
        # A whole line is decoded at once, so no character is torn where two pieces meet; one may be where it was cut.
        decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        text = clean(decode(bytes(self._line), not self._line_cut))
        if self._line_cut:
            text += f" [cut here: the line is longer than {self._limits.line_bytes} bytes]"
        self._line.clear()
        self._line_cut = False
        if self._watcher is not None:
            self._pass_on(text, self._watcher)

    def _pass_on(self, text: str, watcher: Watcher) -> None:
        if progress := parse_progress(text):
            watcher.progress(progress)
        elif not self.cut:
            self._left -= len(text.encode()) + 1
            if self._left >= 0:
                watcher.line(text)
            else:
                self.cut = True
                watcher.line(f"[no more is shown: the output is longer than {self._limits.output_bytes} bytes]")


def parse_progress(line: str) -> Progress | None:
    """Return the progress that a line tells, such as `ops-progress 30 copying` or `ops-progress 3/10`."""
    found = _PROGRESS.fullmatch(line)
    if found is None:
        return None
    percent, part, whole, words = found.groups()
    amount, of = (float(percent), 100.0) if percent else (float(part), float(whole))
    if not 0 <= amount <= of or of == 0:
        return None
    return Progress(amount / of, (words or "").strip())

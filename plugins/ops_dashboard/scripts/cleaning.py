"""Text that a script wrote, made fit to be shown: nothing in it moves a cursor, hides, or turns what follows."""

from __future__ import annotations

import re
import unicodedata

_ESCAPE_SEQUENCES = re.compile(
    r"""
      (?:\x1b\[|\x9b) [0-?]* [ -/]* [@-~]                            # colours, cursor movements
    | (?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f]) [^\x07\x1b\x9c]* (?:\x07|\x1b\\|\x9c)  # titles, links, other strings
    | \x1b [ -/]* [0-~]                                              # the rest
    """,
    re.VERBOSE,
)
_TAB = "\t"
_TAB_WIDTH = 8


def clean(text: str) -> str:
    """Return a line of text without terminal escape sequences and without characters that cannot be seen.

    What is left are printable characters and blanks; a tab and each other kind of space becomes blanks.
    """
    if text.isprintable():
        return text
    visible = "".join(map(_visible, _ESCAPE_SEQUENCES.sub("", text)))
    return visible.expandtabs(_TAB_WIDTH)


def _visible(character: str) -> str:
    if character.isprintable() or character == _TAB:
        return character
    return " " if unicodedata.category(character).startswith("Z") else ""

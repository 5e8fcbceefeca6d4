"""The words of an SQL file as PostgreSQL reads them, and the statements that they make.

sqlparse reads other dialects too: it takes a backslash in a text for an escape and lets a comment inside of a comment
end both, and so misses where a statement ends. PostgreSQL's rules: https://www.postgresql.org/docs/18/sql-syntax-lexical.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a token is, as far as anybody asks."""

    BLANK = auto()
    COMMENT = auto()
    QUOTED = auto()
    """A text or a quoted name, with its quotes."""
    UNCLOSED = auto()
    """What opens a quote or a comment that nothing closes."""
    WORD = auto()
    NUMBERED = auto()
    """A parameter as the server numbers them, `$1`."""
    SEMICOLON = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the file; all pieces together are the file."""

    kind: Kind
    text: str
    line: int

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing to the server."""
        return self.kind in {Kind.BLANK, Kind.COMMENT}


@dataclass(frozen=True, slots=True)
class Statement:
    """What lies between two semicolons, from its first token that is not blank to its last."""

    tokens: tuple[Token, ...]

    @property
    def text(self) -> str:
        """What is sent to the server: without comments, in which nobody has to mind a percent sign."""
        return "".join(" " if token.kind is Kind.COMMENT else token.text for token in self.tokens)

    @property
    def words(self) -> tuple[str, ...]:
        """Its words outside of quotes, in capital letters."""
        return tuple(token.text.upper() for token in self.tokens if token.kind is Kind.WORD)

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.tokens[0].line


_LETTER = "A-Za-z_\u0080-\U0010ffff"
_TOKEN = re.compile(
    rf"""
      (?P<BLANK> [ \t\n\r\f\v]+ )
    | (?P<COMMENT> --[^\n\r]* | /\* )
    | (?P<QUOTED>
          [eE]' (?: [^'\\] | \\. | '' )* '
        | ' [^']* (?: '' [^']* )* '
        | " [^"]* (?: "" [^"]* )* "
        | (?P<tag> \$ (?: [{_LETTER}] [{_LETTER}0-9]* )? \$ ) .*? (?P=tag)
      )
    | (?P<UNCLOSED> [eE]?' | " | \$ (?: [{_LETTER}] [{_LETTER}0-9]* )? \$ )
    | (?P<WORD> [{_LETTER}] [{_LETTER}0-9$]* )
    | (?P<NUMBERED> \$ [0-9]+ )
    | (?P<SEMICOLON> ; )
    | (?P<OTHER> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")


def tokens_of(text: str) -> Iterator[Token]:
    """Take a file apart. What follows a quote or comment that nothing closes is left out: it can't be told what it is.

    Args:
        text: All that the file holds.
    """
    position, line = 0, 1
    while found := _TOKEN.match(text, position):
        kind, end = Kind[str(found.lastgroup)], found.end()
        if found[0] == "/*":
            kind, end = _block_comment(text, found.start())
        yield Token(kind, text[position:end], line)
        if kind is Kind.UNCLOSED:
            return
        line += text.count("\n", position, end)
        position = end


def statements_of(text: str) -> tuple[Statement, ...]:
    """Split a file at its semicolons. One in brackets ends nothing: CREATE RULE has such."""
    statements: list[Statement] = []
    open_tokens: list[Token] = []
    depth = 0
    for token in tokens_of(text):
        if token.kind is Kind.SEMICOLON and depth <= 0:
            statements += _statement(open_tokens)
            open_tokens.clear()
            depth = 0
            continue
        if token.kind is Kind.OTHER:
            depth += (token.text == "(") - (token.text == ")")
        open_tokens.append(token)
    return (*statements, *_statement(open_tokens))


def _statement(tokens: list[Token]) -> Iterator[Statement]:
    told = [position for position, token in enumerate(tokens) if not token.is_blank]
    if told:
        yield Statement(tuple(tokens[told[0] : told[-1] + 1]))


def _block_comment(text: str, start: int) -> tuple[Kind, int]:
    depth = 0
    for mark in _COMMENT_MARK.finditer(text, start):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return Kind.COMMENT, mark.end()
    return Kind.UNCLOSED, start + 2

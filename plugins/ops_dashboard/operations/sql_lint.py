"""What the SQL of an operation, or of a parameter's choices, may not say.

These are for its author, who gets to know before it is merged. What protects the data is done when it runs: each
statement is sent alone with its parameters bound, and after each it is seen that the transaction is still open.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType

from ops_dashboard.operations.sql_tokens import Kind, Statement, Token
from ops_dashboard.text import shown

_PERCENT = re.compile(r"%(?:%|\((?P<name>[^)]*)\)s|(?P<positional>[sbt])(?!\w))?")
_IN_ONE_TRANSACTION = "nothing that begins or ends a transaction: the whole file is one"
_UNTIL_THE_END = "SET LOCAL, which ends with the transaction"
_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "BEGIN",
                "START",
                "COMMIT",
                "END",
                "ROLLBACK",
                "ABORT",
                "SAVEPOINT",
                "RELEASE",
                "PREPARE TRANSACTION",
                "SET TRANSACTION",
            ),
            _IN_ONE_TRANSACTION,
        ),
        **dict.fromkeys(("SET", "RESET", "DISCARD"), _UNTIL_THE_END),
        "TRUNCATE": "DELETE, whose rows are counted",
    }
)
"""By how a statement begins, what is accepted in its place. Two words count before one."""

_ACCEPTED = frozenset({"SET LOCAL", "SET CONSTRAINTS"})
_COPY_ENDS = ("PROGRAM", "STDIN", "STDOUT")
_QUERIES = ("SELECT", "WITH", "VALUES", "TABLE")


@dataclass(frozen=True, slots=True)
class SqlProblem:
    """One thing that an SQL file may not contain."""

    line: int
    value: str
    expected: str

    def __str__(self) -> str:
        return f"line {self.line}: got {self.value}, expected {self.expected}"


def problems_of(statements: Sequence[Statement], names: Collection[str]) -> tuple[SqlProblem, ...]:
    """Find what is wrong with the statements of an operation, whose parameters have these names."""
    if not statements:
        return (SqlProblem(1, "no statement", "at least one"),)
    return tuple(chain.from_iterable(_of_statement(statement, names) for statement in statements))


def problems_of_query(statements: Sequence[Statement], names: Collection[str]) -> tuple[SqlProblem, ...]:
    """Find what is wrong with a query for choices, which needs the parameters of these names."""
    wrong = list(problems_of(statements, names))
    if len(statements) > 1:
        wrong.append(SqlProblem(statements[1].line, f"statement {len(statements)}", "one SELECT and nothing else"))
    elif statements and statements[0].words[:1] not in {(word,) for word in _QUERIES} and not wrong:
        wrong.append(SqlProblem(statements[0].line, _beginning(statements[0]), f"one query: {', '.join(_QUERIES)}"))
    return tuple(wrong)


def placeholders_in(statements: Iterable[Statement]) -> frozenset[str]:
    """Name the parameters that statements without problems use."""
    tokens = chain.from_iterable(statement.tokens for statement in statements)
    found = _PERCENT.finditer("".join(token.text for token in tokens if not token.is_blank))
    return frozenset(each["name"] for each in found if each["name"] is not None)


def _of_statement(statement: Statement, names: Collection[str]) -> Iterator[SqlProblem]:
    yield from _of_beginning(statement)
    yield from _of_copy(statement)
    if "\0" in statement.text:
        yield SqlProblem(statement.line, "a character NUL", "text without it")
    # A placeholder is several tokens: what lies between two quotes is looked at in one piece.
    begun: list[Token] = []
    for token in statement.tokens:
        if token.kind in {Kind.COMMENT, Kind.QUOTED}:
            yield from _of_percents(begun, names, quoted=False)
            begun = []
        if token.kind is Kind.QUOTED:
            yield from _of_percents([token], names, quoted=True)
        elif token.kind is not Kind.COMMENT:
            begun.append(token)
            yield from _of_token(token)
    yield from _of_percents(begun, names, quoted=False)


def _of_beginning(statement: Statement) -> Iterator[SqlProblem]:
    words = statement.words
    one, two = " ".join(words[:1]), " ".join(words[:2])
    if two in _ACCEPTED:
        return
    refused = next((each for each in (two, one) if each in _REFUSED), None)
    if refused is not None:
        yield SqlProblem(statement.line, refused, _REFUSED[refused])


def _of_copy(statement: Statement) -> Iterator[SqlProblem]:
    words = statement.words
    if words[:1] == ("COPY",):
        for end in (word for word in words if word in _COPY_ENDS):
            yield SqlProblem(statement.line, f"COPY with {end}", "statements that need nothing beside the database")


def _of_token(token: Token) -> Iterator[SqlProblem]:
    if token.kind is Kind.UNCLOSED:
        yield SqlProblem(token.line, f"{token.text} that nothing closes", "its other end")
    elif token.kind is Kind.NUMBERED:
        yield SqlProblem(token.line, token.text, "%(name)s for a parameter")
    elif token.text == "\\":
        yield SqlProblem(token.line, "a backslash outside of quotes", "SQL; commands such as \\d are psql's own")


def _of_percents(tokens: Sequence[Token], names: Collection[str], *, quoted: bool) -> Iterator[SqlProblem]:
    text = "".join(token.text for token in tokens)
    for found in _PERCENT.finditer(text):
        problem = _of_percent(found, names, quoted=quoted)
        if problem is not None:
            yield SqlProblem(tokens[0].line + text.count("\n", 0, found.start()), *problem)


def _of_percent(found: re.Match[str], names: Collection[str], *, quoted: bool) -> tuple[str, str] | None:
    name = found["name"]
    if found[0] == "%%":
        return None
    if found["positional"] is not None:
        return found[0], "%(name)s for a parameter, %% for a percent sign"
    if name is None:
        return "a lone %", "%% for a percent sign, %(name)s for a parameter"
    if quoted:
        return f"{found[0]} in quotes", f"{found[0]} without quotes: it is bound, not pasted"
    if name not in names:
        accepted = f"one of {', '.join(names)}" if names else "no parameter, as there is none"
        return f"the parameter {shown(name)}", accepted
    return None


def _beginning(statement: Statement) -> str:
    return statement.words[0] if statement.words else shown(statement.text)

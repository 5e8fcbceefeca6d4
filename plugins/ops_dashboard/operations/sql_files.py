"""Read an SQL file of the folder of scripts: its statements, each to be sent alone with its parameters bound."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from ops_dashboard.operations.sql_lint import SqlProblem, placeholders_in, problems_of, problems_of_query
from ops_dashboard.operations.sql_tokens import Statement, statements_of
from ops_dashboard.scripts import ScriptError, read_content

_Lint: TypeAlias = Callable[[Sequence[Statement], Collection[str]], tuple[SqlProblem, ...]]


class SqlError(ScriptError):
    """An SQL file has mistakes; lists all of them."""

    def __init__(self, name: str, problems: tuple[SqlProblem, ...]) -> None:
        super().__init__(f"{name}: {'; '.join(map(str, problems))}")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class SqlFile:
    """A file as it was read.

    Attributes:
        name: Its path below the folder of scripts.
        sha256: The fingerprint of its content, in hexadecimal digits.
        statements: What is sent to the server, in this order. They have placeholders `%(name)s`, and `%%` for a percent
            sign.
        placeholders: The names of the parameters that they use.
    """

    name: str
    sha256: str
    statements: tuple[str, ...]
    placeholders: frozenset[str]


def read_statements(folder: Path, name: str, parameters: Collection[str]) -> SqlFile:
    """Read the statements of an operation.

    Args:
        folder: The folder of the scripts.
        name: The file's path below it.
        parameters: The names that placeholders may have.

    Raises:
        SqlError: It says something that it may not.
        ScriptError: It can't be read.
    """
    return _read(folder, name, parameters, problems_of)


def read_query(folder: Path, name: str, needs: Collection[str]) -> SqlFile:
    """Read the one query for a parameter's choices; the rest is as for `read_statements`."""
    return _read(folder, name, needs, problems_of_query)


def _read(folder: Path, name: str, parameters: Collection[str], lint: _Lint) -> SqlFile:
    content = read_content(folder, name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SqlError(name, (SqlProblem(line, f"byte 0x{content[error.start]:02x}", "text in UTF-8"),)) from error
    statements = statements_of(text)
    if problems := lint(statements, parameters):
        raise SqlError(name, problems)
    texts = tuple(statement.text for statement in statements)
    return SqlFile(name, sha256(content).hexdigest(), texts, placeholders_in(statements))

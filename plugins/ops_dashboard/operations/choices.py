"""Values that a query offers for a parameter: to the form, and once more to the task, which accepts nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import psycopg
from cachetools import TTLCache

from ops_dashboard import database
from ops_dashboard.acts.requests import RequestError
from ops_dashboard.catalog import Choices, Operation, Scalar
from ops_dashboard.operations.bound import check_can_be_bound
from ops_dashboard.operations.sql_files import SqlFile, read_query
from ops_dashboard.scripts import ScriptError
from ops_dashboard.settings import settings
from ops_dashboard.text import shorten, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CHOICES = 500
_SECONDS = 3
_KEPT_SECONDS = 5.0  # a form is shown again at each step of filling it in
_FIRST_FEW = 5

_kept: TTLCache[tuple[object, ...], tuple[Choice, ...]] = TTLCache(maxsize=1000, ttl=_KEPT_SECONDS)
_kept_lock = Lock()


class ChoicesError(Exception):
    """It can't be said what there is to choose from; the message says why."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that is accepted, and what a form shows for it."""

    value: str
    label: str


def offered(operation: Operation, name: str, values: Mapping[str, object]) -> tuple[Choice, ...]:
    """Return what there is to choose from, as it was not more than a few seconds ago.

    Args:
        operation: As the catalog has it.
        name: A parameter with choices.
        values: What is given so far, by parameter; each was checked. While a needed one is missing or None, nothing
            is offered.

    Raises:
        ChoicesError: The query can't be read, fails, takes too long or offers too much.
    """
    query = _Query.of(operation, name, values)
    if query is None:
        return ()
    with _kept_lock:
        kept = _kept.get(query.key)
    if kept is None:
        kept = query.ask()
        with _kept_lock:
            _kept[query.key] = kept
    return kept


def check_choices(operation: Operation, parameters: Mapping[str, Scalar | None]) -> None:
    """Ask again, and accept only what is offered now.

    Raises:
        RequestError: Tells of each value that is not offered what is.
        ChoicesError: It can't be said what is offered.
    """
    problems: dict[str, str] = {}
    for name, parameter in operation.parameters.items():
        value = parameters[name]
        if parameter.choices is None or value is None:
            continue
        query = _Query.of(operation, name, parameters)
        choices = query.ask() if query is not None else ()
        if value not in {choice.value for choice in choices}:
            problems[name] = f"{shown(value)} is not offered; accepted is {_in_words(parameter.choices, choices)}"
    if problems:
        raise RequestError(problems)


def _in_words(asked: Choices, choices: Sequence[Choice]) -> str:
    if not choices:
        return f"nothing with this {' and '.join(asked.needs)}" if asked.needs else "nothing at present"
    first = ", ".join(shorten(choice.value) for choice in choices[:_FIRST_FEW])
    more = len(choices) - _FIRST_FEW
    return f"one of {first}{f' and {more} more' if more > 0 else ''}"


@dataclass(frozen=True, slots=True)
class _Query:
    name: str
    file: SqlFile
    connection: str
    bound: Mapping[str, object]

    @classmethod
    def of(cls, operation: Operation, name: str, values: Mapping[str, object]) -> _Query | None:
        """Read the query; None while something that it needs is missing."""
        choices = operation.parameters[name].choices
        if choices is None:
            raise ValueError(f"parameter {name} of {operation.name} has no choices")
        bound = {need: values.get(need) for need in choices.needs}
        if None in bound.values():
            return None
        try:
            check_can_be_bound(bound)
            file = read_query(settings().scripts_folder, choices.query, choices.needs)
        except ScriptError as error:
            raise ChoicesError(f"the choices of {name}: {error}") from error
        return cls(name, file, choices.connection, bound)

    @property
    def key(self) -> tuple[object, ...]:
        """What the answer depends on; 1 and true are equal, but not the same."""
        return self.connection, self.file.sha256, *((name, type(each), each) for name, each in self.bound.items())

    def ask(self) -> tuple[Choice, ...]:
        """Ask the database, patient for a few seconds.

        Raises:
            ChoicesError: It can't be reached, or its answer is no good.
        """
        try:
            with closing(database.connect(self.connection)) as connection:
                rows = self._rows(connection)
        except database.DatabaseDownError as error:
            raise self._error(str(error)) from error
        except psycopg.errors.QueryCanceled as error:
            raise self._error(f"the query took longer than {_SECONDS} seconds") from error
        except psycopg.Error as error:
            raise self._error(shorten(error.diag.message_primary or str(error), 300)) from error
        if len(rows) > MOST_CHOICES:
            raise self._error(f"the query offers more than {MOST_CHOICES} values; let it need another parameter")
        return tuple({value: Choice(value, label) for value, label in map(_texts, rows) if value is not None}.values())

    def _rows(self, connection: psycopg.Connection) -> list[tuple[Any, ...]]:
        connection.read_only = True
        milliseconds = str(_SECONDS * 1000)
        connection.execute(
            "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)",
            [milliseconds, milliseconds],
        )
        # A cursor of the server sends no more than is fetched, and takes one query and nothing else.
        with connection.cursor("ops_choices") as cursor:
            cursor.execute(self.file.statements[0].encode(), self.bound)
            return cursor.fetchmany(MOST_CHOICES + 1)

    def _error(self, reason: str) -> ChoicesError:
        return ChoicesError(f"the choices of {self.name}: {self.file.name} on {self.connection}: {reason}")


def _texts(row: tuple[Any, ...]) -> tuple[str | None, str]:
    value, label = _text(row[0]), _text(row[1] if len(row) > 1 else None)
    return value, label or value or ""


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()  # as PostgreSQL writes it
    return None if value is None else str(value)

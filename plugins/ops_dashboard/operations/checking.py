"""The files that a catalog's operations name, checked before they are merged."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from ops_dashboard.catalog import Catalog, Choices, Operation, ScriptRun, SqlRun
from ops_dashboard.operations.script_runs import OtherContentError, read_pinned
from ops_dashboard.operations.sql_files import SqlError, read_query, read_statements
from ops_dashboard.scripts import ScriptError
from ops_dashboard.strict_yaml import FileMistake, Steps, YamlDocument, in_order, read_strict_yaml
from ops_dashboard.text import shown


def check_files(catalog: Catalog, folder: Path, scripts: Path) -> tuple[FileMistake, ...]:
    """Find what is wrong with the files of operations: missing, changed, or SQL that may not be.

    Args:
        catalog: Without mistakes of its own.
        folder: Where it was read from, for the lines.
        scripts: The folder of the scripts.
    """
    documents = [read_strict_yaml(file) for file in sorted(folder.glob("*.yaml"))]
    found = (
        _Check(operation, _document_of(operation, documents), scripts).mistakes()
        for operation in catalog.operations.values()
    )
    return in_order(dict.fromkeys(chain.from_iterable(found)))  # two may name the same file


def _document_of(operation: Operation, documents: list[YamlDocument]) -> YamlDocument:
    return next(document for document in documents if ("operations", operation.name) in document.lines)


class _Check:
    """One operation's files."""

    def __init__(self, operation: Operation, document: YamlDocument, scripts: Path) -> None:
        self._operation = operation
        self._document = document
        self._scripts = scripts

    def mistakes(self) -> Iterator[FileMistake]:
        if self._operation.script is not None:
            yield from self._of_script(self._operation.script)
        if self._operation.sql is not None:
            yield from self._of_sql(self._operation.sql)
        for name, parameter in self._operation.parameters.items():
            if parameter.choices is not None:
                yield from self._of_choices(name, parameter.choices)

    def _of_script(self, run: ScriptRun) -> Iterator[FileMistake]:
        try:
            read_pinned(run, self._scripts)
        except OtherContentError as error:
            yield self._mistake(("script", "sha256"), run.sha256, f"that of the file; {error}")
        except ScriptError as error:
            yield self._mistake(("script", "file"), run.file, f"a file that can be run; {error}")

    def _of_sql(self, run: SqlRun) -> Iterator[FileMistake]:
        try:
            read_statements(self._scripts, run.file, self._operation.parameters)
        except ScriptError as error:
            yield from self._of_error(("sql", "file"), run.file, error)

    def _of_choices(self, name: str, choices: Choices) -> Iterator[FileMistake]:
        path = ("parameters", name, "choices")
        try:
            read_query(self._scripts, choices.query, choices.needs)
        except ScriptError as error:
            yield from self._of_error((*path, "query"), choices.query, error)

    def _of_error(self, path: Steps, name: str, error: ScriptError) -> Iterator[FileMistake]:
        """Tell of what a file says at its own lines, of one that can't be read where it is named."""
        if not isinstance(error, SqlError):
            yield self._mistake(path, name, f"a file that can be run; {error}")
            return
        for problem in error.problems:
            yield FileMistake(str(self._scripts / name), (), problem.line, problem.value, problem.expected)

    def _mistake(self, path: Steps, value: object, expected: str) -> FileMistake:
        return self._document.mistake(("operations", self._operation.name, *path), shown(value), expected)

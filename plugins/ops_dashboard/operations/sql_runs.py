"""Runs of SQL files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ops_dashboard.acts.preview import Preview
from ops_dashboard.catalog import Operation, Scalar, SqlRun
from ops_dashboard.operations.bound import check_can_be_bound
from ops_dashboard.operations.sql_files import SqlFile, read_statements


@dataclass(frozen=True, slots=True)
class PreparedSql:
    """Statements, and what is bound to them.

    Attributes:
        values: All parameters; a statement is given those that it names.
        connection: Airflow connection of the Postgres database.
        max_rows: If more rows than this are changed, none is.
        seconds: How long all statements together may take.
        output_bytes: How much is shown of what the statements return.
    """

    file: SqlFile
    values: Mapping[str, Scalar | None]
    connection: str
    max_rows: int
    seconds: int
    output_bytes: int

    @property
    def preview(self) -> Preview:
        """The statements, their values, and within which limits they run."""
        statements = self.file.statements
        return Preview(
            (
                *((f"Statement {n} of {len(statements)}", text) for n, text in enumerate(statements, start=1)),
                ("Values", json.dumps(self.values, ensure_ascii=False, indent=2)),
                ("Connection", self.connection),
                ("Changes at most", f"{self.max_rows} rows"),
                ("Script", f"{self.file.name}, sha256 {self.file.sha256}"),
                ("Ends after", f"{self.seconds} seconds"),
            )
        )

    @property
    def sha256(self) -> str:
        """Of the content that runs."""
        return self.file.sha256


def prepare_sql(
    operation: Operation, run: SqlRun, parameters: Mapping[str, Scalar | None], scripts: Path
) -> PreparedSql:
    """Read the file, once: what is read now is what runs.

    Raises:
        ScriptError: The file is missing or has mistakes, or a value is no text that PostgreSQL knows.
    """
    file = read_statements(scripts, run.file, operation.parameters)
    check_can_be_bound(parameters)
    return PreparedSql(
        file=file,
        values=dict(parameters),
        connection=run.connection,
        max_rows=run.max_rows,
        seconds=operation.timeout,
        output_bytes=operation.output_limit,
    )

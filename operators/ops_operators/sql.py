"""Run registered SQL files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

import psycopg
from psycopg.pq import TransactionStatus

from ops_dashboard import database
from ops_dashboard.operations import PreparedSql
from ops_dashboard.text import shorten
from ops_operators.cancelling import CancelledError
from ops_operators.operation import RunOperationOperator, output
from ops_operators.sql_output import StatementOutput
from ops_operators.verdicts import FailedError, UncertainError

if TYPE_CHECKING:
    from ops_dashboard.scripts import JsonValue
    from ops_operators.cancelling import CancellationWatch

_CANCEL_SECONDS = 5.0
_LONGEST_REASON = 500

# A statement ends at the deadline of them all. Who waits for a lock is told so before that, and a worker that is gone
# leaves no locks behind.
_LIMITS = """
    SELECT set_config('statement_timeout', %(all)s, true), set_config('lock_timeout', %(half)s, true),
           set_config('idle_in_transaction_session_timeout', %(all)s, true)
"""

# The server's own count, which has what triggers, cascades, functions and a WITH have changed. It does not have foreign
# tables, and nothing at all if `track_counts` is off: those the statements' own tags tell.
_CHANGED_ROWS = """
    SELECT coalesce(sum(pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)
                        + pg_stat_get_xact_tuples_deleted(oid)), 0)::bigint
      FROM pg_class
     WHERE relkind = 'r' AND relpersistence <> 't' AND relnamespace <> 'pg_catalog'::regnamespace
"""
_ENDING = frozenset({"COMMIT", "ROLLBACK"})
_CHANGING = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})


class SqlOperator(RunOperationOperator[PreparedSql]):
    """Run statements on a database, all in one transaction or not at all."""

    def carry_out(self, prepared: PreparedSql, watch: CancellationWatch) -> JsonValue:
        """Run them one by one, and commit if they have not changed too much.

        Raises:
            FailedError: Nothing was changed; the message says why.
            CancelledError: Nothing was changed.
            UncertainError: They may be committed or not.
        """
        with _connected(prepared.connection) as connection:
            transaction = _Transaction(connection, prepared, watch)
            try:
                return {"rows": transaction.run()}
            except FailedError:
                if transaction.has_changed:
                    output.warning("Rolled back: of what stands above nothing was kept.")
                raise


class _Transaction:
    """The one transaction of a run."""

    def __init__(self, connection: psycopg.Connection, prepared: PreparedSql, watch: CancellationWatch) -> None:
        self._connection = connection
        self._prepared = prepared
        self._watch = watch
        self._deadline = time.monotonic() + prepared.seconds
        self._output = StatementOutput(prepared.output_bytes)
        self._tagged = 0
        connection.prepare_threshold = 5  # None, which an Airflow connection may say, would prepare nothing at all
        connection.add_notice_handler(self._output.notice)

    @property
    def has_changed(self) -> bool:
        """Whether a statement says that it has changed something, so far."""
        return self._tagged > 0

    def run(self) -> int:
        """Return how many rows were changed."""
        changed = 0
        with self._watch.interrupt_with(self._cancel):
            for number, statement in enumerate(self._prepared.file.statements, start=1):
                changed = self._run_statement(number, statement)
            self._stop_if_cancelled()
        self._commit()
        return changed

    def _run_statement(self, number: int, statement: str) -> int:
        try:
            self._limit_time()
            with self._connection.cursor() as cursor:
                # Prepared, even without parameters: the server then takes one statement and refuses to be given two.
                cursor.execute(statement.encode(), self._prepared.values, prepare=True)
                self._see_that_it_is_open(number, cursor)
                self._output.of(cursor)
                self._tagged += cursor.rowcount if _verb(cursor) in _CHANGING else 0
            self._limit_time()
            changed = max(self._tagged, self._counted())
        except psycopg.Error as error:
            self._fail(number, error)
        self._stop_if_cancelled()
        if changed > self._prepared.max_rows:
            raise FailedError(
                f"{self._place(number)}: {changed} rows would be changed so far, at most {self._prepared.max_rows} may"
                " be; nothing was changed"
            )
        return changed

    def _limit_time(self) -> None:
        left = int((self._deadline - time.monotonic()) * 1000)
        if left <= 0:
            raise self._too_late()
        self._stop_if_cancelled()
        self._connection.execute(_LIMITS, {"all": str(left), "half": str(left // 2 + 1)})

    def _counted(self) -> int:
        row = self._connection.execute(_CHANGED_ROWS).fetchone()
        return int(row[0]) if row else 0

    def _see_that_it_is_open(self, number: int, cursor: psycopg.Cursor) -> None:
        is_open = self._connection.info.transaction_status is TransactionStatus.INTRANS
        if not is_open or _verb(cursor) in _ENDING:  # COMMIT AND CHAIN ends one and begins the next
            raise UncertainError(
                f"{self._place(number)} has ended the transaction: what was changed until then may be there to stay"
            )

    def _commit(self) -> None:
        try:
            self._connection.commit()
        except psycopg.Error as error:
            if _is_an_answer(error):
                raise FailedError(f"{self._prepared.file.name}: {_reason(error)}; nothing was changed") from error
            raise UncertainError(
                f"{self._prepared.file.name}: the connection was lost at its end ({_reason(error)}); what it has"
                " changed may be there or not: look at the data before asking again"
            ) from error

    def _fail(self, number: int, error: psycopg.Error) -> NoReturn:
        self._stop_if_cancelled()
        if isinstance(error, psycopg.errors.QueryCanceled) and time.monotonic() >= self._deadline - 0.1:
            raise self._too_late() from error
        raise FailedError(f"{self._place(number)}: {_reason(error)}; nothing was changed") from error

    def _stop_if_cancelled(self) -> None:
        if self._watch.reason is not None:
            raise CancelledError(f"{self._prepared.file.name}: {self._watch.reason}; nothing was changed")

    def _too_late(self) -> FailedError:
        file, seconds = self._prepared.file.name, self._prepared.seconds
        return FailedError(f"{file} was ended because it had not finished after {seconds} seconds; nothing was changed")

    def _cancel(self) -> None:
        with suppress(psycopg.Error):  # asked again in a second
            self._connection.cancel_safe(timeout=_CANCEL_SECONDS)

    def _place(self, number: int) -> str:
        return f"{self._prepared.file.name}, statement {number} of {len(self._prepared.file.statements)}"


@contextmanager
def _connected(connection_id: str) -> Iterator[psycopg.Connection]:
    try:
        connection = database.connect(connection_id)
    except database.DatabaseDownError as error:
        raise FailedError(f"connection {connection_id}: {error}; nothing was run") from error
    try:
        yield connection
    finally:
        with suppress(psycopg.Error):
            # A statement would go on without anybody who waits for it.
            if connection.info.transaction_status is TransactionStatus.ACTIVE:
                connection.cancel_safe(timeout=_CANCEL_SECONDS)
            connection.close()


def _verb(cursor: psycopg.Cursor) -> str:
    return (cursor.statusmessage or "").partition(" ")[0]


def _is_an_answer(error: psycopg.Error) -> bool:
    """Whether the server has refused to commit, for example since a constraint that was deferred does not hold.

    A server that is being shut down, class 57, may have committed before it says so.
    """
    return error.sqlstate is not None and error.sqlstate[:2] not in {"08", "57"}


def _reason(error: psycopg.Error) -> str:
    return shorten(" ".join((error.diag.message_primary or str(error)).split()), _LONGEST_REASON)

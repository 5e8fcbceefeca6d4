"""Run registered operations: what all kinds of them have in common."""

from __future__ import annotations

import json
from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from ops_dashboard import ledger, operations
from ops_dashboard.acts import RunRequest, in_turn, run_request
from ops_dashboard.operations import OUTPUT_MARK, PreparedRun
from ops_dashboard.operations.choices import ChoicesError, check_choices
from ops_dashboard.scripts import ScriptError
from ops_dashboard.settings import settings
from ops_operators.cancelling import CancellationWatch, CancelledError
from ops_operators.catalog import catalog
from ops_operators.guarded import GuardedOperator
from ops_operators.lost import close_lost
from ops_operators.sessions import session
from ops_operators.steps import Attempt, Effect, Observation
from ops_operators.verdicts import FailedError, RefusedError

if TYPE_CHECKING:
    from ops_dashboard.catalog import Operation
    from ops_dashboard.scripts import JsonValue

PreparedT = TypeVar("PreparedT", bound=PreparedRun)

output: structlog.typing.FilteringBoundLogger = structlog.get_logger(f"{__name__}.output", **{OUTPUT_MARK: True})
"""Where what a run says goes, line by line; its page shows it from Airflow's log."""

_MARGIN = timedelta(minutes=2)
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1, 30


class RunOperationOperator(GuardedOperator[RunRequest, PreparedT]):
    """Run an operation of the catalog once, or again after a failure as often as it says that this does no harm.

    Args:
        operation: As the catalog has it.
    """

    def __init__(self, *, operation: Operation, **kwargs: Any) -> None:
        attempts = operation.retries + 1
        pauses = timedelta(seconds=_LONGEST_PAUSE_SECONDS * operation.retries)
        super().__init__(time_limit=operation.time_limit * attempts + pauses + _MARGIN, **kwargs)
        self.operation = operation
        self.request_model = run_request(operation)

    @abstractmethod
    def carry_out(self, prepared: PreparedT, watch: CancellationWatch) -> JsonValue:
        """Do it once, and return its result.

        Raises:
            FailedError: It did not work out; the message says why.
            CancelledError: The watch says that somebody has cancelled it.
        """

    def check(self, request: RunRequest) -> None:  # noqa: ARG002 - its model says it all
        """While the catalog has mistakes, nothing is carried out: it may be this very entry that is meant otherwise."""
        catalog()

    def approval(self, request: RunRequest) -> tuple[str, timedelta] | None:  # noqa: ARG002 - whatever the values
        """As the catalog says."""
        needed = self.operation.approval
        return (needed.group, timedelta(seconds=needed.within)) if needed is not None else None

    def observe(self, request: RunRequest) -> Observation[PreparedT]:
        """Read what will be run, once its values are among those that are offered now, and not too many run."""
        _refuse_beside_others(request)
        try:
            check_choices(self.operation, request.parameters)
            prepared: Any = operations.prepare(self.operation, request.parameters, settings().scripts_folder)
        except (ChoicesError, ScriptError) as error:
            raise FailedError(f"{error}; nothing was run") from error
        return Observation(None, prepared, prepared.preview, prepared.sha256)

    def act(self, request: RunRequest, seen: PreparedT, attempt: Attempt) -> Effect:  # noqa: ARG002 - seen has it all
        """Carry it out, and again after a failure if that does no harm."""
        with CancellationWatch(attempt.request) as watch:
            tries = Retrying(
                retry=retry_if_exception(_may_pass),
                stop=stop_after_attempt(self.operation.retries + 1),
                wait=wait_exponential(multiplier=_FIRST_PAUSE_SECONDS, max=_LONGEST_PAUSE_SECONDS),
                before_sleep=_tell,
                sleep=watch.sleep,
                reraise=True,
            )
            try:
                return _effect(tries(self.carry_out, seen, watch))
            except CancelledError as error:
                error.cancelled_by = watch.by
                raise


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, FailedError) and not isinstance(error, CancelledError)


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    output.warning("%s; tried again in %.0f seconds", error, state.upcoming_sleep)


def _refuse_beside_others(request: RunRequest) -> None:
    """Refuse what the lock alone would let through: its session can have been lost while the run that took it goes on.

    Raises:
        RefusedError: As many runs as may be are under way, by their records and by Airflow.
    """
    with session() as connection:
        running = ledger.running(connection, request.verb, request.resource)
        connection.commit()
        held = [entry for entry in running if request.is_held_by(entry.requested)]
        if len(held) >= request.lock.holders:
            held = close_lost(connection, held)
    if len(held) >= request.lock.holders:
        raise RefusedError(
            f"{request.resource} is being run by {held[0].actor} (run {held[0].run_id}); {in_turn(request.lock)}"
        )


def _effect(result: JsonValue) -> Effect:
    if result is None or isinstance(result, bool | int | float | str):
        return Effect(result)
    return Effect(json.dumps(result, ensure_ascii=False))

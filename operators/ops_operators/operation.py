"""Run registered operations: what all kinds of them have in common."""

from __future__ import annotations

import json
from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from ops_dashboard import operations
from ops_dashboard.acts import RunRequest, run_request
from ops_dashboard.operations import OUTPUT_MARK, PreparedRun
from ops_dashboard.operations.choices import ChoicesError, check_choices
from ops_dashboard.scripts import ScriptError
from ops_dashboard.settings import settings
from ops_operators.cancelling import CancellationWatch
from ops_operators.guarded import GuardedOperator
from ops_operators.steps import Attempt, Effect, Observation
from ops_operators.verdicts import FailedError

if TYPE_CHECKING:
    from ops_dashboard.catalog import Operation
    from ops_dashboard.scripts import JsonValue

PreparedT = TypeVar("PreparedT", bound=PreparedRun)

output: structlog.typing.FilteringBoundLogger = structlog.get_logger(f"{__name__}.output", **{OUTPUT_MARK: True})
"""Where what a run says goes, line by line; its page shows it from Airflow's log."""

_MARGIN = timedelta(minutes=2)


class CancelledError(FailedError):
    """Somebody has cancelled it; it is not tried again."""


class RunOperationOperator(GuardedOperator[RunRequest, PreparedT]):
    """Run an operation of the catalog once, or again after a failure as often as it says that this does no harm.

    Args:
        operation: As the catalog has it.
    """

    def __init__(self, *, operation: Operation, **kwargs: Any) -> None:
        attempts = operation.retries + 1
        super().__init__(time_limit=operation.time_limit * attempts + _MARGIN, **kwargs)
        self.operation = operation
        self.request_model = run_request(operation)

    @abstractmethod
    def carry_out(self, prepared: PreparedT, watch: CancellationWatch) -> JsonValue:
        """Do it once, and return its result.

        Raises:
            FailedError: It did not work out; the message says why.
            CancelledError: The watch says that somebody has cancelled it.
        """

    def check(self, request: RunRequest) -> None:
        """Its model says it all; what is offered at present is looked up for who may run it."""

    def approval(self, request: RunRequest) -> tuple[str, timedelta] | None:  # noqa: ARG002 - whatever the values
        """As the catalog says."""
        needed = self.operation.approval
        return (needed.group, timedelta(seconds=needed.within)) if needed is not None else None

    def observe(self, request: RunRequest) -> Observation[PreparedT]:
        """Read what will be run, once its values are among those that are offered now."""
        try:
            check_choices(self.operation, request.parameters)
            prepared: Any = operations.prepare(self.operation, request.parameters, settings().scripts_folder)
        except (ChoicesError, ScriptError) as error:
            raise FailedError(f"{error}; nothing was run") from error
        return Observation(None, prepared, prepared.preview, prepared.facts)

    def act(self, request: RunRequest, seen: PreparedT, attempt: Attempt) -> Effect:  # noqa: ARG002 - seen has it all
        """Carry it out, and again after a failure if that does no harm."""
        with CancellationWatch(attempt.request) as watch:
            for left in reversed(range(self.operation.retries + 1)):
                try:
                    return _effect(self.carry_out(seen, watch))
                except CancelledError:
                    raise
                except FailedError as error:
                    if not left:
                        raise
                    output.warning("%s; tried again, %d times at most", error, left)
        raise AssertionError("unreachable")


def _effect(result: JsonValue) -> Effect:
    if result is None or isinstance(result, bool | int | float | str):
        return Effect(result)
    return Effect(json.dumps(result, ensure_ascii=False))

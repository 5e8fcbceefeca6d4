"""Run registered scripts."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import redact
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from ops_dashboard import scripts
from ops_dashboard.operations import PreparedScript
from ops_operators.cancelling import CancellationWatch, CancelledError
from ops_operators.operation import RunOperationOperator, output
from ops_operators.verdicts import FailedError

if TYPE_CHECKING:
    from ops_dashboard.scripts import JsonValue, Progress


_TELL_EVERY_SECONDS = 0.5


class ScriptOperator(RunOperationOperator[PreparedScript]):
    """Run a script on this worker."""

    def carry_out(self, prepared: PreparedScript, watch: CancellationWatch) -> JsonValue:
        """Run it to its end, its output into the log as it comes."""
        values = {**prepared.values, **{name: _secrets(prepared.values[name]) for name in prepared.connections}}
        try:
            finished = scripts.run(prepared.script, values, prepared.arguments, prepared.limits, LogWatcher(watch))
        except scripts.ScriptStoppedError as error:
            raise CancelledError(str(error)) from error
        except scripts.ScriptError as error:
            raise FailedError(str(error)) from error
        return _without_secrets(finished.result)


class LogWatcher:
    """Writes what a script says into the task's log, and lets it be cancelled."""

    def __init__(self, watch: CancellationWatch) -> None:
        self._watch = watch
        self._told_at = -math.inf
        self._has_told_end = False

    def line(self, text: str) -> None:
        """Log it."""
        output.info("%s", text)

    def progress(self, progress: Progress) -> None:
        """Log it in a form that the run's page knows."""
        now = time.monotonic()
        is_end = progress.done >= 1 and not self._has_told_end
        if now - self._told_at < _TELL_EVERY_SECONDS and not is_end:
            return  # who looks at the page could not see it either
        self._told_at = now
        self._has_told_end |= is_end
        output.info("ops-progress %.1f %s", progress.done * 100, progress.words)

    def stop(self) -> str | None:
        """Why somebody has cancelled it."""
        return self._watch.reason


def _without_secrets(result: JsonValue) -> JsonValue:
    """Airflow masks in logs what connections hold as secret; the record is kept longer, and read by more people.

    Text by text, since it does not look into the depth of a value.
    """
    if isinstance(result, dict):
        return {str(redact(key)): _without_secrets(value) for key, value in result.items()}
    if isinstance(result, list):
        return [_without_secrets(value) for value in result]
    return str(redact(result)) if isinstance(result, str) else result


def _secrets(connection_id: object) -> dict[str, Any]:
    try:
        found = BaseHook.get_connection(str(connection_id))
    except AirflowNotFoundException as error:
        raise FailedError(f"Airflow has no connection {connection_id}; nothing was run") from error
    return {
        "host": found.host,
        "port": found.port,
        "login": found.login,
        "password": found.password,
        "schema": found.schema,
        "extra": found.extra_dejson,
    }

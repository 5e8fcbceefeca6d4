"""Run one script: the order in which everything is made ready, watched, and cleared away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock

from ops_dashboard.scripts.errors import ScriptError, ScriptFailedError
from ops_dashboard.scripts.family import family
from ops_dashboard.scripts.given import check_arguments, encode_values
from ops_dashboard.scripts.models import Finished, Limits, Watcher
from ops_dashboard.scripts.output import Output
from ops_dashboard.scripts.reading import Script
from ops_dashboard.scripts.signals import held_signals
from ops_dashboard.scripts.supervision import supervised
from ops_dashboard.scripts.workspace import workspace

_running = Lock()


def run(
    script: Script, values: Mapping[str, object], arguments: Sequence[str], limits: Limits, watcher: Watcher
) -> Finished:
    """Run a script to its end; then no process and no file of it is left, also if an exception ends this call.

    Args:
        script: What `read_script` returned.
        values: Go to the script's standard input, as one JSON document in UTF-8.
        arguments: Go to its command line, each as it is.
        limits: What it may take.
        watcher: Is told what the script writes and how far it is, and may end it.

    Raises:
        ArgumentsError: The values or the arguments cannot be given to a script; nothing has run.
        ScriptFailedError: The script failed.
        ScriptTimedOutError, ScriptStoppedError, TooManyProcessesError: It was ended.
        ResultError: It ended well, but its result cannot be used.
        ScriptError: It could not be started.
    """
    document = encode_values(values)
    check_arguments(arguments)
    output = Output(limits, watcher)
    with held_signals() as held, _one_at_a_time(script), workspace(script) as place:
        with (
            family() as relatives,
            supervised(
                script,
                arguments=arguments,
                document=document,
                place=place,
                relatives=relatives,
                limits=limits,
                output=output,
            ) as supervision,
        ):
            exit_code = supervision.until_exit(watcher, held.deliver)
        if exit_code:
            raise ScriptFailedError(script.name, exit_code)
        return Finished(place.read_result(script.name, limits.result_bytes), supervision.seconds, output.cut)


@contextmanager
def _one_at_a_time(script: Script) -> Iterator[None]:
    # An orphan does not tell which of two scripts it comes from.
    if not _running.acquire(blocking=False):
        raise ScriptError(f"{script.name} was not started: this process is running another script")
    try:
        yield
    finally:
        _running.release()

"""A demo for the length of a `with` block: for the smoke test, the benchmarks, the pictures and the tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from demo import warmup
from demo.environment import Home
from demo.stack import Stack, free_port


@contextmanager
def temporary_stack(
    *,
    executor: str = "LocalExecutor",
    extra_environment: Mapping[str, str] | None = None,
    extra_components: Mapping[str, tuple[str, ...]] | None = None,
) -> Iterator[Stack]:
    """Run a demo with its company loaded, on a free port and with state that is gone afterwards.

    Args:
        executor: Name of Airflow's executor.
        extra_environment: Settings to add or override.
        extra_components: Airflow subcommands to run beside the usual four.

    Raises:
        RuntimeError: It did not start; the message shows the end of a log.
    """
    with tempfile.TemporaryDirectory(prefix="ops-stack-", ignore_cleanup_errors=True) as folder:
        stack = Stack(
            Home(Path(folder)),
            free_port(),
            executor=executor,
            extra_environment=extra_environment or {},
            extra_components=extra_components or {},
        )
        try:
            stack.start()
            warmup.load_company(stack)
            yield stack
        finally:
            stack.stop()

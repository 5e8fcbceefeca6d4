"""The yardstick of the click benchmark: one task that notes when its code ran, and nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import DAG, BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class NoteTheTime(BaseOperator):
    """Writes the time into a file named like the run, in the folder of OPS_BENCH_FOLDER."""

    def execute(self, context: Context) -> None:
        """Write and leave."""
        path = Path(os.environ["OPS_BENCH_FOLDER"]) / context["dag_run"].run_id
        path.with_suffix(".part").write_text(repr(time.time()))
        path.with_suffix(".part").rename(path)


with DAG(dag_id="bench_noop", schedule=None, catchup=False, is_paused_upon_creation=False) as dag:
    NoteTheTime(task_id="noop")

"""Cancel a running operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from ops_dashboard.acts.operations import DAG_PREFIX
from ops_dashboard.acts.requests import ActRequest, Lock

CANCEL_RUN_DAG_ID = "ops_cancel_run"


class CancelRequest(ActRequest):
    """Cancel a run of an operation. Who may run it may cancel it, whoever asked for it."""

    verb: ClassVar[str] = "cancel"

    operation: str = Field(pattern="^[a-z0-9-]{1,63}$", description="the name of an operation")
    run_id: str = Field(min_length=1, max_length=250, description="the id of a run of its DAG")

    @classmethod
    def resource_of(cls, values: Mapping[str, Any]) -> str:
        """The operation."""
        return str(values.get("operation", ""))

    @property
    def requested(self) -> str:
        """The run."""
        return f"cancellation of {self.run_id}"

    @property
    def target(self) -> str:
        """What allows to run it."""
        return f"run:{self.operation}"

    @property
    def lock(self) -> Lock:
        """The run holds the operation itself meanwhile."""
        return Lock(f"cancel:{self.dag_id}/{self.run_id}")

    @property
    def dag_id(self) -> str:
        """The DAG of the run."""
        return f"{DAG_PREFIX}{self.operation}"

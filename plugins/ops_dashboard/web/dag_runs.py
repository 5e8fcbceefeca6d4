"""Acts are DAG runs: ask for one as the person, and see how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ops_dashboard.web.errors import Problem, not_found

if TYPE_CHECKING:
    from ops_dashboard.acts import ActRequest
    from ops_dashboard.web.request import AirflowApi


@dataclass(frozen=True, slots=True)
class DagRun:
    """What Airflow knows about a run."""

    dag_id: str
    run_id: str
    state: str
    asked_by: str | None
    asked_at: datetime
    conf: Mapping[str, Any]

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in {"success", "failed"}


def run_id_for(shown: str, asked: ActRequest) -> str:
    """Return one id for what is asked with a form as it was shown: pressing its button twice asks once.

    Args:
        shown: What tells this showing of the form from others.
        asked: What is asked for.
    """
    return f"page__{sha256(f'{shown} {asked.model_dump_json()}'.encode()).hexdigest()[:32]}"


def is_paused(airflow: AirflowApi, dag_id: str) -> bool:
    """Say whether runs of a DAG would wait instead of being carried out.

    Raises:
        Problem: There is no such DAG, or the person may not see it.
    """
    return bool(airflow.call("GET", _path(dag_id))["is_paused"])


def ask_for_run(airflow: AirflowApi, dag_id: str, run_id: str, conf: Mapping[str, object]) -> None:
    """Ask for a run; asking twice with the same id asks once, as when a button is pressed twice.

    Raises:
        Problem: The DAG is paused, the person may not trigger it, or a value is not accepted.
    """
    if is_paused(airflow, dag_id):
        raise Problem(
            409,
            "This is switched off",
            f"DAG {dag_id} is paused in Airflow, so nothing was asked for.",
            hint="Ask your Data Platform team to unpause it.",
        )
    body = {"logical_date": None, "dag_run_id": run_id, "conf": dict(conf)}
    try:
        airflow.call("POST", f"{_path(dag_id)}/dagRuns", body)
    except Problem as problem:
        if problem.status != 409:
            raise


def read_run(airflow: AirflowApi, dag_id: str, run_id: str) -> DagRun:
    """Read a run.

    Raises:
        Problem: There is no such run, or the person may not see it.
    """
    answer = airflow.call("GET", run_path(dag_id, run_id))
    return DagRun(
        dag_id=dag_id,
        run_id=run_id,
        state=answer["state"],
        asked_by=answer["triggering_user_name"],
        asked_at=datetime.fromisoformat(answer["run_after"]),
        conf=answer["conf"] or {},
    )


def run_path(dag_id: str, run_id: str) -> str:
    """Give a run's address in Airflow's API.

    Raises:
        Problem: No address can hold one of the names.
    """
    return f"{_path(dag_id)}/dagRuns/{_segment(run_id)}"


def _path(dag_id: str) -> str:
    return f"/api/v2/dags/{_segment(dag_id)}"


def _segment(name: str) -> str:
    """Encode a name for an address. Airflow takes these for names; in an address they mean other places, or all."""
    if name in {".", "..", "~"}:
        raise not_found(f"No address can hold the name {name!r}.")
    return quote(name, safe="")

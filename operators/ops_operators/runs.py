"""What a DAG run says about itself: who asked, and whether it was carried out before."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from ops_dashboard import ledger
from ops_dashboard.acts import EXECUTED_BEFORE, MAX_REASON, ActRequest
from ops_dashboard.text import shorten, shown
from ops_operators.verdicts import RefusedError

if TYPE_CHECKING:
    import psycopg
    from airflow.sdk import Context

NOBODY = "(nobody)"
_RUN_ID = re.compile(r"(?!(\.{1,2}|~)$)[A-Za-z0-9_.~:+-]+")
"""As Airflow has it, but for what means something else in an address."""
MAX_AGE = timedelta(minutes=15)
_MAX_RESOURCE = 250  # as the ledger has it


def identify(context: Context, model: type[ActRequest]) -> ledger.Request:
    """Say who asks for what, before anything is known to be valid.

    Identity comes from the run's triggering user alone, which Airflow sets and `conf` can't.
    """
    run = context["dag_run"]
    conf = run.conf or {}
    return ledger.Request(
        request_id=uuid4(),
        actor=run.triggering_user_name or NOBODY,
        action=model.verb,
        resource=shorten(model.resource_of(conf), _MAX_RESOURCE),
        dag_id=run.dag_id,
        run_id=run.run_id,
        task_id=context["ti"].task_id,
        reason=shorten(conf.get("reason", ""), MAX_REASON),
    )


def bundle_version(context: Context) -> str | None:
    """Return the version of the DAG bundle that the task runs from; None for a bundle without versions."""
    return getattr(getattr(context["ti"], "bundle_instance", None), "version", None)


def refuse_odd_id(run_id: str) -> None:
    """Refuse a run whose page would be that of another, or none: what nobody can look at is not carried out.

    Raises:
        RefusedError: It is so.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise RefusedError(f"run id {shown(run_id)} is not accepted; accepted are letters, digits and _ . ~ : + -")


def refuse_replay(context: Context) -> None:
    """Refuse a run that is executed again: it would act as the person who first triggered it, whoever cleared it.

    Raises:
        RefusedError: The run was cleared, or its task is tried again.
    """
    run = context["dag_run"]
    if run.clear_number or context["ti"].try_number > 1:
        raise RefusedError(
            f"run {run.run_id} {EXECUTED_BEFORE}; ask anew instead of clearing or retrying it (whoever did need not"
            " be the person named here: Airflow keeps the name of who asked first)"
        )


def refuse_stale(connection: psycopg.Connection, asked_at: datetime) -> None:
    """Refuse what is carried out long after it was asked for, by the database's clock.

    Raises:
        RefusedError: It waited too long.
    """
    ((age,),) = connection.execute("SELECT clock_timestamp() - %s", [asked_at]).fetchall()
    if age > MAX_AGE:
        raise RefusedError(
            f"asked for {age.total_seconds() / 60:.0f} minutes ago, and things may have changed since: ask anew"
            f" (a request is carried out within {MAX_AGE.total_seconds() / 60:.0f} minutes)"
        )

"""Airflow's Postgres hook with the patience of somebody who waits for an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.postgres.hooks.postgres import PostgresHook

if TYPE_CHECKING:
    from airflow.providers.postgres.hooks.postgres import CompatConnection


class ImpatientPostgresHook(PostgresHook):
    """Gives up connecting after `connect_timeout` seconds, unless the Airflow connection says otherwise.

    The hook's own default is two minutes. To write the time-out into the connection's extra instead would cost a
    task three round trips to its supervisor, which masks an extra each time it is read.
    """

    def __init__(self, conn_id: str, *, connect_timeout: float) -> None:
        super().__init__(conn_id)
        self._connect_timeout = connect_timeout

    def _create_connection(self, conn_args: dict[str, Any]) -> CompatConnection:
        return super()._create_connection({"connect_timeout": self._connect_timeout} | conn_args)

"""Who asks, in production: the user of Airflow's own session. Imported only by an API server."""

from __future__ import annotations

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Request

from ops_dashboard.web.airflow_api import credential_of
from ops_dashboard.web.request import User


async def airflow_user(request: Request, user: GetUserDep) -> User:
    """FastAPI dependency: the user of the `_token` cookie or the Bearer header, as the rest of Airflow sees them."""
    return User(name=user.get_name(), session=credential_of(request).token)

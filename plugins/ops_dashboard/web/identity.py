"""Who asks, in production: the user of Airflow's own session. Imported only by an API server."""

from __future__ import annotations

from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Request

from ops_dashboard.web.request import User


def airflow_user(request: Request, user: GetUserDep) -> User:
    """FastAPI dependency: the user of the `_token` cookie or the Bearer header, as the rest of Airflow sees them."""
    credential = request.headers.get("authorization") or request.cookies.get(COOKIE_NAME_JWT_TOKEN, "")
    return User(name=user.get_name(), session=credential)

"""The product's pages inside Airflow: who signs in, which database, which secret are Airflow's to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pkgutil import resolve_name
from typing import TYPE_CHECKING

import psycopg

from ops_dashboard import access, database
from ops_dashboard.catalog import CatalogError
from ops_dashboard.settings import settings
from ops_dashboard.web import api
from ops_dashboard.web.airflow_api import as_the_user_of
from ops_dashboard.web.app import create_app
from ops_dashboard.web.errors import Problem, database_down
from ops_dashboard.web.identity import airflow_user
from ops_dashboard.web.pages import access as access_pages
from ops_dashboard.web.pages import answer, approvals, audit, cancel, operations, runs, workers
from ops_dashboard.web.pages import settings as settings_pages
from ops_dashboard.web.request import Host, PageRequest
from ops_dashboard.web.router import Router

if TYPE_CHECKING:
    from fastapi import FastAPI

PAGES = (
    *workers.PAGES,
    *operations.PAGES,
    *settings_pages.PAGES,
    runs.router,
    approvals.router,
    answer.router,
    cancel.router,
    audit.router,
    *access_pages.PAGES,
)


def build_app() -> FastAPI:
    """Build the app that the plugin mounts."""
    from airflow.configuration import conf

    host = Host(
        authenticate=airflow_user,
        authorise=_authorise,
        database=lambda: database.pool().connection(),
        airflow=as_the_user_of,
        secret=conf.get_mandatory_value("api", "secret_key"),
        now=lambda: datetime.now(UTC),
        banner=settings().banner,
        groups_page="/access/sources",
        access_page="/access",
    )
    explain = {
        database.DatabaseDownError: database_down,
        psycopg.OperationalError: database_down,
        psycopg.errors.UndefinedTable: _not_migrated,
        psycopg.errors.UndefinedFunction: _not_migrated,
        psycopg.errors.InvalidSchemaName: _not_migrated,
        psycopg.errors.InsufficientPrivilege: _no_rights,
        CatalogError: _catalog_mistakes,
    }
    return create_app([*PAGES, *map(_router, settings().routers)], host, api=(api.router,), explain=explain)


def _router(name: str) -> Router:
    try:
        found = resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"[ops_dashboard] routers: {name!r} is not accepted; give package.module:router") from error
    if not isinstance(found, Router):
        raise TypeError(f"[ops_dashboard] routers: {name!r} is {type(found).__name__}; give the name of a Router")
    return found


def _authorise(request: PageRequest, actions: Sequence[str]) -> Mapping[str, access.Decision]:
    return access.decide_all(request.database, request.user.name, actions)


def _not_migrated(_error: Exception) -> Problem:
    return Problem(
        503,
        "The access database is not set up",
        "Its tables are missing, so nobody's rights can be checked.",
        hint="Your Data Platform team has to run: ops-dashboard migrate",
    )


def _no_rights(_error: Exception) -> Problem:
    return Problem(
        503,
        "The access database can't be used",
        "Its login lacks the product's rights, so nobody's rights can be checked.",
        hint="Your Data Platform team has to make it a member of the role ops_dashboard_app.",
    )


def _catalog_mistakes(error: Exception) -> Problem:
    return Problem(
        503,
        "The catalog has mistakes",
        f"Until they are corrected nothing can be operated. {error}",
        hint="Your Data Platform team finds them with: ops-dashboard check",
    )

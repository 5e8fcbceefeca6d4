"""A company in its directory, with grants, in the product's database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import psycopg
import pytest

from bench.company import UNGUARDED
from demo.postgres import Postgres
from ops_dashboard import access
from ops_dashboard.catalog import CatalogGrant, Limits
from ops_dashboard.database import connect_url
from ops_dashboard.directory import (
    Asked,
    DirectoryGroup,
    DirectoryUser,
    Listing,
    Snapshot,
    SyncReport,
    SyncState,
    sync,
)
from tests.support.postgres_server import APP_LOGIN

ADS, SEARCH, ADMIN, VIEWER, GONE = (
    "oncall@ads.example.com",
    "oncall@search.example.com",
    "admin@platform.example.com",
    "viewer@example.com",
    "gone@example.com",
)


_TEMPLATE = "ops_company"
SCHEDULED = Asked("the schedule", "scheduled__1")


def snapshot(
    users: Iterable[DirectoryUser], groups: Iterable[DirectoryGroup], *, source: str = "file", origin: str = "a file"
) -> Snapshot:
    """A complete one."""
    return Snapshot(source, origin, Listing(tuple(users), "all users"), Listing(tuple(groups), "all groups"))


def load(connection: psycopg.Connection, found: Snapshot) -> SyncReport:
    """Apply a snapshot, whatever it changes."""
    report = sync(connection, found, UNGUARDED, SCHEDULED)
    assert report.state in {SyncState.APPLIED, SyncState.PARTIAL}, report.reasons
    return report


COMPANY = snapshot(
    users=(
        DirectoryUser("u-1", ADS, "Ads on call", active=True),
        DirectoryUser("u-2", SEARCH, "Search on call", active=True),
        DirectoryUser("u-3", ADMIN, "Platform", active=True),
        DirectoryUser("u-4", VIEWER, "Viewer", active=True),
        DirectoryUser("u-5", GONE, "Suspended", active=False),
    ),
    groups=(
        DirectoryGroup("g-1", "ads-oncall", ("u-1", "u-5"), ()),
        DirectoryGroup("g-2", "search-oncall", ("u-2",), ()),
        DirectoryGroup("g-3", "platform-admins", ("u-3",), ()),
        DirectoryGroup("g-4", "everybody", (), ("g-1", "g-2", "g-3")),
    ),
)


def grant(
    group: str,
    action: str,
    *,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    valid_from: datetime | None = None,
    expires_at: datetime | None = None,
    approver: str | None = None,
) -> CatalogGrant:
    return CatalogGrant(
        group=group, action=action, limits=limits, valid_from=valid_from, expires_at=expires_at, approver=approver
    )


GRANTS = (
    grant("ads-oncall", "scale:ads/*", limits=Limits(min=1, max=20)),
    grant("search-oncall", "scale:search/*"),
    grant("platform-admins", "*"),
    grant("everybody", "view:workers"),
)


@pytest.fixture(scope="session")
def company_template(postgres: Postgres, migrated_template: str) -> str:
    """Name of a database with the company and its grants, to clone: a sync takes longer than most tests."""
    postgres.run("CREATE DATABASE {} TEMPLATE {}", _TEMPLATE, migrated_template)
    with connect_url(postgres.url(_TEMPLATE, APP_LOGIN)) as connection:
        load(connection, COMPANY)
        access.apply_catalog_grants(connection, GRANTS)
    return _TEMPLATE


@pytest.fixture
def company(app_connection: psycopg.Connection) -> psycopg.Connection:
    """The product's own connection to a database with the demo company, read just now, and its grants."""
    app_connection.execute("UPDATE ops.sources SET applied_at = clock_timestamp()")
    app_connection.commit()
    return app_connection


def let_see_others(connection: psycopg.Connection) -> None:
    """Whoever is on call, or administers, may look at grants and at other people's rights; the viewer may not."""
    access.give_grant(connection, "everybody", "view:access", Limits(), None, by=ADMIN, reason="to look around")


def with_grants(connection: psycopg.Connection, *grants: CatalogGrant) -> psycopg.Connection:
    access.apply_catalog_grants(connection, grants, confirmed=True)
    return connection


def reason(connection: psycopg.Connection, user: str, action: str, *values: int | None) -> str:
    """Why not: the decision's reason, which must be a refusal."""
    decision = access.decide(connection, user, action, *values)
    assert not decision.allowed
    return decision.reason


def memberships(connection: psycopg.Connection) -> set[tuple[str, str]]:
    """E-mail and group of every membership."""
    rows = connection.execute(
        "SELECT email, groups.name FROM ops.memberships JOIN ops.users USING (user_id) JOIN ops.groups USING (group_id)"
    )
    return {(email, name) for email, name in rows}

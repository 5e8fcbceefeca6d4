"""A made-up company of any size, the same every time, in the product's database."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from demo import postgres
from ops_dashboard import access, database
from ops_dashboard.catalog import CatalogGrant, Limits
from ops_dashboard.directory import (
    Asked,
    Bound,
    DirectoryGroup,
    DirectoryUser,
    Guards,
    Listing,
    Snapshot,
    SyncReport,
    SyncRules,
    sync,
)

APP = "ops_bench_app"
_ANYTHING = Bound(number=10**9, percent=1000)
UNGUARDED = SyncRules(
    holds_first_run=False,
    guards=Guards(
        users_removed=_ANYTHING,
        memberships_removed=_ANYTHING,
        granted_group_loses=_ANYTHING,
        granted_group_gains=_ANYTHING,
        emptied_group_had=10**9,
        granted_group_opens="apply",
        granted_group_empties="apply",
        granted_name_passes="apply",
        granted_email_passes="apply",
    ),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How many there are of each."""

    users: int
    groups: int
    memberships: int
    grants: int = 0


@contextmanager
def fresh_servers() -> Iterator[postgres.Postgres]:
    """A PostgreSQL server for the length of a `with` block, as it comes: with fsync."""
    with TemporaryDirectory(prefix="ops-bench-", ignore_cleanup_errors=True) as folder:
        server = postgres.start(Path(folder) / "data")
        yield server
        server.stop()


def fresh_database(server: postgres.Postgres, name: str) -> str:
    """Make a migrated database and return its URL for the product's own role."""
    server.run("CREATE DATABASE {}", name)
    database.migrate(server.url(name))
    server.ensure_login(APP, member_of="ops_dashboard_app")
    return server.url(name, APP)


def snapshot(size: Size, *, moved: int = 0) -> Snapshot:
    """The company; `moved` of its memberships are others than without it."""
    users = tuple(
        DirectoryUser(f"u-{n:07}", f"person{n}@example.com", f"Person {n}", active=True) for n in range(size.users)
    )
    members: list[list[str]] = [[] for _ in range(size.groups)]
    for edge in range(size.memberships):
        group, turn = edge % size.groups, edge // size.groups
        shift = 1 if edge < moved else 0
        # A step that has no factor in common with the number of users never meets the same person twice.
        members[group].append(users[(group * 7919 + (turn * 2 + shift) * 12_347) % size.users].external_id)
    groups = tuple(DirectoryGroup(f"g-{n:06}", f"group-{n}", tuple(found), ()) for n, found in enumerate(members))
    return Snapshot("file", "bench", Listing(users, "all"), Listing(groups, "all"))


def apply(connection: psycopg.Connection, found: Snapshot) -> SyncReport:
    """Sync, with guards that let everything pass."""
    return sync(connection, found, UNGUARDED, Asked("bench", "bench"))


def grants(size: Size) -> list[CatalogGrant]:
    """Grants of every shape, a few for each group."""
    chance = random.Random(1)
    shapes = ("scale:team{n}/*", "scale:team{n}/role{m}", "run:job{n}-*", "set:team{n}/key{m}", "view:*")
    made: dict[tuple[str, str], CatalogGrant] = {}
    while len(made) < size.grants:
        action = chance.choice(shapes).format(n=chance.randrange(1000), m=chance.randrange(20))
        group = f"group-{chance.randrange(size.groups)}"
        limits = Limits(max=100) if action.startswith(("scale:", "set:")) else Limits()
        made[group, action] = CatalogGrant(group=group, action=action, limits=limits)
    return list(made.values())


def load_grants(connection: psycopg.Connection, wanted: list[CatalogGrant]) -> None:
    """Declare grants as a catalog does."""
    access.apply_catalog_grants(connection, wanted, confirmed=True)
    connection.commit()

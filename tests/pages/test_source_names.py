"""What is wrong with a directory is for everybody to read, whom it is about only for those who may manage access."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from bench.company import UNGUARDED
from ops_dashboard.directory import (
    DirectoryError,
    DirectoryGroup,
    DirectoryUser,
    Snapshot,
    SyncState,
    record_failure,
    sync,
)
from tests.directory.ldap import responder
from tests.directory.scim import servers
from tests.pages.test_sources import PAGE, visit
from tests.support.company import ADMIN, SCHEDULED, VIEWER, snapshot
from tests.support.product_site import Site, words


def scim_with_problems() -> Snapshot:
    """From a SCIM server that does not say whether a person is suspended."""
    with servers.fake_directory() as server:
        server.users = [servers.user(1), servers.user(2, active="perhaps")]
        server.groups = [servers.group("ads", "u-1")]
        return servers.fetch(server.url)


def scim_with_strangers() -> Snapshot:
    """From a SCIM server that has a user and a group by one id."""
    with servers.fake_directory() as server:
        server.users = [servers.user(1), servers.user(2)]
        server.groups = [
            servers.group("ads", "u-1"),
            servers.group("odd", "u-2", "u-1"),
            servers.group("two", "u-1", id="u-2"),
        ]
        return servers.fetch(server.url)


def ldap_with_problems() -> Snapshot:
    """From an LDAP server that does not show who somebody is."""
    name, attributes = responder.user(2)
    hidden = (name, {key: value for key, value in attributes.items() if key != "entryUUID"})
    return responder.fetch(responder.directory(users=lambda _: responder.Answer([responder.user(1), hidden])))


@pytest.mark.parametrize(
    ("read", "name"),
    [(scim_with_problems, "'u-2'"), (scim_with_strangers, "'u-2'"), (ldap_with_problems, responder.user(2)[0])],
)
def test_problems_name_people_to_those_only_who_may_manage_access(
    site: Site, company: psycopg.Connection, read: Callable[[], Snapshot], name: str
) -> None:
    report = sync(company, read(), UNGUARDED, SCHEDULED)
    assert report.state is SyncState.PARTIAL
    for path in (PAGE, f"{PAGE}/{report.source}/runs/{report.sync_id}"):
        assert name not in words(visit(site, VIEWER, path))
    assert name in words(visit(site, ADMIN, f"{PAGE}/{report.source}/runs/{report.sync_id}"))


def test_a_failure_names_people_to_those_only_who_may_manage_access(site: Site, company: psycopg.Connection) -> None:
    twice = snapshot(
        [DirectoryUser("anna-1", f"{name}@example.com", "X", active=True) for name in "ab"],
        [DirectoryGroup("x-g", "outside", (), ())],
        source="contractors",
    )
    with pytest.raises(DirectoryError, match="anna-1") as caught:
        sync(company, twice, UNGUARDED, SCHEDULED)
    sync_id = record_failure(company, "contractors", caught.value, SCHEDULED, max_age=UNGUARDED.max_age)
    for path in (PAGE, f"{PAGE}/contractors/runs/{sync_id}"):
        text = words(visit(site, VIEWER, path))
        assert "source 'contractors' contradicts itself or another source" in text
        assert "anna-1" not in text
    assert "anna-1" in words(visit(site, ADMIN, path))

"""The LDAP directory on a slapd that limits, refuses, falls silent or dies: no proof, or a plain error."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import psycopg
import pytest

from ops_dashboard.directory import Snapshot
from ops_dashboard.directory.ldap.session import Session
from tests.directory.ldap.reading import SMALL, refusal, source_of
from tests.directory.ldap.slapd import BASE, READER, Entries, group, person, running_slapd
from tests.support.company import load, memberships

EVERYTHING = f'limits dn.exact="{READER}" size=unlimited'


@pytest.fixture(scope="module")
def many() -> Entries:
    """Seven pages of users, and groups of the first, of the last, and of both."""
    entries: Entries = {**group("early", "u0"), **group("late", "u1399"), **group("both", "u0", "u1399")}
    for number in range(1400):
        entries |= person(f"u{number}")
    return entries


def problems_of(snapshot: Snapshot) -> dict[str, str | None]:
    return {group.name: group.problem for group in snapshot.groups.entries}


def before_search(monkeypatch: pytest.MonkeyPatch, number: int, happens: Callable[[], object]) -> None:
    """Have something happen before the given search of all, counted from 1."""
    searches, search = count(1), Session.search

    def watched(self: Session, *arguments: Any, **options: Any) -> Any:
        if next(searches) == number:
            happens()
        return search(self, *arguments, **options)

    monkeypatch.setattr(Session, "search", watched)


NOT_ALL_READ = "not everybody was read who may be in it: 1 of its members"


@pytest.mark.parametrize(
    ("limit", "entries", "outcome"),
    [
        # 500 is what slapd allows if nothing is said.
        ("", 500, "page 3: sizeLimitExceeded (4)"),
        ("sizelimit 700", 700, "page 4: sizeLimitExceeded (4)"),
        ("sizelimit size.soft=100 size.hard=700", 700, "page 4: sizeLimitExceeded (4)"),
        (f'limits dn.exact="{READER}" size.hard=unlimited size.prtotal=700', 700, "page 4: sizeLimitExceeded (4)"),
    ],
)
def test_a_size_limit_leaves_the_listing_without_proof(many: Entries, limit: str, entries: int, outcome: str) -> None:
    with running_slapd(many, limit) as slapd:
        snapshot = source_of(slapd).fetch()
    assert len(snapshot.users.entries) == entries
    assert (snapshot.users.proof, snapshot.users.problem) == (None, f"users: {outcome}")
    assert snapshot.groups.proof
    assert problems_of(snapshot) == {"early": None, "late": NOT_ALL_READ, "both": NOT_ALL_READ}


@pytest.mark.parametrize(
    ("limit", "outcome"),
    [
        ("size.pr=100", "adminLimitExceeded (11): illegal pagedResults page size"),
        ("size.prtotal=disabled", "adminLimitExceeded (11): pagedResults control not allowed"),
    ],
)
def test_a_server_that_does_not_page_is_an_error(limit: str, outcome: str) -> None:
    with running_slapd(SMALL, f'limits dn.exact="{READER}" size.soft=unlimited size.hard=unlimited {limit}') as slapd:
        told = refusal(source_of(slapd))
    assert told == f"ldaps://127.0.0.1:{slapd.tls_port}: users: page 1: {outcome}"


def test_nobody_loses_anything_by_a_size_limit(many: Entries, app_connection: psycopg.Connection) -> None:
    for limit in (EVERYTHING, "sizelimit 700"):
        with running_slapd(many, limit) as slapd:
            load(app_connection, source_of(slapd).fetch())
        assert memberships(app_connection) == {
            ("u0@example.com", "early"),
            ("u1399@example.com", "late"),
            ("u0@example.com", "both"),
            ("u1399@example.com", "both"),
        }


def test_a_server_that_dies_between_pages_leaves_those_that_came_without_proof(
    many: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_slapd(many, EVERYTHING) as slapd:

        def die() -> None:
            slapd.process.kill()
            slapd.process.wait()

        before_search(monkeypatch, 4, die)
        snapshot = source_of(slapd).fetch()
    assert len(snapshot.users.entries) == 600
    assert snapshot.users.proof is None
    assert str(snapshot.users.problem).startswith("users: page 4: ")
    assert (snapshot.groups.entries, snapshot.groups.proof) == ((), None)
    assert str(snapshot.groups.problem).startswith("groups: page 1: ")


def test_a_server_that_dies_after_the_users_leaves_their_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_slapd(SMALL) as slapd:
        before_search(monkeypatch, 2, slapd.process.kill)
        snapshot = source_of(slapd).fetch()
    assert snapshot.users.proof
    assert (snapshot.groups.entries, snapshot.groups.proof) == ((), None)


def fall_silent(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)  # until it has stopped


def test_a_server_that_falls_silent_between_pages_leaves_those_that_came_without_proof(
    many: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_slapd(many, EVERYTHING) as slapd:
        before_search(monkeypatch, 4, partial(fall_silent, slapd.process))
        snapshot = source_of(slapd, silent_seconds=1).fetch()
    assert len(snapshot.users.entries) == 600
    timed_out = "error receiving data: The read operation timed out"
    assert (snapshot.users.problem, snapshot.groups.problem) == (
        f"users: page 4: {timed_out}",
        f"groups: page 1: {timed_out}",
    )


def test_what_takes_too_long_in_all_is_cut_short(many: Entries, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_slapd(many, EVERYTHING) as slapd:
        before_search(monkeypatch, 4, partial(fall_silent, slapd.process))
        snapshot = source_of(slapd, seconds=4).fetch()
    assert len(snapshot.users.entries) == 600
    too_long = "it took longer than the 4 s that there are for everything"
    assert (snapshot.users.problem, snapshot.groups.problem) == (
        f"users: page 4: {too_long}",
        f"groups: page 1: {too_long}",
    )


@pytest.mark.parametrize(
    ("entries", "extra", "told"),
    [
        (SMALL, {"base_dn": "dc=example,dc=org"}, "there is no entry 'dc=example,dc=org' to search below"),
        (SMALL, {"user_base": f"ou=peple,{BASE}"}, f"there is no entry 'ou=peple,{BASE}' to search below"),
        (SMALL, {"group_base": f"ou=teams,{BASE}"}, f"there is no entry 'ou=teams,{BASE}' to search below"),
        (person("anna"), {}, "groups_filter finds no group: (objectClass=groupOfNames)"),
        (group("ads", "anna"), {}, "users_filter finds nobody: (objectClass=inetOrgPerson)"),
        (SMALL, {"id_attribute": "employeeNumber"}, "users: employeeNumber is missing or unusable in 2 entries"),
    ],
)
def test_what_gives_no_users_or_groups_is_an_error(entries: Entries, extra: dict[str, Any], told: str) -> None:
    with running_slapd(entries) as slapd:
        refused = refusal(source_of(slapd, **extra))
    assert refused.startswith(f"ldaps://127.0.0.1:{slapd.tls_port}: {told}")

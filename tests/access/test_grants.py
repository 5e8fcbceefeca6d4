"""Grants: how the catalog's come and go, that none is ever changed, and what their patterns match."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops_dashboard import access
from ops_dashboard.access import GrantChanges
from ops_dashboard.catalog import Limits
from tests.support.company import ADS, GRANTS, grant, with_grants

NOW = datetime.now(UTC)


A_DAY = timedelta(days=1)


def live_grants(connection: psycopg.Connection) -> set[str]:
    rows = connection.execute("SELECT group_name || ' ' || action FROM ops.grants WHERE revoked_at IS NULL")
    return {text for (text,) in rows}


def test_the_catalog_s_grants_are_brought_in_line_by_their_difference(app_connection: psycopg.Connection) -> None:
    first, second, third = (grant("a", f"scale:ads/{role}") for role in ("x", "y", "z"))
    apply_grants = access.apply_catalog_grants
    assert apply_grants(app_connection, [first, second, second]) == GrantChanges(added=2, revoked=0)
    assert apply_grants(app_connection, [second, first]) == GrantChanges(added=0, revoked=0)
    assert apply_grants(app_connection, [second, third]) == GrantChanges(added=1, revoked=1)
    assert live_grants(app_connection) == {"a scale:ads/y", "a scale:ads/z"}
    assert apply_grants(app_connection, []) == GrantChanges(added=0, revoked=2)
    ended = app_connection.execute("SELECT DISTINCT revoked_by FROM ops.grants WHERE revoked_at IS NOT NULL").fetchall()
    assert ended == [("catalog",)]


def test_a_changed_limit_or_time_is_a_new_grant_and_the_old_one_is_revoked(app_connection: psycopg.Connection) -> None:
    versions = [
        grant("a", "scale:ads/*"),
        grant("a", "scale:ads/*", limits=Limits(max=5)),
        grant("a", "scale:ads/*", limits=Limits(max=5), valid_from=NOW),
        grant("a", "scale:ads/*", limits=Limits(max=5), valid_from=NOW, expires_at=NOW + A_DAY),
    ]
    access.apply_catalog_grants(app_connection, versions[:1])
    for version in versions[1:]:
        assert access.apply_catalog_grants(app_connection, [version]) == GrantChanges(added=1, revoked=1)
        assert access.apply_catalog_grants(app_connection, [version]) == GrantChanges(added=0, revoked=0)


def test_grants_given_on_the_page_are_not_the_catalog_s(app_connection: psycopg.Connection) -> None:
    app_connection.execute(
        "INSERT INTO ops.grants (group_name, action, origin, created_by) VALUES ('a', 'run:x', 'page', 'x')"
    )
    assert access.apply_catalog_grants(app_connection, []) == GrantChanges(added=0, revoked=0)
    assert live_grants(app_connection) == {"a run:x"}


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE ops.grants SET max_value = 1000",
        "UPDATE ops.grants SET revoked_at = NULL, revoked_by = NULL WHERE revoked_at IS NOT NULL",
        "UPDATE ops.grants SET revoked_at = now(), revoked_by = 'again' WHERE revoked_at IS NOT NULL",
        "UPDATE ops.grants SET revoked_at = now(), revoked_by = 'x', action = '*' WHERE revoked_at IS NULL",
        "DELETE FROM ops.grants",
        "TRUNCATE ops.grants",
    ],
)
def test_not_even_the_owner_can_change_a_grant(
    company: psycopg.Connection, owner_connection: psycopg.Connection, edit: str
) -> None:
    with_grants(company, *GRANTS[1:])
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="can be revoked once, not changed or deleted"):
        owner_connection.execute(edit)


@pytest.mark.parametrize("action", ["", "scale", "scale:", "Scale:x", "%:x", ":x", "**"])
def test_the_table_takes_no_action_that_is_none(app_connection: psycopg.Connection, action: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        insert_patterns(app_connection, [action])


def insert_patterns(connection: psycopg.Connection, patterns: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ops.grants (group_name, action, origin, created_by) VALUES ('ads-oncall', %s, 'page', 'x')",
            [[pattern] for pattern in patterns],
        )


def matches(pattern: str, action: str) -> bool:
    """What a pattern means, said in Python: `*` stands for anything, all else for itself."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), action, re.DOTALL) is not None


PIECES = st.text(st.sampled_from("ab/*%_\\.é\n"), min_size=1, max_size=8)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=PIECES.map("scale:{}".format) | st.just("*"), resource=PIECES)
def test_a_pattern_matches_as_the_model_says(company: psycopg.Connection, pattern: str, resource: str) -> None:
    action = f"scale:{resource.replace('*', 'a')}"
    with company.transaction(force_rollback=True):
        company.execute("UPDATE ops.grants SET revoked_at = now(), revoked_by = 'test' WHERE revoked_at IS NULL")
        insert_patterns(company, [pattern])
        assert access.decide(company, ADS, action).allowed == matches(pattern, action)
        groups = ("ads-oncall",) if matches(pattern, action) else ()
        assert access.groups_that_may(company, [action]) == {action: groups}


@pytest.mark.parametrize("length", [10, 63, 64, 65, 200, 5000])
def test_long_names_match_too(company: psycopg.Connection, length: int) -> None:
    action = "scale:" + "x" * length
    insert_patterns(company, ["scale:" + "x" * (length - 1) + "*"])
    assert access.decide(company, ADS, action).allowed
    assert not access.decide(company, ADS, action[:-2]).allowed

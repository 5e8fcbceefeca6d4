"""Nobody gives what they may not manage: what a given pattern covers is never wider than what its giver may manage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import psycopg
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from ops_dashboard import access
from ops_dashboard.acts import ChangeGrantRequest, RequestError, parse
from ops_dashboard.catalog import Limits
from tests.support.company import ADS

VERBS = ("scale", "view", "manage")
PIECES = st.lists(st.sampled_from(["grants", "scale", "manage", "ads", "a", "/", "*", "."]), min_size=1, max_size=6)
RESOURCES = PIECES.map("".join)
GIVEN = st.just("*") | st.builds("{}:{}".format, st.sampled_from(VERBS), RESOURCES)
MANAGED = (
    st.sampled_from(["*", "manage:*", "manage:grants", "manage:grants/*"])
    | RESOURCES.map("manage:grants/{}".format)
    | RESOURCES.map("manage:{}".format)
)
# What a star may stand for; long enough to lead out of one part of a name into the next.
TEXTS = ("", "a", "/", "ads/a", "x", "s/scale/ads", "grants/scale/")


def expression(pattern: str) -> re.Pattern[str]:
    """What a pattern means, said in Python: `*` stands for anything, all else for itself."""
    written_out = "manage:grants*" if pattern == "manage:grants" else pattern
    return re.compile(".*".join(map(re.escape, written_out.split("*"))), re.DOTALL)


def samples(pattern: str) -> Iterator[str]:
    """Actions that a pattern covers, the verbs that there are included."""
    written_out = {"*": [f"{verb}:*" for verb in VERBS], "manage:grants": ["manage:grants*"]}.get(pattern, [pattern])
    for text in written_out:
        first, *rest = text.split("*")
        for chosen in product(TEXTS, repeat=min(len(rest), 3)):
            texts = (*chosen, *["a"] * (len(rest) - len(chosen)))
            yield first + "".join(between + after for between, after in zip(texts, rest, strict=True))


def may_manage(managed: str, action: str) -> bool:
    """Whether who holds `managed` may manage the grants of one plain action."""
    return expression(managed).fullmatch("manage:grants/" + action.replace(":", "/", 1)) is not None


def target(pattern: str) -> str:
    """What it takes to give a pattern, if it is one."""
    values = {"change": "grant", "group": "everybody", "action": pattern, "reason": "x"}
    try:
        return parse(ChangeGrantRequest, values).target
    except RequestError:
        assume(False)
        raise


def is_allowed(connection: psycopg.Connection, managed: str, pattern: str) -> bool:
    """Whether the rule lets somebody who holds just `managed` give the pattern."""
    with connection.transaction(force_rollback=True):
        connection.execute("UPDATE ops.grants SET revoked_at = now(), revoked_by = 'test' WHERE revoked_at IS NULL")
        access.give_grant(connection, "ads-oncall", managed, Limits(), None, by="test", reason="test")
        return access.decide(connection, ADS, target(pattern)).allowed


at_will = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@at_will
@given(managed=MANAGED, pattern=GIVEN)
@example(managed="manage:grants/manage/grants", pattern="manage:grants")
@example(managed="manage:grants/scale/ads/*", pattern="scale:ads/*")
@example(managed="manage:grants/scale/ads/*", pattern="scale:*")
@example(managed="manage:grants/*", pattern="*")
@example(managed="manage:grants/scale/*", pattern="*")
@example(managed="manage:grants/*/ads/*", pattern="scale:*/ads/*")
def test_what_is_given_is_never_wider_than_what_its_giver_manages(
    company: psycopg.Connection, managed: str, pattern: str
) -> None:
    if is_allowed(company, managed, pattern):
        wider = [action for action in samples(pattern) if not may_manage(managed, action)]
        assert wider == []


@at_will
@given(pattern=GIVEN)
@example(pattern="manage:grants")
def test_who_manages_exactly_a_pattern_may_give_it(company: psycopg.Connection, pattern: str) -> None:
    assert is_allowed(company, target(pattern), pattern)
    assert is_allowed(company, "manage:grants", pattern)
    assert all(expression(pattern).fullmatch(action) for action in samples(pattern))

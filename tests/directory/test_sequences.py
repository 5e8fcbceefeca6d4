"""Whatever a source answers, time after time: what is known is what it last said completely, and was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops_dashboard.directory import (
    Bound,
    DirectoryError,
    DirectoryGroup,
    DirectoryUser,
    Guards,
    Listing,
    Snapshot,
    SyncRules,
    SyncState,
    release,
    sync,
)
from tests.support.company import SCHEDULED, grant, memberships, with_grants

GROUPS, PEOPLE = ("a", "b", "c"), range(6)
SMALL = Bound(number=1, percent=40)
RULES = SyncRules(
    holds_first_run=False,
    guards=Guards(users_removed=SMALL, memberships_removed=SMALL, granted_group_loses=SMALL, granted_group_gains=SMALL),
)


@dataclass(frozen=True)
class Answer:
    """What the source says in one run."""

    users: Mapping[int, bool]
    groups: Mapping[str, frozenset[int]]
    unreadable: frozenset[str]
    proven: bool
    released: bool

    def snapshot(self) -> Snapshot:
        users = tuple(
            DirectoryUser(f"u-{n}", f"u{n}@example.com", "", active=active) for n, active in self.users.items()
        )
        groups = tuple(self._group(name, members) for name, members in self.groups.items())
        proof = "all" if self.proven else None
        return Snapshot("file", "a file", Listing(users, "all"), Listing(groups, proof, None if proof else "cut short"))

    def _group(self, name: str, members: frozenset[int]) -> DirectoryGroup:
        known = tuple(f"u-{n}" for n in sorted(members) if n in self.users)
        group = DirectoryGroup(f"g-{name}", name, known, ())
        return replace(group, problem="503", member_users=known[:1]) if name in self.unreadable else group


@dataclass
class Known:
    """What must be known, said in Python."""

    users: dict[int, bool] = field(default_factory=dict)
    groups: dict[str, set[int]] = field(default_factory=dict)

    def suspend(self, answer: Answer) -> None:
        for number, active in answer.users.items():
            if number in self.users and not active:
                self.users[number] = False

    def accept(self, answer: Answer) -> None:
        groups = {}
        for name, members in answer.groups.items():
            if name not in answer.unreadable:
                groups[name] = set(members) & set(answer.users)
            elif name in self.groups:
                groups[name] = self.groups[name] & set(answer.users)
        self.users, self.groups = dict(answer.users), groups

    def members(self) -> set[tuple[str, str]]:
        return {(f"u{n}@example.com", name) for name, members in self.groups.items() for n in members}


ANSWERS = st.builds(
    Answer,
    users=st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from([True, True, True, False]), min_size=1),
    groups=st.dictionaries(st.sampled_from(GROUPS), st.frozensets(st.sampled_from(PEOPLE)), min_size=1),
    unreadable=st.frozensets(st.sampled_from(GROUPS), max_size=1),
    proven=st.sampled_from([True, True, True, False]),
    released=st.booleans(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.lists(ANSWERS, min_size=2, max_size=6))
def test_any_sequence_leaves_the_last_complete_and_accepted_state(
    app_connection: psycopg.Connection, answers: list[Answer]
) -> None:
    with app_connection.transaction(force_rollback=True):
        with_grants(app_connection, grant("a", "scale:*"))
        known = Known()
        for answer in answers:
            _run(app_connection, answer, known)
            assert memberships(app_connection) == known.members()
            active = app_connection.execute(
                "SELECT external_id FROM ops.users WHERE removed_at IS NULL AND active ORDER BY 1"
            ).fetchall()
            assert active == [(f"u-{n}",) for n, is_active in sorted(known.users.items()) if is_active]


def _run(connection: psycopg.Connection, answer: Answer, known: Known) -> None:
    try:
        report = sync(connection, answer.snapshot(), RULES, SCHEDULED)
    except DirectoryError as error:
        raise AssertionError(answer) from error
    known.suspend(answer)
    if report.state is SyncState.HELD and answer.released:
        assert report.digest is not None
        release(connection, "file", report.digest, "second@example.com", "looked at it")
        known.accept(answer)
    elif report.differences is not None and report.state is not SyncState.HELD:
        known.accept(answer)

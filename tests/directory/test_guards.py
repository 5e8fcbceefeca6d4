"""What a sync does by itself, and what it holds for a person to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from ops_dashboard import access
from ops_dashboard.directory import (
    Asked,
    Bound,
    DirectoryError,
    DirectoryGroup,
    DirectoryUser,
    Guards,
    Listing,
    Snapshot,
    SyncReport,
    SyncRules,
    SyncState,
    discard,
    read_statuses,
    recent_runs,
    release,
    sync,
)
from tests.support.company import SCHEDULED, grant, load, memberships, snapshot, with_grants

USERS = tuple(DirectoryUser(f"u-{n}", f"u{n}@example.com", f"User {n}", active=True) for n in range(100))
RULES = SyncRules(holds_first_run=False)
SECOND = "second@example.com"
WHY = "looked at it"


def ids(*numbers: int) -> tuple[str, ...]:
    return tuple(f"u-{n}" for n in numbers)


def group(name: str, numbers: Sequence[int], *nested: str) -> DirectoryGroup:
    return DirectoryGroup(f"g-{name}", name, ids(*numbers), tuple(f"g-{each}" for each in nested))


ONCALL, STAFF, OUTER = group("oncall", range(10)), group("staff", range(100)), group("outer", [], "oncall")
BEFORE = snapshot(USERS, (ONCALL, STAFF, OUTER))


@pytest.fixture
def guarded(app_connection: psycopg.Connection) -> psycopg.Connection:
    """A directory of a hundred people, whose group oncall grants name, and outer through it."""
    load(app_connection, BEFORE)
    return with_grants(app_connection, grant("oncall", "scale:*"), grant("outer", "run:*"))


def run(connection: psycopg.Connection, found: Snapshot, rules: SyncRules = RULES) -> SyncReport:
    report = sync(connection, found, rules, SCHEDULED)
    connection.commit()
    return report


def changed(*groups: DirectoryGroup, users: Sequence[DirectoryUser] = USERS, origin: str = "a file") -> Snapshot:
    return snapshot(users, groups, origin=origin)


@pytest.mark.parametrize(
    "found",
    [
        changed(ONCALL, group("staff", range(80)), OUTER),
        changed(group("oncall", [0, 1, 2, 3, 4]), STAFF, OUTER),
        changed(group("oncall", range(20)), STAFF, OUTER),
        changed(ONCALL, STAFF, OUTER, group("new", range(100))),
        changed(group("oncall", range(9)), group("staff", range(91)), OUTER, users=USERS[:91]),
        changed(ONCALL, STAFF, OUTER, users=tuple(replace(user, active=False) for user in USERS)),
    ],
    ids=[
        "a fifth of memberships goes",
        "half of a granted group goes",
        "a granted group doubles",
        "a group without grants is large",
        "a tenth of the people goes",
        "everybody is suspended, explicitly",
    ],
)
def test_what_the_guards_let_through(guarded: psycopg.Connection, found: Snapshot) -> None:
    report = run(guarded, found)
    assert report.state is SyncState.APPLIED, report.reasons


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        (
            changed(ONCALL, group("staff", range(70)), OUTER),
            ["30 of 110 memberships would be removed"],
        ),
        (
            changed(ONCALL, group("staff", range(85)), OUTER, users=USERS[:85]),
            ["15 of 100 active users would be removed"],
        ),
        (
            changed(group("oncall", range(4)), STAFF, OUTER),
            [
                "oncall, which rights rest on, would lose 6 of 10 people",
                "outer, which rights rest on, would lose 6 of 10 people",
            ],
        ),
        (
            changed(group("oncall", range(21)), STAFF, OUTER),
            [
                "oncall, which rights rest on, would gain 11 people; it has 10",
                "outer, which rights rest on, would gain 11 people; it has 10",
            ],
        ),
        (
            changed(ONCALL, STAFF, group("outer", [])),
            ["outer, which rights rest on, would lose 10 of 10 people"],
        ),
        (
            changed(ONCALL, STAFF, group("outer", [], "oncall", "staff")),
            [
                "everybody in the directory would become a member of outer, which rights rest on",
                "outer, which rights rest on, would gain 90 people; it has 10",
            ],
        ),
        (
            changed(STAFF, replace(OUTER, member_groups=())),
            [
                "oncall, which rights rest on, would lose 10 of 10 people",
                "outer, which rights rest on, would lose 10 of 10 people",
            ],
        ),
        (
            changed(replace(ONCALL, everyone=True), STAFF, OUTER),
            [
                "everybody in the directory would become a member of oncall, which rights rest on",
                "oncall, which rights rest on, would gain 90 people; it has 10",
                "everybody in the directory would become a member of outer, which rights rest on",
                "outer, which rights rest on, would gain 90 people; it has 10",
            ],
        ),
        (
            # The name that grants use passes to another group.
            changed(replace(ONCALL, name="before"), replace(STAFF, name="oncall"), OUTER),
            [
                "oncall, which rights rest on, would be another group than the one that had this name before",
                "everybody in the directory would become a member of oncall, which rights rest on",
                "oncall, which rights rest on, would gain 90 people; it has 10",
            ],
        ),
        (
            changed(ONCALL, STAFF, OUTER, origin="another file"),
            ["source 'file' was read from a file and is now read from another file"],
        ),
    ],
)
def test_what_they_hold_and_why(guarded: psycopg.Connection, found: Snapshot, reasons: list[str]) -> None:
    before = memberships(guarded)
    report = run(guarded, found)
    assert report.state is SyncState.HELD
    assert list(report.reasons) == reasons
    assert memberships(guarded) == before


def test_a_group_that_had_three_members_is_not_left_empty(guarded: psycopg.Connection) -> None:
    load(guarded, changed(ONCALL, STAFF, OUTER, group("three", [1, 2, 3]), group("two", [1, 2])))
    report = run(guarded, changed(ONCALL, STAFF, OUTER, group("three", []), group("two", [])))
    assert report.reasons == ("group three would lose all of its 3 members",)


def test_a_first_run_is_held_unless_told_otherwise(app_connection: psycopg.Connection) -> None:
    held = run(app_connection, BEFORE, SyncRules())
    assert (held.state, held.reasons) == (SyncState.HELD, ("source 'file' is new: nothing of it was known before",))
    assert memberships(app_connection) == set()
    assert access.decide(app_connection, USERS[0].email, "scale:x").reason.startswith(
        "the company directory has not been"
    )
    assert run(app_connection, BEFORE, RULES).state is SyncState.APPLIED


@pytest.mark.parametrize(
    "guards",
    [
        Guards(granted_group_loses=Bound(number=6, percent=0)),
        Guards(granted_group_loses=Bound(number=0, percent=60)),
    ],
)
def test_guards_can_be_set(guarded: psycopg.Connection, guards: Guards) -> None:
    found = changed(group("oncall", range(4)), STAFF, OUTER)
    assert run(guarded, found, replace(RULES, guards=guards)).state is SyncState.APPLIED


def test_an_explicit_suspension_counts_at_once_in_a_run_that_is_held(guarded: psycopg.Connection) -> None:
    users = (replace(USERS[0], active=False), *USERS[1:])
    report = run(guarded, changed(group("oncall", [0]), STAFF, OUTER, users=users))
    assert (report.state, report.suspended) == (SyncState.HELD, (USERS[0].email,))
    assert not access.decide(guarded, USERS[0].email, "scale:x").allowed
    assert access.decide(guarded, USERS[1].email, "scale:x").allowed


SHRUNK = changed(group("oncall", range(3)), STAFF, OUTER)


def test_a_second_person_releases_exactly_what_was_seen(guarded: psycopg.Connection) -> None:
    held = run(guarded, SHRUNK)
    assert held.digest is not None
    release(guarded, "file", held.digest, SECOND, WHY)
    assert {email for email, name in memberships(guarded) if name == "oncall"} == {
        f"u{n}@example.com" for n in range(3)
    }
    (record,) = recent_runs(guarded, "file", limit=1)
    assert (record.state, record.decided_by, record.decided_why) == (SyncState.APPLIED, SECOND, WHY)
    with pytest.raises(DirectoryError, match="holds no run with digest"):
        release(guarded, "file", held.digest, SECOND, WHY)


def test_who_asked_for_the_run_cannot_release_it(guarded: psycopg.Connection) -> None:
    held = sync(guarded, SHRUNK, RULES, Asked(SECOND, "manual__1"))
    before = memberships(guarded)
    assert held.digest is not None
    for name in (SECOND, SECOND.upper()):  # for rights they are the same person
        with pytest.raises(DirectoryError, match="somebody else has to look at it"):
            release(guarded, "file", held.digest, name, WHY)
    assert memberships(guarded) == before


def test_a_discarded_run_is_gone_and_the_next_is_held_anew(guarded: psycopg.Connection) -> None:
    held = run(guarded, SHRUNK)
    assert held.digest is not None
    discard(guarded, "file", held.digest, SECOND, WHY)
    with pytest.raises(DirectoryError, match="holds no run"):
        release(guarded, "file", held.digest, SECOND, WHY)
    again = run(guarded, SHRUNK)
    assert (again.state, again.digest) == (SyncState.HELD, held.digest)
    assert again.sync_id != held.sync_id


def test_the_same_differences_again_stay_the_same_held_run(guarded: psycopg.Connection) -> None:
    assert run(guarded, SHRUNK).sync_id == run(guarded, SHRUNK).sync_id
    assert [each.state for each in recent_runs(guarded, "file")] == [SyncState.HELD, SyncState.APPLIED]


def test_what_is_released_is_as_old_as_what_was_read(
    guarded: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    held = run(guarded, SHRUNK)
    owner_connection.execute("UPDATE ops.sync_runs SET read_at = read_at - interval '3 days' WHERE state = 'held'")
    owner_connection.commit()
    assert held.digest is not None
    release(guarded, "file", held.digest, SECOND, WHY)
    (status,) = read_statuses(guarded)
    assert status.source.applied_at == status.runs[0].read_at
    assert access.decide(guarded, USERS[0].email, "scale:x").reason.startswith(
        "the company directory was last read completely 3 days ago"
    )


def test_the_same_differences_found_again_are_as_young_as_their_last_reading(guarded: psycopg.Connection) -> None:
    run(guarded, SHRUNK)
    (first,) = recent_runs(guarded, "file", limit=1)
    stricter = Guards(memberships_removed=Bound(number=0, percent=0))
    run(guarded, replace(SHRUNK, notes=("noted again",)), replace(RULES, guards=stricter))
    (again,) = recent_runs(guarded, "file", limit=1)
    assert (again.sync_id, again.at, again.digest) == (first.sync_id, first.at, first.digest)
    assert again.read_at > first.read_at
    assert again.reasons == ("7 of 110 memberships would be removed", *first.reasons)
    assert "noted again" in again.evidence
    release(guarded, "file", str(again.digest), SECOND, WHY)
    assert read_statuses(guarded)[0].source.applied_at == again.read_at


def test_the_same_differences_from_elsewhere_are_something_else(guarded: psycopg.Connection) -> None:
    first = run(guarded, SHRUNK)
    second = run(guarded, replace(SHRUNK, origin="another file"))
    assert (first.digest, first.sync_id) != (second.digest, second.sync_id)
    with pytest.raises(DirectoryError, match="a later run brought something else"):
        release(guarded, "file", str(first.digest), SECOND, WHY)
    release(guarded, "file", str(second.digest), SECOND, WHY)
    assert read_statuses(guarded)[0].source.origin == "another file"


def test_other_differences_supersede_what_is_held(guarded: psycopg.Connection) -> None:
    first = run(guarded, SHRUNK)
    second = run(guarded, changed(group("oncall", range(2)), STAFF, OUTER))
    assert first.digest is not None
    assert second.digest is not None
    with pytest.raises(DirectoryError, match="a later run brought something else"):
        release(guarded, "file", first.digest, SECOND, WHY)
    run(guarded, BEFORE)
    with pytest.raises(DirectoryError, match="a later run brought something else"):
        release(guarded, "file", second.digest, SECOND, WHY)
    states = [each.state for each in recent_runs(guarded, "file", limit=3)]
    assert states == [SyncState.APPLIED, SyncState.SUPERSEDED, SyncState.SUPERSEDED]


def test_what_changed_after_it_was_held_makes_it_another_run(
    guarded: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    held = run(guarded, SHRUNK)
    owner_connection.execute("UPDATE ops.direct_memberships SET valid_to = now() WHERE user_id = 10")
    owner_connection.commit()
    assert held.digest is not None
    with pytest.raises(DirectoryError, match="would bring something else now"):
        release(guarded, "file", held.digest, SECOND, WHY)


def test_a_dry_run_tells_everything_and_changes_nothing(guarded: psycopg.Connection) -> None:
    before = memberships(guarded)
    users = (replace(USERS[50], active=False), *USERS[:50], *USERS[51:])
    report = sync(guarded, replace(SHRUNK, users=Listing(users, "all")), RULES, SCHEDULED, dry_run=True)
    assert (report.state, report.suspended) == (SyncState.REHEARSED, (USERS[50].email,))
    assert report.differences is not None
    assert [(each.name, each.had, each.loses) for each in report.differences.granted] == [
        ("oncall", 10, 7),
        ("outer", 10, 7),
    ]
    assert "oncall, which rights rest on, would lose 7 of 10 people" in report.reasons
    assert memberships(guarded) == before
    assert guarded.execute("SELECT count(*) FROM ops.users WHERE NOT active").fetchall() == [(0,)]
    held = run(guarded, SHRUNK)
    assert held.digest is not None
    assert sync(guarded, SHRUNK, RULES, SCHEDULED, dry_run=True).digest == held.digest
    release(guarded, "file", held.digest, SECOND, WHY)
    assert recent_runs(guarded, "file", state=SyncState.APPLIED, limit=1)[0].decided_by == SECOND


def test_a_dry_run_leaves_the_age_that_is_trusted_as_it_is(guarded: psycopg.Connection) -> None:
    before = read_statuses(guarded)[0].source
    sync(guarded, SHRUNK, replace(RULES, max_age=timedelta(minutes=1)), SCHEDULED, dry_run=True)
    assert read_statuses(guarded)[0].source == before


def test_only_what_would_be_held_has_a_digest_to_agree_to(guarded: psycopg.Connection) -> None:
    assert sync(guarded, BEFORE, RULES, SCHEDULED, dry_run=True).digest is None
    broken = changed(replace(ONCALL, problem="its members: 503"), STAFF, OUTER)
    assert sync(guarded, broken, RULES, SCHEDULED, dry_run=True).digest is None


@pytest.mark.parametrize("unproven", ["users", "groups"])
def test_without_proof_only_suspensions_count(guarded: psycopg.Connection, unproven: str) -> None:
    before = memberships(guarded)
    users = (replace(USERS[0], active=False), DirectoryUser("u-new", "new@example.com", "New", active=True))
    found = changed(group("oncall", [0]), users=users)
    partial = replace(found, **{unproven: replace(getattr(found, unproven), proof=None, problem="page 2: 503")})
    report = run(guarded, partial)
    assert (report.state, report.reasons) == (SyncState.PARTIAL, ("page 2: 503",))
    assert report.suspended == (USERS[0].email,)
    assert memberships(guarded) == before
    assert guarded.execute("SELECT count(*) FROM ops.users WHERE external_id = 'u-new'").fetchall() == [(0,)]


def test_a_group_that_could_not_be_read_keeps_its_name_and_members(guarded: psycopg.Connection) -> None:
    broken = replace(ONCALL, name="?", member_users=(), problem="its members: 503")
    report = run(guarded, changed(broken, group("staff", range(99)), OUTER))
    assert (report.state, report.reasons) == (SyncState.PARTIAL, ("group ?: its members: 503",))
    assert {name for _, name in memberships(guarded)} == {"oncall", "staff", "outer"}
    assert ("u0@example.com", "oncall") in memberships(guarded)
    assert ("u99@example.com", "staff") not in memberships(guarded)
    stale = guarded.execute("SELECT name FROM ops.groups WHERE stale_since IS NOT NULL ORDER BY name").fetchall()
    assert stale == [("oncall",), ("outer",)]
    run(guarded, changed(ONCALL, STAFF, OUTER))
    assert guarded.execute("SELECT count(*) FROM ops.groups WHERE stale_since IS NOT NULL").fetchall() == [(0,)]


def test_who_left_the_company_leaves_a_group_that_could_not_be_read(guarded: psycopg.Connection) -> None:
    broken = replace(ONCALL, problem="its members: 503")
    run(guarded, changed(broken, group("staff", range(1, 100)), OUTER, users=USERS[1:]))
    assert "u0@example.com" not in {email for email, _ in memberships(guarded)}


def test_a_group_that_was_never_read_is_not_made_up(guarded: psycopg.Connection) -> None:
    unknown = replace(group("unknown", [1]), problem="its members: 403")
    report = run(guarded, changed(ONCALL, STAFF, replace(OUTER, member_groups=("g-oncall", "g-unknown")), unknown))
    assert report.state is SyncState.PARTIAL
    assert "unknown" not in {name for _, name in memberships(guarded)}
    assert ("u0@example.com", "outer") in memberships(guarded)

"""Guards remember a day, and look closely at the groups that grants name and at the e-mails of those in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import psycopg
import pytest

from ops_dashboard.access import apply_operation_approvers
from ops_dashboard.catalog import CatalogGrant, Limits
from ops_dashboard.directory import (
    DirectoryGroup,
    DirectoryUser,
    Guards,
    Listing,
    Snapshot,
    SyncReport,
    SyncRules,
    SyncState,
    release,
    sync,
)
from tests.directory.test_claims import group, user
from tests.support.company import SCHEDULED, grant, load, snapshot, with_grants

RULES = SyncRules(holds_first_run=False)
PEOPLE = tuple(map(user, range(200)))


def ids(numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"u-{n}" for n in numbers)


def run(connection: psycopg.Connection, found: Snapshot, rules: SyncRules = RULES) -> SyncReport:
    report = sync(connection, found, rules, SCHEDULED)
    connection.commit()
    return report


def company(members: Iterable[int], people: Sequence[DirectoryUser] = PEOPLE, *more: DirectoryGroup) -> Snapshot:
    """Everybody in one group, some in the one that grants name."""
    everybody = DirectoryGroup("g-all", "all", tuple(each.external_id for each in people), ())
    return snapshot(people, (group(1, "ads", *ids(members)), everybody, *more))


@pytest.fixture
def granted(app_connection: psycopg.Connection) -> psycopg.Connection:
    with_grants(app_connection, grant("ads", "scale:ads/*"), grant("future", "scale:x/*"))
    app_connection.commit()
    return app_connection


def sizes_until_held(connection: psycopg.Connection, found: Iterator[Snapshot]) -> tuple[int, SyncReport]:
    for step, each in enumerate(found):
        report = run(connection, each)
        if report.state is not SyncState.APPLIED:
            return step, report
    raise AssertionError("everything was let through")


def test_people_are_not_removed_slice_by_slice(granted: psycopg.Connection) -> None:
    load(granted, company(range(4)))
    steps, report = sizes_until_held(granted, (company(range(4), PEOPLE[: 200 - 10 * n]) for n in range(1, 15)))
    assert steps == 2
    assert report.reasons[0] == "10 of 180 active users would be removed, after 20 within a day"


def test_nor_are_memberships(granted: psycopg.Connection) -> None:
    def found(size: int) -> Snapshot:
        return snapshot(PEOPLE, (group(1, "ads", "u-0"), group(2, "all", *ids(range(size)))))

    load(granted, found(200))
    steps, report = sizes_until_held(granted, (found(200 - 20 * n) for n in range(1, 10)))
    assert steps == 2
    assert report.reasons == ("20 of 161 memberships would be removed, after 40 within a day",)


def test_nor_the_people_of_a_group_that_grants_name(granted: psycopg.Connection) -> None:
    load(granted, company(range(6)))
    _, report = sizes_until_held(granted, (company(range(size)) for size in (3, 2)))
    assert report.reasons == ("ads, which rights rest on, would lose 1 of 3 people, after 3 within a day",)


def test_nor_does_it_grow_slice_by_slice(granted: psycopg.Connection) -> None:
    load(granted, company(range(10)))
    steps, report = sizes_until_held(granted, (company(range(size)) for size in (20, 25, 40)))
    assert steps == 1
    assert report.reasons == ("ads, which rights rest on, would gain 5 people; it has 20, after 10 within a day",)


def test_what_was_lost_before_holds_nothing_by_itself(granted: psycopg.Connection) -> None:
    load(granted, company(range(10)))
    load(granted, company(range(2), PEOPLE[:100]))
    assert run(granted, company(range(3), PEOPLE[:101])).state is SyncState.APPLIED


def test_a_day_later_or_once_somebody_agreed_it_is_forgotten(
    granted: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    load(granted, company(range(6)))
    run(granted, company(range(3)))
    held = run(granted, company(range(2)))
    assert held.digest is not None
    release(granted, "file", held.digest, "second@example.com", "they left")
    assert run(granted, company(range(1))).state is SyncState.APPLIED
    load(granted, company(range(10)))
    owner_connection.execute("ALTER TABLE ops.sync_runs DISABLE TRIGGER decided_once")
    owner_connection.execute(
        "UPDATE ops.sync_runs SET at = at - interval '2 days', decided_at = decided_at - interval '2 days'"
    )
    for column in ("valid_from", "valid_to"):
        owner_connection.execute(f"UPDATE ops.direct_memberships SET {column} = {column} - interval '2 days'")
    owner_connection.commit()
    assert run(granted, company(range(5))).state is SyncState.APPLIED


@pytest.mark.parametrize(("had", "left"), [(1, 0), (2, 0), (3, 1), (5, 2)])
def test_a_small_group_that_grants_name_loses_neither_its_last_nor_most(
    granted: psycopg.Connection, had: int, left: int
) -> None:
    load(granted, company(range(had)))
    assert run(granted, company(range(left))).state is SyncState.HELD


def test_the_last_one_may_leave_if_told_so(granted: psycopg.Connection) -> None:
    load(granted, company([0]))
    told = run(granted, company([]))
    assert told.reasons == ("ads, which rights rest on, would lose the last of its people",)
    rules = replace(RULES, guards=Guards(granted_group_empties="apply"))
    assert run(granted, company([]), rules).state is SyncState.APPLIED


def test_a_small_company_does_not_lose_most_of_its_people_at_once(granted: psycopg.Connection) -> None:
    small = PEOPLE[:6]
    load(granted, snapshot(small, (group(1, "some", "u-0", "u-1"), group(2, "others", "u-2", "u-5"))))
    report = run(granted, snapshot(small[4:], (group(2, "others", "u-5"),)))
    assert report.reasons == ("4 of 6 active users would be removed",)


def test_three_people_work_day_to_day(granted: psycopg.Connection) -> None:
    first = [group(1, "ads", "u-0"), group(2, "search", "u-1"), group(3, "staff", "u-2")]
    for people, groups in [
        (3, first),
        (4, [*first[:2], group(3, "staff", "u-2", "u-3")]),  # somebody comes
        (4, [group(1, "ads", "u-0", "u-3"), *first[1:]]),  # and joins
        (4, [group(1, "ads", "u-3"), *first[1:]]),  # takes over
        (3, [group(1, "ads", "u-0"), *first[1:]]),  # and leaves
    ]:
        report = run(granted, snapshot(PEOPLE[:people], groups))
        assert report.state is SyncState.APPLIED, (people, report.reasons)


def test_other_e_mails_are_as_much_as_other_people(granted: psycopg.Connection) -> None:
    load(granted, company(range(5)))
    moved = [user(n, f"p{n}@other.example") for n in range(30)]
    steps, report = sizes_until_held(granted, (company(range(5), [*moved[:n], *PEOPLE[n:]]) for n in (10, 20, 30)))
    assert steps == 2
    assert report.reasons == ("10 users would have another e-mail, where 200 are active, after 20 within a day",)


@pytest.mark.parametrize("meanwhile", ["reinstated", "changed while suspended", "left and returned"])
def test_nor_do_e_mails_pass_round_the_guard_in_steps(granted: psycopg.Connection, meanwhile: str) -> None:
    load(granted, company(range(30, 35)))
    moved = [user(n, f"p{n}@other.example") for n in range(30)]
    away = [replace(each, active=False) for each in (moved if meanwhile.startswith("changed") else PEOPLE[:30])]
    if meanwhile == "left and returned":
        load(granted, company(range(30, 35), PEOPLE[30:]))
    else:
        # Addresses of leavers are often renamed, which is no reason to hold anything.
        assert run(granted, company(range(30, 35), [*away, *PEOPLE[30:]])).state is SyncState.APPLIED
    report = run(granted, company(range(30, 35), [*moved, *PEOPLE[30:]]))
    assert "30 users would have another e-mail, where 170 are active" in report.reasons


def test_an_e_mail_does_not_pass_to_or_from_somebody_who_may_act(granted: psycopg.Connection) -> None:
    load(granted, company(range(5)))
    swapped = [user(0, "p9@example.com"), *PEOPLE[1:9], user(9, "p0@example.com"), *PEOPLE[10:]]
    report = run(granted, company(range(5), swapped))
    assert report.reasons == ("2 e-mails would pass to somebody else, from or to people in ads, which rights rest on",)
    elsewhere = [*PEOPLE[:8], user(8, "p9@example.com"), user(9, "p8@example.com"), *PEOPLE[10:]]
    assert run(granted, company(range(5), elsewhere)).state is SyncState.APPLIED


def test_nor_from_somebody_who_has_just_left(granted: psycopg.Connection) -> None:
    load(granted, company(range(5)))
    assert run(granted, company(range(5), PEOPLE[:199])).state is SyncState.APPLIED
    report = run(granted, company(range(5), [user(0, "p199@example.com"), *PEOPLE[1:199]]))
    assert report.reasons == ("1 e-mail would pass to somebody else, from or to people in ads, which rights rest on",)


LUNCH = group(2, "lunch", *ids(range(30, 35)))


@pytest.mark.parametrize(
    "taken",
    [
        [group(1, "ads-old", *ids(range(5))), replace(LUNCH, name="ads")],
        [group(1, "lunch", *ids(range(5))), replace(LUNCH, name="ads")],
        [LUNCH, group(9, "ads", *ids(range(5)))],
    ],
    ids=["taken", "swapped", "made anew"],
)
def test_the_name_that_grants_use_does_not_pass_to_another_group(
    granted: psycopg.Connection, taken: list[DirectoryGroup]
) -> None:
    load(granted, snapshot(PEOPLE, [group(1, "ads", *ids(range(5))), LUNCH]))
    report = run(granted, snapshot(PEOPLE, taken))
    assert "ads, which rights rest on, would be another group than the one that had this name before" in report.reasons


@pytest.mark.parametrize("source", ["file", "other"])
def test_nor_when_it_was_given_up_before(granted: psycopg.Connection, source: str) -> None:
    load(granted, snapshot(PEOPLE, [group(1, "ads", "u-0"), LUNCH]))
    load(granted, snapshot(PEOPLE, [group(1, "ads-old", "u-0"), LUNCH]))
    people = PEOPLE if source == "file" else [user(500)]
    load(
        granted,
        snapshot(
            people,
            [group(7, "seven", people[0].external_id), LUNCH] if source == "file" else [group(7, "seven", "u-500")],
            source=source,
        ),
    )
    report = run(
        granted,
        snapshot(
            people, [group(9, "ads", people[0].external_id), *([LUNCH] if source == "file" else [])], source=source
        ),
    )
    assert "ads, which rights rest on, would be another group than the one that had this name before" in report.reasons


STAFF = DirectoryGroup("g-s", "staff", (), (), everyone=True)


@pytest.mark.parametrize(
    "opened",
    [
        [replace(group(1, "ads", *ids(range(8))), everyone=True), STAFF],
        [replace(group(1, "ads", *ids(range(8))), member_groups=("g-s",)), STAFF],
        [group(1, "ads", *ids(range(8))), STAFF, replace(group(3, "future"), everyone=True)],
        [group(1, "ads", *ids(range(8))), STAFF, replace(group(3, "future"), member_groups=("g-s",))],
    ],
    ids=["itself", "by nesting", "new", "new, by nesting"],
)
def test_a_group_that_grants_name_does_not_open_to_everybody(
    granted: psycopg.Connection, opened: list[DirectoryGroup]
) -> None:
    few = PEOPLE[:8]
    load(granted, snapshot(few, [group(1, "ads", *ids(range(8))), STAFF]))
    report = run(granted, snapshot(few, opened))
    name = opened[-1].name if len(opened) == 3 else "ads"
    assert report.reasons == (f"everybody in the directory would become a member of {name}, which rights rest on",)
    load(granted, snapshot(few, opened))
    assert run(granted, snapshot(few, opened)).state is SyncState.APPLIED


@pytest.mark.parametrize("lost", ["people", "e-mails", "memberships"])
def test_who_came_within_the_day_makes_nothing_smaller(granted: psycopg.Connection, lost: str) -> None:
    load(granted, company(range(5), PEOPLE[:30]))
    crowd = [user(n) for n in range(1000, 2000)]
    everybody = [*PEOPLE[:30], *crowd]
    run(granted, company(range(5), everybody))
    left = {
        "people": company(range(5), [*PEOPLE[:5], *crowd]),
        "e-mails": company(range(5), [*(user(n, f"p{n}@other.example") for n in range(30)), *crowd]),
        "memberships": replace(company(range(5), crowd), users=Listing(tuple(everybody), "all")),
    }
    report = run(granted, left[lost])
    assert report.state is SyncState.HELD
    assert "a day ago there were 3" in report.reasons[0]


def test_nor_do_they_take_over_a_group_that_grants_name(granted: psycopg.Connection) -> None:
    load(granted, company(range(10)))
    assert run(granted, company(range(20))).state is SyncState.APPLIED
    report = run(granted, company(range(10, 20)))
    assert report.reasons == ("ads, which rights rest on, would lose 10 of 20 people; a day ago there were 10",)


def test_a_group_of_a_small_company_does_not_open_by_effect(granted: psycopg.Connection) -> None:
    staff = group(2, "staff", *ids(range(8)))
    load(granted, snapshot(PEOPLE[:8], [group(1, "ads", "u-0", "u-1"), staff]))
    report = run(granted, snapshot(PEOPLE[:8], [replace(group(1, "ads", "u-0", "u-1"), member_groups=("g-2",)), staff]))
    assert report.reasons == ("everybody in the directory would become a member of ads, which rights rest on",)


def test_who_approves_for_a_grant_is_as_closely_guarded(granted: psycopg.Connection) -> None:
    approved = CatalogGrant(group="ads", action="scale:ads/*", limits=Limits(max=20), approver="leads")
    with_grants(granted, approved)
    load(granted, company(range(5), PEOPLE, group(2, "leads", "u-9")))
    report = run(granted, company(range(5), PEOPLE, group(2, "leads", *ids(range(9, 60)))))
    assert report.reasons == ("leads, which rights rest on, would gain 50 people; it has 1",)


def test_so_is_who_approves_operations(granted: psycopg.Connection) -> None:
    few, many = (company(range(5), PEOPLE, group(2, "leads", *ids(range(9, end)))) for end in (10, 60))
    load(granted, few)
    apply_operation_approvers(granted, {"leads"})
    assert run(granted, many).reasons == ("leads, which rights rest on, would gain 50 people; it has 1",)
    apply_operation_approvers(granted, set())
    assert run(granted, many).state is SyncState.APPLIED

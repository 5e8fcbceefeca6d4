"""Sources and their syncs: how old the groups are, what is held and why, and how a second person decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from ops_dashboard import access
from ops_dashboard.acts import DECIDE_SYNC_DAG_ID, DecideSyncRequest, parse
from ops_dashboard.catalog import Limits
from ops_dashboard.directory import (
    Asked,
    DirectoryError,
    DirectoryGroup,
    Listing,
    Snapshot,
    SyncReport,
    SyncRules,
    SyncState,
    discard,
    recent_runs,
    record_failure,
    release,
    retire,
    sync,
)
from tests.support.company import ADMIN, ADS, COMPANY, SCHEDULED, SEARCH, VIEWER, load
from tests.support.product_site import Site, rows, send, words

PAGE = "/ops/access/sources"
MAX_AGE = SyncRules().max_age
SECOND = "second@example.com"


def without_members(*groups: str) -> Snapshot:
    """The company, with nobody in some of its groups."""
    emptied = (replace(each, member_users=()) if each.name in groups else each for each in COMPANY.groups.entries)
    return replace(COMPANY, groups=Listing(tuple(emptied), "all groups"))


def hold(connection: psycopg.Connection, asked: Asked = SCHEDULED) -> SyncReport:
    """A sync after which the on-call groups would be empty; it does not get through."""
    guards = SyncRules().guards.model_copy(update={"emptied_group_had": 1})
    report = sync(connection, without_members("ads-oncall", "search-oncall"), SyncRules(guards=guards), asked)
    assert report.state is SyncState.HELD
    return report


@pytest.fixture
def held(company: psycopg.Connection) -> SyncReport:
    return hold(company)


def path_of(report: SyncReport) -> str:
    return f"{PAGE}/{report.source}/runs/{report.sync_id}"


def visit(site: Site, reader: str, path: str = PAGE) -> str:
    with site.client(reader) as client:
        answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_source_tells_its_age_its_limit_and_its_size(site: Site) -> None:
    text = words(visit(site, VIEWER))
    assert "file · a file" in text
    assert "; from 6 h on nothing is decided from it. Fresh" in text
    assert "Users 5 Groups 4 Direct memberships 4" in text


@pytest.mark.parametrize(
    ("age", "badge"), [(2, "Fresh"), (3, "Getting old"), (5, "Getting old"), (7, "Stale: nothing is decided")]
)
def test_its_badge_follows_its_age(site: Site, age: int, badge: str) -> None:
    site.later = timedelta(hours=age)
    assert words(visit(site, VIEWER)).partition(" Users ")[0].endswith(badge)


def test_a_source_that_was_never_read_says_so(site: Site, company: psycopg.Connection) -> None:
    record_failure(
        company, "ldap", DirectoryError("the server closed the connection"), SCHEDULED, max_age=SyncRules().max_age
    )
    text = words(visit(site, VIEWER))
    assert "ldap Never read completely; from 6 h on nothing is decided from it. Stale: nothing is decided" in text
    assert "Failed the schedule not known the server closed the connection" in text


def test_without_any_source_the_page_says_what_to_do(site: Site, owner_connection: psycopg.Connection) -> None:
    owner_connection.execute("TRUNCATE ops.sources CASCADE")
    owner_connection.commit()
    text = words(visit(site, ADS))
    assert "No company directory was read yet, so nobody is known. DAG ops_sync_groups reads them." in text


def test_groups_that_could_not_be_read_are_named_with_the_reason(site: Site, company: psycopg.Connection) -> None:
    first, *others = COMPANY.groups.entries
    load(company, replace(COMPANY, groups=Listing((replace(first, problem="HTTP 503"), *others), "all groups")))
    html = visit(site, VIEWER)
    assert "Groups that could not be read: 1. They keep the people they had" in words(html)
    (row,) = rows(html, "Groups of file that could not be read")
    assert (row.split()[0], row.endswith(" HTTP 503")) == ("ads-oncall", True)


def test_the_last_runs_are_listed_the_newest_first(site: Site, company: psycopg.Connection) -> None:
    sync(company, without_members("ads-oncall"), SyncRules(), Asked(ADMIN, "manual__1"), dry_run=True)
    hold(company)
    record_failure(company, "file", DirectoryError("it is gone"), SCHEDULED, max_age=MAX_AGE)
    failed, waiting, dry, applied = rows(visit(site, ADMIN), "Last runs of file")
    assert failed.endswith(" Failed the schedule not known it is gone")
    assert " Held the schedule +0 −3 memberships group ads-oncall would lose" in waiting
    assert " Dry run you +0 −2 memberships" in dry
    assert applied.endswith(" Applied the schedule +4 −0 memberships")


def test_a_held_sync_is_told_on_top_with_the_reasons(site: Site, held: SyncReport) -> None:
    html = visit(site, VIEWER)
    assert "A sync is held: group ads-oncall would lose all of its 2 members; " in words(html)
    assert f'href="{path_of(held)}">Look at what it would change</a>' in html


def test_a_sync_shows_what_it_would_change_where_grants_are_concerned_first(site: Site, held: SyncReport) -> None:
    html = visit(site, ADMIN, path_of(held))
    text = words(html)
    assert text.startswith(f"Sync {held.sync_id} of file Asked by the schedule")
    assert "It would change the following. Held" in text
    assert rows(html, "Groups that grants name") == [
        f"ads-oncall 1 now 1 leaves {ADS} nobody comes",
        f"everybody 3 now 2 leave {ADS}, {SEARCH} nobody comes",
        f"search-oncall 1 now 1 leaves {SEARCH} nobody comes",
    ]
    assert rows(html, "Groups left without anybody") == ["ads-oncall 2", "search-oncall 1"]
    assert f"Digest {held.digest} Read all users Read all groups" in text
    assert f'href="/dags/ops_sync_groups/runs/{SCHEDULED.dag_run_id}" data-outer' in html


def test_people_are_named_to_those_only_who_may_manage_access(site: Site, held: SyncReport) -> None:
    html = visit(site, VIEWER, path_of(held))
    text = words(html)
    assert rows(html, "Groups that grants name")[0] == "ads-oncall 1 now 1 leaves nobody comes"
    assert not [name for name in (ADS, SEARCH, str(held.digest), "all users") if name in text]
    assert "shown to those who may manage:access" in text
    assert "Somebody who may manage:access has to release or discard it." in text
    assert "Release …" not in text


def test_examples_of_changed_users_are_names_too(site: Site, company: psycopg.Connection) -> None:
    renamed = tuple(replace(user, email=f"new-{user.email}") for user in COMPANY.users.entries)
    moved = replace(COMPANY, users=Listing(renamed, "all users"))
    path = path_of(sync(company, moved, SyncRules(), Asked(ADMIN, "manual__1"), dry_run=True))
    assert f"{ADS} → new-{ADS}" in words(visit(site, ADMIN, path))
    for_others = visit(site, VIEWER, path)
    assert ADS not in words(for_others)
    assert rows(for_others, "Users and groups") == ["Users changed 5 names are not shown"]


def test_a_group_that_opens_to_everybody_is_marked(site: Site, company: psycopg.Connection) -> None:
    first, *others = COMPANY.groups.entries
    wide = replace(COMPANY, groups=Listing((replace(first, everyone=True), *others), "all groups"))
    report = sync(company, wide, SyncRules(), SCHEDULED)
    row = rows(visit(site, ADMIN, path_of(report)), "Groups that grants name")[0]
    assert row.startswith("ads-oncall Opens to everybody 1 now nobody leaves 3 come")


def test_a_sync_that_waits_says_when_the_same_was_read_last(
    site: Site, company: psycopg.Connection, held: SyncReport
) -> None:
    assert "read again" not in words(visit(site, ADMIN, path_of(held)))
    assert hold(company).sync_id == held.sync_id
    assert "Asked by the schedule just now · the same was read again just now" in words(
        visit(site, ADMIN, path_of(held))
    )


def test_a_dry_run_says_what_would_become_of_it(site: Site, company: psycopg.Connection) -> None:
    guards = SyncRules().guards.model_copy(update={"emptied_group_had": 1})
    found = without_members("ads-oncall", "search-oncall")
    path = path_of(sync(company, found, SyncRules(guards=guards), SCHEDULED, dry_run=True))
    text = words(visit(site, ADMIN, path))
    assert "It would change the following. Dry run It would be held: group ads-oncall would lose all of its 2" in text
    unproven = replace(found, users=replace(found.users, proof=None, problem="page 2: 503"))
    path = path_of(sync(company, unproven, SyncRules(), SCHEDULED, dry_run=True))
    assert "Dry run Not read: page 2: 503." in words(visit(site, ADMIN, path))


def test_a_sync_that_changed_nothing_says_so(site: Site, company: psycopg.Connection) -> None:
    report = load(company, COMPANY)
    assert "It changed nothing. Applied" in words(visit(site, VIEWER, path_of(report)))


def test_names_from_a_directory_stay_text(site: Site, company: psycopg.Connection) -> None:
    hostile = "<script>alert(1)</script>"
    group = DirectoryGroup("g-9", hostile, ("u-1",), ())
    access.give_grant(company, hostile, "run:x", Limits(), None, by=ADMIN, reason="x")
    groups = Listing((*COMPANY.groups.entries, group), hostile)
    report = sync(company, replace(COMPANY, origin=hostile, groups=groups, notes=(hostile,)), SyncRules(), SCHEDULED)
    for path in (PAGE, path_of(report)):
        html = visit(site, ADMIN, path)
        assert hostile not in html
        assert hostile in words(html)


@pytest.mark.parametrize("decision", ["release", "discard"])
def test_a_second_person_asks_to_decide_exactly_what_was_seen(site: Site, held: SyncReport, decision: str) -> None:
    path = path_of(held)
    assert f"{decision.capitalize()} …" in visit(site, ADMIN, path)
    with site.client(ADMIN) as client:
        answer = send(client, f"{path}/{decision}", reason="they changed teams")
        assert answer.status_code == 303, words(answer.text)
    ((run_id, run),) = site.airflow.asked.items()
    assert answer.headers["location"] == f"/ops/runs/{DECIDE_SYNC_DAG_ID}/{run_id}"
    assert run["triggering_user_name"] == ADMIN
    asked = parse(DecideSyncRequest, run["conf"])
    assert (asked.source, asked.digest, asked.decision) == ("file", held.digest, decision)
    assert asked.reason == "they changed teams"


def test_deciding_needs_a_reason(site: Site, held: SyncReport) -> None:
    with site.client(ADMIN) as client:
        answer = send(client, f"{path_of(held)}/release", reason=" ")
    assert answer.status_code == 422
    assert "accepted is a few words that say why" in words(answer.text)
    assert site.airflow.asked == {}


def test_a_forged_digest_is_refused(site: Site, held: SyncReport) -> None:
    with site.client(ADMIN) as client:
        answer = send(client, f"{path_of(held)}/release", reason=" ", digest="<b>")
    assert answer.status_code == 422
    text = words(answer.text)
    assert text.count("Digest: '<b>' is not accepted; accepted is the digest of the differences") == 1
    assert "accepted is a few words that say why" in text
    assert site.airflow.asked == {}


@pytest.mark.parametrize("decision", ["release", "discard"])
def test_deciding_is_for_those_who_may_manage_access(site: Site, held: SyncReport, decision: str) -> None:
    with site.client(ADS) as client:
        assert client.get(f"{path_of(held)}/{decision}").status_code == 403


@pytest.mark.parametrize("asked_by", [ADMIN, ADMIN.upper()])  # for rights they are the same person
def test_who_asked_for_a_sync_may_discard_it_but_not_release_it(
    site: Site, company: psycopg.Connection, asked_by: str
) -> None:
    path = path_of(hold(company, Asked(asked_by, "manual__1")))
    text = words(visit(site, ADMIN, path))
    assert "You asked for it, so somebody else has to release it." in text
    assert "Release …" not in text
    with site.client(ADMIN) as client:
        assert client.get(f"{path}/release").status_code == 403
        assert send(client, f"{path}/discard", reason="a mistake").status_code == 303


def released(connection: psycopg.Connection, held: SyncReport) -> None:
    release(connection, held.source, str(held.digest), SECOND, "seen")


def discarded(connection: psycopg.Connection, held: SyncReport) -> None:
    discard(connection, held.source, str(held.digest), SECOND, "seen")


def superseded(connection: psycopg.Connection, _held: SyncReport) -> None:
    load(connection, COMPANY)


@pytest.mark.parametrize(
    ("decide", "told"),
    [(released, f"Released by {SECOND}"), (discarded, f"Discarded by {SECOND}"), (superseded, "Superseded")],
)
def test_what_is_decided_tells_by_whom_and_can_not_be_decided_again(
    site: Site,
    company: psycopg.Connection,
    held: SyncReport,
    decide: Callable[[psycopg.Connection, SyncReport], None],
    told: str,
) -> None:
    decide(company, held)
    text = words(visit(site, ADMIN, path_of(held)))
    assert told in text
    assert (SECOND in told) == (": “seen”" in text)
    assert "Release …" not in text
    with site.client(ADMIN) as client:
        assert client.get(f"{path_of(held)}/release").status_code == 409


def test_what_was_retired_was_not_held(site: Site, company: psycopg.Connection) -> None:
    retire(company, "file", "it is corp now", SCHEDULED)
    company.execute("UPDATE ops.sources SET retired_at = NULL, applied_at = clock_timestamp()")
    (run, *_) = recent_runs(company, "file")
    company.commit()
    with site.client(ADS) as client:
        text = words(client.get(f"/ops/access/sources/file/runs/{run.sync_id}").text)
    assert "retired: it is corp now." in text
    assert "It was held" not in text


@pytest.mark.parametrize(
    "path",
    [
        "file/runs/0",
        "file/runs/999999",
        "file/runs/x",
        "file/runs/" + "9" * 40,
        "no-such-source/runs/1",
        "file/runs/1/approve",
        "<b>/runs/1",
    ],
)
def test_what_there_is_not_is_not_found(site: Site, path: str) -> None:
    with site.client(ADMIN) as client:
        answer = client.get(f"{PAGE}/{path}")
    assert answer.status_code == 404
    assert "<b>" not in answer.text.partition("<main")[2]


def test_a_paused_dag_is_told_before_anything_is_asked(site: Site, held: SyncReport) -> None:
    site.airflow.paused.add(DECIDE_SYNC_DAG_ID)
    path = f"{path_of(held)}/discard"
    assert f"DAG {DECIDE_SYNC_DAG_ID} is paused in Airflow." in visit(site, ADMIN, path)
    with site.client(ADMIN) as client:
        assert send(client, path, reason="x").status_code == 409

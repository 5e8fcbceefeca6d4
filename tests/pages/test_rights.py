"""The Access page: what may I do, who may do something, and why was I refused?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from ops_dashboard import access, ledger
from ops_dashboard.catalog import Limits
from ops_dashboard.directory import DirectoryGroup, DirectoryUser
from ops_dashboard.ledger import Details, Event, Value
from tests.pages.test_sources import hold, path_of
from tests.support.company import (
    ADMIN,
    ADS,
    COMPANY,
    GONE,
    SEARCH,
    VIEWER,
    grant,
    let_see_others,
    load,
    snapshot,
    with_grants,
)
from tests.support.ledger_records import request
from tests.support.product_site import Site, rows, words

PAGE, GRANTS_PAGE = "/ops/access", "/ops/access/grants"
HOSTILE = '"><script>alert(1)</script>{{7*7}}'


@pytest.fixture
def seeing(company: psycopg.Connection) -> None:
    """Everybody but the viewer sees what others may."""
    let_see_others(company)


def visit(site: Site, reader: str, /, **query: str) -> str:
    return ask(site, reader, 200, query)


def ask(site: Site, reader: str, status: int, query: Mapping[str, str]) -> str:
    with site.client(reader) as client:
        answer = client.get(PAGE, params=query)
    assert answer.status_code == status, answer.text
    return answer.text


def test_a_person_sees_what_they_may_by_which_group_and_within_which_limits(site: Site) -> None:
    html = visit(site, ADS)
    assert rows(html, "Grants") == [
        "scale:ads/* ads-oncall 1 to 20 no end Catalog changed only in Git",
        "view:workers everybody through ads-oncall no limits no end Catalog changed only in Git",
    ]
    assert "You may · by ads-oncall, everybody" in words(html)


def test_a_grant_that_was_given_says_by_whom_why_and_until_when(site: Site, company: psycopg.Connection) -> None:
    until = datetime.now(UTC) + timedelta(days=3)
    access.give_grant(
        company, "ads-oncall", "run:purge", Limits(max=4, max_change=2), until, by=ADMIN, reason="a <b> night"
    )
    (row,) = [row for row in rows(visit(site, ADS), "Grants") if "run:purge" in row]
    assert row.startswith("run:purge ads-oncall at most 4, changes of at most 2 in 3 days")
    assert f"Given by {ADMIN} just now" in row or f"Given by {ADMIN} " in row
    assert row.endswith("a <b> night")
    assert "Given by you" in visit(site, ADMIN, user=ADS)


def test_a_grant_that_has_not_begun_is_not_shown_as_a_right(site: Site, company: psycopg.Connection) -> None:
    company.execute(
        "INSERT INTO ops.grants (group_name, action, origin, created_by, valid_from)"
        " VALUES ('ads-oncall', 'run:later', 'page', 'x', clock_timestamp() + interval '1 day')"
    )
    company.commit()
    assert "run:later" not in words(visit(site, ADS))
    with site.client(ADMIN) as client:
        (row,) = rows(client.get(GRANTS_PAGE, params={"action": "run:later"}).text, "Grants")
    assert "begins in 23 h" in row


def test_groups_without_a_grant_are_named_too(site: Site, company: psycopg.Connection) -> None:
    club = DirectoryGroup("g-9", "book-club", ("u-1",), ())
    load(company, snapshot(COMPANY.users.entries, (*COMPANY.groups.entries, club)))
    assert "Also in book-club, without a grant." in words(visit(site, ADS))


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("nobody@example.com", "You (nobody@example.com) are not in the company directory."),
        (GONE, "Your account is suspended in the company directory."),
        (VIEWER, "You are in no group that may view:access; you are in no group at all;"),
    ],
)
def test_who_may_nothing_is_told_why(site: Site, user: str, reason: str) -> None:
    assert reason in words(visit(site, user))


def test_groups_that_no_grant_names_are_told(site: Site, company: psycopg.Connection) -> None:
    club = DirectoryGroup("g-9", "book-club", ("u-4",), ())
    load(company, snapshot(COMPANY.users.entries, (*COMPANY.groups.entries, club)))
    text = words(visit(site, VIEWER))
    assert "No grant in force names any of these groups." in text
    assert "Also in book-club, without a grant." in text


@pytest.mark.usefixtures("seeing")
def test_that_somebody_else_is_not_known_is_quoted_since_it_speaks_to_them(site: Site) -> None:
    text = words(visit(site, ADS, user="nobody@example.com"))
    assert "They are told: “you (nobody@example.com) are not in the company directory”." in text


@pytest.mark.usefixtures("seeing")
def test_who_may_can_look_at_what_somebody_else_may(site: Site) -> None:
    text = words(visit(site, ADS, user=SEARCH))
    assert f"What {SEARCH} may do" in text
    assert f"{SEARCH} may · by everybody, search-oncall" in text


@pytest.mark.usefixtures("seeing")
@pytest.mark.parametrize("reader", [VIEWER, GONE, "nobody@example.com"])
def test_who_is_in_no_group_that_may_see_others_sees_themselves(site: Site, reader: str) -> None:
    for query in ({"user": SEARCH}, {"user": SEARCH, "action": "scale:search/ranker"}):
        ask(site, reader, 403, query)
    html = visit(site, reader, action="scale:search/ranker")
    assert "You may not scale:search/ranker" in words(html)
    assert "Who may is shown to those who may view:access." in words(html)
    assert SEARCH not in html
    assert ADMIN not in html
    assert 'href="/ops/access/grants"' not in html
    with site.client(reader) as client:
        assert client.get(GRANTS_PAGE).status_code == 403
        client.cookies.clear()
        for path in (PAGE, GRANTS_PAGE):
            assert client.get(path).status_code == 401


@pytest.mark.parametrize("path", [PAGE, GRANTS_PAGE])
def test_a_held_sync_is_told_to_those_who_may_decide(site: Site, company: psycopg.Connection, path: str) -> None:
    let_see_others(company)
    run = path_of(hold(company))
    company.commit()
    for reader in (ADMIN, ADS):
        with site.client(reader) as client:
            html = client.get(path).text
        told = "Held: Users and groups stay as they are until somebody decides about sync" in words(html)
        assert (told, f'href="{run}"' in html) == (reader == ADMIN, reader == ADMIN)


@pytest.mark.usefixtures("seeing")
def test_an_action_is_answered_in_the_headline_with_the_grant_and_the_path(site: Site) -> None:
    html = visit(site, ADS, action="view:workers")
    text = words(html)
    assert text.startswith("You may view:workers")
    assert "everybody may view workers. Allowed" in text
    assert "Path everybody → ads-oncall → you" in text
    assert "Who may · 3 people" in text
    assert rows(html, "Who may") == [
        f"Platform {ADMIN} everybody → platform-admins view:workers no end",
        "Ads on call you everybody → ads-oncall view:workers no end",
        f"Search on call {SEARCH} everybody → search-oncall view:workers no end",
    ]


def test_limits_are_told_since_they_are_judged_only_with_a_request(site: Site) -> None:
    text = words(visit(site, ADS, action="scale:ads/bidder"))
    assert "Limits are judged with each request." in text
    assert "Limits 1 to 20" in text


def test_a_name_in_other_letters_is_still_the_readers_own(site: Site) -> None:
    text = words(visit(site, ADS, user=ADS.upper(), action="view:workers"))
    assert text.startswith("You may view:workers")
    assert "Path everybody → ads-oncall → you" in text
    assert words(visit(site, ADS, user=ADS.upper())).startswith("Access What you may do")


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("scale:ads/bider", "Unknown: there is no pool 'ads/bider' in the catalog; did you mean ads/bidder"),
        ("run:rebuild", "Unknown: there is no operation 'rebuild' in the catalog;"),
        ("set:ads/batchsize", "Unknown: there is no setting 'ads/batchsize' in the catalog; did you mean ads/batch-"),
    ],
)
def test_what_the_catalog_does_not_have_is_told_as_unknown(site: Site, action: str, told: str) -> None:
    assert told in words(visit(site, ADMIN, action=action))


@pytest.mark.parametrize(
    "action", ["scale:ads/bidder", "scale:adz/*", "run:purge-cache", "set:ads/batch-size", "view:nothing", "*"]
)
def test_what_there_is_or_may_be_is_not_called_unknown(site: Site, action: str) -> None:
    assert "Unknown:" not in words(visit(site, ADMIN, action=action))


@pytest.mark.parametrize(("action", "told"), [("run:purge-cache", True), ("run:rebuild-report", False), ("*", False)])
def test_that_a_right_alone_is_not_enough_is_told(site: Site, action: str, told: bool) -> None:
    needed = "Takes a second person: somebody in platform-admins, and not who asks, has to approve each run."
    assert (needed in words(visit(site, ADMIN, action=action))) is told


@pytest.mark.usefixtures("seeing")
def test_a_refusal_says_why_and_who_may_instead(site: Site) -> None:
    html = visit(site, ADS, action="scale:search/ranker")
    text = words(html)
    assert text.startswith("You may not scale:search/ranker")
    assert "You are in no group that may scale:search/*; ads-oncall may scale ads/*; ask search-oncall" in text
    assert next(row.split(" scale:")[0] for row in rows(html, "Who may")) == f"Search on call {SEARCH} search-oncall"


def test_somebody_else_s_refusal_is_quoted_since_it_speaks_to_them(site: Site) -> None:
    text = words(visit(site, ADMIN, action="scale:search/ranker", user=ADS))
    assert text.startswith(f"{ADS} may not scale:search/ranker")
    assert "They are told: “you are in no group that may scale:search/*;" in text


def test_what_nobody_may_says_so(site: Site, company: psycopg.Connection) -> None:
    access.apply_catalog_grants(company, (), confirmed=True)
    let_see_others(company)
    assert "Nobody may. No grant in force covers it" in words(visit(site, ADS, action="run:purge"))


def test_more_people_than_a_page_shows_are_counted(site: Site, company: psycopg.Connection) -> None:
    crowd = tuple(DirectoryUser(f"c-{n}", f"c{n:03}@example.com", f"C {n}", active=True) for n in range(230))
    group = DirectoryGroup("g-1", "ads-oncall", tuple(user.external_id for user in crowd), ())
    load(company, snapshot((*COMPANY.users.entries, *crowd), (group, *COMPANY.groups.entries[1:])))
    html = visit(site, ADMIN, action="scale:ads/bidder")
    assert "Who may · the first 200 of 231 people" in words(html)
    assert len(rows(html, "Who may")) == 200


@pytest.mark.parametrize("action", ["Scale all", "scale", "scale:", "drop:table", HOSTILE, "x" * 5000])
def test_what_is_no_action_is_told_and_stays_in_the_box(site: Site, action: str) -> None:
    html = ask(site, ADS, 422, {"action": action})
    assert "is not accepted; accepted is scale, run, set, view or manage with a resource" in words(html)
    assert "<script>alert" not in html
    if len(action) < 100:
        assert f'name="action" value="{action}"' in html.replace("&#34;", '"').replace("&lt;", "<").replace("&gt;", ">")


def test_the_box_suggests_ones_own_actions(site: Site) -> None:
    suggested = visit(site, ADS).partition("<datalist")[2].partition("</datalist>")[0]
    assert '<option value="scale:ads/*">' in suggested
    assert "search:" not in suggested
    assert "run:" not in suggested


@pytest.mark.usefixtures("seeing")
def test_the_box_suggests_the_actions_that_there_are_to_who_sees_others(site: Site) -> None:
    html = visit(site, ADS)
    suggested = html.partition("<datalist")[2].partition("</datalist>")[0]
    for action in (
        "scale:ads/bidder", "scale:search/ranker", "scale:ads/*", "view:workers", "*",
        "set:ads/batch-size", "set:search/*", "run:purge-cache",
    ):  # fmt: skip
        assert f'<option value="{action}">' in suggested


@pytest.mark.usefixtures("seeing")
def test_names_from_outside_stay_text(site: Site, company: psycopg.Connection) -> None:
    user = DirectoryUser("u-9", "nine@example.com", HOSTILE, active=True)
    group = DirectoryGroup("g-9", HOSTILE, ("u-9",), ())
    load(company, snapshot((*COMPANY.users.entries, user), (*COMPANY.groups.entries, group)))
    access.give_grant(company, HOSTILE, "run:purge", Limits(), None, by=HOSTILE, reason=HOSTILE)
    for query in ({"user": "nine@example.com"}, {"action": "run:purge"}, {"user": HOSTILE}):
        html = visit(site, ADS, **query)
        assert "<script>alert" not in html
        assert HOSTILE in words(html)


@pytest.fixture
def denied(company: psycopg.Connection) -> str:
    """The run of a request that was denied, for another reason than now."""
    asked = request(actor=ADS, resource="search/ranker", run_id="run+1")
    ledger.append(company, asked, Event.DENIED, Details(requested=9, message="you were in no group then"))
    company.commit()
    return asked.run_id


@pytest.mark.usefixtures("seeing")
@pytest.mark.parametrize(("reader", "sees"), [(ADS, True), (ADMIN, True), (SEARCH, False)])
def test_why_tells_what_is_on_record_and_what_would_be_decided_now(
    site: Site, denied: str, reader: str, sees: bool
) -> None:
    text = words(visit(site, reader, action="scale:search/ranker", user=ADS, run_id=denied))
    assert ("On record" in text, "Recorded: you were in no group then" in text) == (sees, sees)
    assert "you are in no group that may scale:search/*" in text.lower()


@pytest.mark.parametrize(
    ("reader", "name", "told"),
    [
        (ADS, "You", "Grant ads-oncall → scale:ads/* allows at most 20, you asked for 60."),
        (ADMIN, ADS, "They are told: “grant ads-oncall → scale:ads/* allows at most 20, you asked for 60”."),
    ],
)
def test_who_was_refused_for_the_limits_may_within_them(
    site: Site, company: psycopg.Connection, reader: str, name: str, told: str
) -> None:
    asked = request(actor=ADS, resource="ads/bidder", run_id="run+2")
    ledger.append(company, asked, Event.DENIED, Details(before=6, requested=60, message="at most 20"))
    company.commit()
    query = {"action": "scale:ads/bidder", "user": ADS, "run_id": "run+2"}
    text = words(visit(site, reader, **query))
    assert text.startswith(f"{name} may, within limits, scale:ads/bidder")
    assert f"Now {told} Beyond the limits Grant ads-oncall → scale:ads/*" in text
    assert "Allowed" not in text.partition("Who may")[0]
    other = words(visit(site, reader, **{**query, "action": "view:workers"}))
    assert other.startswith(f"{name} may view:workers"), "the record is of another action"


@pytest.mark.parametrize(
    ("limits", "before", "requested", "told"),
    [
        (Limits(max=1), 0.5, 1.5, "allows at most 1, you asked for 1.5"),
        (Limits(max=1), "low", "high", "has limits, which judge numbers only, and what you asked for is none"),
        (Limits(max_change=1), None, 9, "allows changes of at most 1 at a time, and what is there now is no number"),
        (Limits(max=5, max_change=1), None, 9, "allows at most 5, you asked for 9"),
    ],
)
def test_who_was_refused_a_setting_for_the_limits_reads_the_same(
    site: Site, company: psycopg.Connection, limits: Limits, before: Value, requested: Value, told: str
) -> None:
    with_grants(company, grant("ads-oncall", "set:ads/*", limits=limits), grant("everybody", "view:*"))
    asked = request(actor=ADS, action="set", resource="ads/batch-size", run_id="run+3")
    details = Details(before=before, requested=requested, grant="ads-oncall → set:ads/*", message="denied")
    ledger.append(company, asked, Event.DENIED, details)
    company.commit()
    text = words(visit(site, ADS, action="set:ads/batch-size", user=ADS, run_id="run+3"))
    assert text.startswith("You may, within limits, set:ads/batch-size")
    assert f"Grant ads-oncall → set:ads/* {told}. Beyond the limits" in text


def test_why_tells_which_groups_were_others_then(site: Site, company: psycopg.Connection, denied: str) -> None:
    query = {"action": "scale:search/ranker", "user": ADS, "run_id": denied}
    assert "The groups were the same as now." in words(visit(site, ADS, **query))
    ads, search, *others = COMPANY.groups.entries
    moved = (replace(ads, member_users=()), replace(search, member_users=("u-1", "u-2")))
    load(company, snapshot(COMPANY.users.entries, (*moved, *others)))
    text = words(visit(site, ADS, **query))
    assert "Groups then ads-oncall, everybody Left since ads-oncall Joined since search-oncall" in text
    assert "You may scale:search/ranker" in text


def test_a_record_is_of_the_person_asked_about(site: Site, denied: str) -> None:
    assert "On record" not in words(visit(site, ADMIN, action="scale:search/ranker", user=SEARCH, run_id=denied))
    assert "On record" not in words(visit(site, ADMIN, action="scale:search/ranker", user=ADS, run_id="run-2"))


def test_old_groups_are_warned_of_and_too_old_ones_refuse(site: Site, company: psycopg.Connection) -> None:
    company.execute("UPDATE ops.sources SET applied_at = clock_timestamp() - interval '4 hours'")
    company.commit()
    assert "The groups are getting old:" in visit(site, ADS)
    company.execute("UPDATE ops.sources SET applied_at = clock_timestamp() - interval '7 hours'")
    company.commit()
    html = visit(site, ADS, action="scale:ads/bidder")
    assert "Everything is refused:" in html
    assert 'href="/ops/access/sources">Sources</a>' in html
    assert "You may not scale:ads/bidder" in words(html)


def test_too_old_groups_give_nothing_and_nobody_is_listed(site: Site, company: psycopg.Connection) -> None:
    let_see_others(company)
    company.execute("UPDATE ops.sources SET applied_at = clock_timestamp() - interval '7 hours'")
    company.commit()
    found = access.describe(company, ADS)
    assert (found.groups, found.grants) == (("ads-oncall", "everybody"), ())
    assert access.explain(company, ADMIN, "scale:ads/bidder").holders.count == 0
    company.rollback()
    text = words(visit(site, ADS))
    assert "The company directory was last read completely 7 hours ago" in text
    assert "No grant in force names" not in text
    with site.client(ADMIN) as client:
        assert client.get(GRANTS_PAGE).status_code == 403

"""Grants as a list, the form that gives one and the form that revokes one; what they ask of Airflow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from ops_dashboard import access
from ops_dashboard.acts import CHANGE_GRANT_DAG_ID, ChangeGrantRequest, parse
from ops_dashboard.catalog import CatalogGrant, Limits
from tests.support.company import ADMIN, ADS, GRANTS, SEARCH, VIEWER
from tests.support.product_site import Site, rows, send, words

PAGE, GIVE = "/ops/access/grants", "/ops/access/grants/give"
GOOD = {"group": "search-oncall", "action": "scale:ads/reporter", "reason": "they help out"}


@pytest.fixture
def given(company: psycopg.Connection) -> int:
    """A grant that was given on the page; the ads on-call may manage such grants themselves."""
    access.give_grant(company, "ads-oncall", "manage:grants/scale/ads/*", Limits(), None, by=ADMIN, reason="their own")
    return access.give_grant(company, "search-oncall", "scale:ads/bidder", Limits(), None, by=ADS, reason="a night")


def listed(site: Site, user: str, **query: str) -> list[str]:
    with site.client(user) as client:
        return rows(client.get(PAGE, params=query).text, "Grants")


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            {},
            [
                "ads-oncall manage:grants/scale/ads/*",
                "ads-oncall scale:ads/*",
                "everybody view:workers",
                "platform-admins *",
                "search-oncall scale:ads/bidder",
                "search-oncall scale:search/*",
            ],
        ),
        ({"group": "ONCALL", "action": "search"}, ["search-oncall scale:search/*"]),
        ({"group": " everybody "}, ["everybody view:workers"]),
        ({"origin": "page"}, ["ads-oncall manage:grants/scale/ads/*", "search-oncall scale:ads/bidder"]),
        ({"origin": "catalog", "group": "ads"}, ["ads-oncall scale:ads/*"]),
        ({"action": ".*"}, []),
    ],
)
def test_filters_narrow_the_list(site: Site, query: dict[str, str], expected: list[str]) -> None:
    assert [" ".join(row.split()[:2]) for row in listed(site, ADMIN, **query)] == expected


@pytest.mark.parametrize("grants", [GRANTS, GRANTS[2:3]])
def test_an_unknown_origin_is_told_with_what_is_accepted(
    site: Site, company: psycopg.Connection, grants: Sequence[CatalogGrant]
) -> None:
    access.apply_catalog_grants(company, grants, confirmed=True)
    with site.client(ADMIN) as client:
        answer = client.get(PAGE, params={"origin": "<b>"})
    assert answer.status_code == 400
    assert "accepted are catalog, page." in answer.text
    assert "<b>" not in answer.text.partition("<main")[2]


def test_a_list_without_grants_says_so_and_leads_back(site: Site) -> None:
    with site.client(ADMIN) as client:
        html = client.get(PAGE, params={"group": "no-such"}).text
    assert "No grant fits the filter." in html
    assert f'<a href="{PAGE}">Show all</a>' in html


def test_a_long_list_is_cut_off_and_says_so(site: Site, company: psycopg.Connection) -> None:
    for number in range(210):
        access.give_grant(company, "ads-oncall", f"run:job-{number}", Limits(), None, by=ADMIN, reason="many")
    with site.client(ADMIN) as client:
        html = client.get(PAGE, params={"action": "run:"}).text
    assert len(rows(html, "Grants")) == 200
    assert "The first 200 of 210; the filters above find the others." in words(html)


@pytest.mark.parametrize(
    ("reader", "revocable"),
    [
        (ADMIN, {"manage:grants/scale/ads/*", "scale:ads/bidder"}),
        (ADS, {"scale:ads/bidder"}),
        (SEARCH, set()),
        (VIEWER, set()),
    ],
)
def test_revoking_and_giving_is_offered_to_those_only_who_may(
    site: Site, given: int, reader: str, revocable: set[str]
) -> None:
    assert {row.split()[1] for row in listed(site, reader) if "Revoke" in row} == revocable
    with site.client(reader) as client:
        assert ("Give a grant" in client.get(PAGE).text) == bool(revocable)
        assert client.get(GIVE).status_code == (200 if revocable else 403)
        revoke = client.get(f"{PAGE}/{given}/revoke").status_code
        assert revoke == (200 if "scale:ads/bidder" in revocable else 404)


def test_who_may_neither_see_nor_give_grants_does_not_learn_which_there_are(
    site: Site, company: psycopg.Connection
) -> None:
    """Not from the form's answers either, whatever is sent to it."""
    grant_id = access.give_grant(company, "everybody", "run:secret", Limits(), None, by=ADMIN, reason="a night")
    company.commit()
    with site.client(ADS) as client:
        answer = client.get(f"{PAGE}/{grant_id}/revoke")
        assert (answer.status_code, "run:secret" in answer.text) == (404, False)
        assert "search:" not in client.get("/ops/access").text.partition("<datalist")[2]
        for_now = access.give_grant(
            company, "ads-oncall", "manage:grants/x", Limits(), None, by=ADMIN, reason="a token"
        )
        token = re.findall(r'name="csrf_token" value="([^"]*)"', client.get(GIVE).text)[0]
        access.revoke_grant(company, for_now, by=ADMIN)
        for fields in (GOOD, {"step": "change"}, {"step": "review", **GOOD}, {}):
            form = {"csrf_token": token, **fields}
            sent = client.post(GIVE, data=form, headers={"Sec-Fetch-Site": "same-origin"})
            assert sent.status_code == 403, fields
            assert "ads-oncall" not in sent.text.partition("<datalist")[2]


@pytest.mark.parametrize(
    ("pattern", "gives"),
    [
        ("*", True),
        ("manage:*", True),
        ("manage:gr*", True),
        ("manage:grants", True),
        ("manage:grants/scale/ads/bidder", True),
        ("manage:access", False),
        ("manage:a*", False),
        ("view:*", False),
    ],
)
def test_the_form_is_for_whoever_may_give_anything_at_all(
    site: Site, company: psycopg.Connection, pattern: str, gives: bool
) -> None:
    access.give_grant(company, "search-oncall", pattern, Limits(), None, by=ADMIN, reason="to try")
    with site.client(SEARCH) as client:
        assert client.get(GIVE).status_code == (200 if gives else 403)


def test_the_form_asks_for_the_grant_as_the_person_and_leads_to_the_run(site: Site) -> None:
    until = (datetime.now(UTC) + timedelta(days=2)).replace(second=0, microsecond=0)
    fields = {**GOOD, "min": "1", "max": " 4 ", "expires_at": f"{until:%Y-%m-%dT%H:%M}"}
    with site.client(ADMIN) as client:
        answer = send(client, GIVE, **fields)
        assert answer.status_code == 303, words(answer.text)
    ((run_id, run),) = site.airflow.asked.items()
    assert answer.headers["location"] == f"/ops/runs/{CHANGE_GRANT_DAG_ID}/{run_id}"
    assert (run["dag_id"], run["triggering_user_name"]) == (CHANGE_GRANT_DAG_ID, ADMIN)
    asked = parse(ChangeGrantRequest, run["conf"])
    assert asked == ChangeGrantRequest(
        change="grant",
        group="search-oncall",
        action="scale:ads/reporter",
        limits=Limits(min=1, max=4),
        expires_at=until,
        reason="they help out",
    )


def test_what_is_left_empty_is_open(site: Site) -> None:
    with site.client(ADMIN) as client:
        send(client, GIVE, **GOOD, min="", max="", max_change="", expires_at="")
    ((_, run),) = site.airflow.asked.items()
    assert (run["conf"]["limits"], run["conf"]["expires_at"]) == (None, None)


def test_pressing_the_button_twice_asks_once(site: Site) -> None:
    with site.client(ADMIN) as client:
        page = client.get(GIVE).text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        for _ in range(2):
            client.post(GIVE, data={**hidden, **GOOD}, headers={"Sec-Fetch-Site": "same-origin"})
        assert len(site.airflow.asked) == 1
        send(client, GIVE, **GOOD)
    assert len(site.airflow.asked) == 2


MISTAKES: list[tuple[dict[str, str], str]] = [
    ({"group": "serach-oncall"}, "the company directory has no group 'serach-oncall'; did you mean search-oncall"),
    ({"group": ""}, "accepted is the name of a group in the directory"),
    ({"action": "Scale everything"}, "'Scale everything' is not accepted; accepted is scale, run, set, view or manage"),
    ({"action": ""}, "'' is not accepted; accepted is scale, run, set, view or manage"),
    ({"min": "-1"}, "'-1' is not accepted; accepted is a whole number from 0"),
    ({"max": "many"}, "'many' is not accepted; accepted is a whole number from 0"),
    ({"max": "٣"}, "'٣' is not accepted"),
    ({"min": "5", "max": "4"}, "accepted is at least min, which is 5"),
    ({"max_change": "0"}, "0 is not accepted; accepted is a whole number from 1"),
    ({"expires_at": "tomorrow"}, "'tomorrow' is not accepted; accepted is a date and time"),
    ({"expires_at": "2020-01-01T00:00"}, "2020-01-01 00:00 UTC has passed; accepted is a later time"),
    ({"reason": "  "}, "accepted is a few words that say why"),
    ({"reason": "x" * 501}, "accepted is a few words that say why, at most 500 characters"),
]


@pytest.mark.parametrize(("fields", "told"), MISTAKES, ids=[str(fields)[:40] for fields, _ in MISTAKES])
def test_a_mistake_is_told_at_its_field_and_nothing_typed_is_lost(
    site: Site, fields: dict[str, str], told: str
) -> None:
    typed = {**GOOD, **fields}
    with site.client(ADMIN) as client:
        answer = send(client, GIVE, **typed)
    assert answer.status_code == 422
    name = list(fields)[-1]
    (mistake,) = re.findall(rf'<p class="mistake" id="field-{name}-error">(.*?)</p>', answer.text, re.DOTALL)
    assert told in words(mistake)
    for field, value in typed.items():
        assert f"{value}</textarea>" in answer.text or re.search(
            rf'name="{field}"[^>]*value="{re.escape(value)}"', answer.text
        )
    assert site.airflow.asked == {}


@pytest.mark.usefixtures("given")
def test_all_mistakes_are_told_at_once_before_anything_is_asked_for(site: Site) -> None:
    fields = {"group": "nope", "action": "scale:search/ranker", "max": "many", "reason": " ", "step": "review"}
    with site.client(ADS) as client:
        answer = send(client, GIVE, **fields)
    assert answer.status_code == 422
    mistakes = re.findall(r'id="field-(\w+)-error">(.*?)</p>', answer.text, re.DOTALL)
    assert [field for field, _ in mistakes] == ["group", "action", "max", "reason"]
    assert "you are in no group that may manage:grants/scale/search/ranker" in dict(mistakes)["action"]


def test_limits_of_what_has_no_number_are_told_beside_them(site: Site) -> None:
    with site.client(ADMIN) as client:
        answer = send(client, GIVE, **{**GOOD, "action": "run:purge-cache"}, max="1", step="review")
    assert answer.status_code == 422
    (told,) = re.findall(r'<p class="mistake">(.*?)</p>', answer.text)
    assert told.startswith("accepted is nothing for run:purge-cache: limits are for actions that begin with")


def test_the_grant_is_looked_at_and_asked_for_as_it_was_seen(site: Site) -> None:
    with site.client(ADMIN) as client:
        review = send(client, GIVE, **{**GOOD, "action": "scale:ads/nope"}, max=" 4 ", min="", step="review")
        assert review.status_code == 200
        text = words(review.text)
        assert "Group search-oncall Action scale:ads/nope Limits at most 4 Until no end Reason they help out" in text
        assert "Unknown: there is no pool 'ads/nope' in the catalog" in text
        assert site.airflow.asked == {}
        found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', review.text))
        headers = {"Sec-Fetch-Site": "same-origin"}
        for step in ("change", "give", "give"):
            answer = client.post(GIVE, data={**found, "step": step}, headers=headers)
            assert answer.status_code == (200 if step == "change" else 303)
    ((_, run),) = site.airflow.asked.items()
    assert (run["conf"]["action"], run["conf"]["limits"]["max"]) == ("scale:ads/nope", 4)


def test_where_airflow_refuses_nothing_typed_is_lost(site: Site) -> None:
    site.airflow.paused.add(CHANGE_GRANT_DAG_ID)
    with site.client(ADMIN) as client:
        answer = send(client, GIVE, **GOOD, step="give")
    assert answer.status_code == 409
    assert "This is switched off:" in words(answer.text)
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    assert {name: found[name] for name in GOOD} == GOOD


@pytest.mark.usefixtures("given")
def test_nobody_gives_what_they_may_not_manage(site: Site) -> None:
    with site.client(ADS) as client:
        answer = send(client, GIVE, **{**GOOD, "action": "scale:search/ranker"})
        assert answer.status_code == 422
        assert "you are in no group that may manage:grants/scale/search/ranker" in words(answer.text)
        assert site.airflow.asked == {}
        assert send(client, GIVE, **GOOD).status_code == 303


def test_the_form_is_filled_in_from_the_address(site: Site) -> None:
    with site.client(ADMIN) as client:
        html = client.get(GIVE, params={"group": "ads-oncall", "action": '"><b>'}).text
    assert 'name="group" aria-describedby="field-group-hint" value="ads-oncall"' in html
    assert 'value="&#34;&gt;&lt;b&gt;"' in html


def test_the_form_says_what_one_may_give(site: Site, given: int) -> None:
    with site.client(ADS) as client:
        text = words(client.get(GIVE).text)
    assert text.endswith("You may give what these grants of yours cover: ads-oncall manage:grants/scale/ads/*")


def test_a_paused_dag_is_told_before_and_after_the_form_is_sent(site: Site, given: int) -> None:
    site.airflow.paused.add(CHANGE_GRANT_DAG_ID)
    with site.client(ADMIN) as client:
        for path in (GIVE, f"{PAGE}/{given}/revoke"):
            assert f"DAG {CHANGE_GRANT_DAG_ID} is paused in Airflow." in client.get(path).text
            assert send(client, path, **GOOD).status_code == 409
    assert site.airflow.asked == {}


def test_revoking_asks_for_exactly_this_grant(site: Site, given: int) -> None:
    path = f"{PAGE}/{given}/revoke"
    with site.client(ADS) as client:
        html = client.get(path).text
        assert words(html).startswith("Revoke search-oncall → scale:ads/bidder")
        answer = send(client, path, reason="the night is over")
    ((run_id, run),) = site.airflow.asked.items()
    assert answer.headers["location"] == f"/ops/runs/{CHANGE_GRANT_DAG_ID}/{run_id}"
    asked = parse(ChangeGrantRequest, run["conf"])
    assert (asked.change, asked.group, asked.action) == ("revoke", "search-oncall", "scale:ads/bidder")
    assert (asked.grant_id, asked.reason) == (given, "the night is over")


def test_revoking_needs_a_reason(site: Site, given: int) -> None:
    with site.client(ADMIN) as client:
        answer = send(client, f"{PAGE}/{given}/revoke", reason=" ")
    assert answer.status_code == 422
    assert "accepted is a few words that say why" in words(answer.text)
    assert site.airflow.asked == {}


@pytest.mark.parametrize("grant_id", ["0", "999999", "-1", "x", "9" * 40, "<b>"])
def test_a_grant_that_is_not_in_force_is_not_found(site: Site, grant_id: str) -> None:
    with site.client(ADMIN) as client:
        answer = client.get(f"{PAGE}/{grant_id}/revoke")
    assert answer.status_code == 404
    assert "<b>" not in answer.text.partition("<main")[2]


def test_a_revoked_grant_is_gone_from_the_list(site: Site, company: psycopg.Connection, given: int) -> None:
    access.revoke_grant(company, given, by=ADMIN)
    assert not [row for row in listed(site, ADMIN) if "scale:ads/bidder" in row]
    with site.client(ADMIN) as client:
        assert client.get(f"{PAGE}/{given}/revoke").status_code == 404


def test_a_grant_of_the_catalog_is_changed_in_git(site: Site, company: psycopg.Connection) -> None:
    (grant,) = [grant for grant in access.live_grants(company) if grant.action == "scale:ads/*"]
    company.commit()
    with site.client(ADMIN) as client:
        answer = client.get(f"{PAGE}/{grant.grant_id}/revoke")
    assert answer.status_code == 409
    assert "The catalog declares ads-oncall → scale:ads/*" in words(answer.text)

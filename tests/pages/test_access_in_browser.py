"""The access pages in a real browser: accessible, no wider than a phone, and asking twice before a grant is given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from ops_dashboard import access
from ops_dashboard.catalog import Limits
from ops_dashboard.directory import Listing
from tests.pages.test_sources import hold, path_of
from tests.support.browser import WIDE, accessibility_findings, check_look, each_look
from tests.support.company import ADMIN, ADS, COMPANY, load
from tests.support.product_site import Site

pytestmark = pytest.mark.browser

ACCESS = "/ops/access"


@pytest.fixture
def pages(site: Site, company: psycopg.Connection) -> list[str]:
    """The addresses of all of them, with something on each."""
    first, *others = COMPANY.groups.entries
    load(company, replace(COMPANY, groups=Listing((replace(first, problem="HTTP 503"), *others), "all groups")))
    reason = "Search helps out while ads is at the offsite"
    given = access.give_grant(
        company, "search-oncall", "scale:ads/reporter", Limits(max=4), None, by=ADS, reason=reason
    )
    run = path_of(hold(company))
    return [
        ACCESS,
        f"{ACCESS}?action=view:workers",
        f"{ACCESS}?action=scale:ads/bidder&user=nobody@example.com",
        f"{ACCESS}?action=none",
        f"{ACCESS}/grants",
        f"{ACCESS}/grants?group=no-such",
        f"{ACCESS}/grants/give",
        f"{ACCESS}/grants/{given}/revoke",
        f"{ACCESS}/sources",
        run,
        f"{run}/release",
    ]


def open_page(chromium: Browser, site: Site, **options: object) -> Iterator[Page]:
    context = chromium.new_context(base_url=site.address, reduced_motion="reduce", **options)  # type: ignore[arg-type]
    context.add_cookies([{"name": "user", "value": ADMIN, "url": site.address}])
    yield context.new_page()
    context.close()


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    yield from open_page(chromium, site, viewport=WIDE)


@pytest.fixture
def page_without_scripts(chromium: Browser, site: Site) -> Iterator[Page]:
    yield from open_page(chromium, site, java_script_enabled=False)


@each_look
def test_axe_finds_nothing_and_nothing_runs_out_of_the_screen(
    chromium: Browser, site: Site, pages: list[str], look: dict[str, Any]
) -> None:
    for page in open_page(chromium, site, **look):
        for path in pages:
            page.goto(path)
            check_look(page, path)


def test_the_grant_is_looked_at_before_it_is_given(page: Page, site: Site) -> None:
    page.goto(f"{ACCESS}/grants/give")
    page.get_by_label("Group").fill("search-oncall")
    page.get_by_label("Action").fill("scale:ads/*")
    page.get_by_label("Most").fill("4")
    page.get_by_label("Expires at (UTC)").fill("2099-12-31T18:00")
    page.get_by_label("Reason").fill("they help out")
    page.get_by_role("button", name="Review the grant").click()
    for term, value in (("Group", "search-oncall"), ("Action", "scale:ads/*"), ("Limits", "at most 4")):
        expect(page.locator(f"dt:text-is('{term}') + dd")).to_have_text(value)
    assert accessibility_findings(page) == []
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_label("Expires at (UTC)")).to_have_value("2099-12-31T18:00")
    expect(page.get_by_label("Reason")).to_have_value("they help out")
    assert site.airflow.asked == {}
    page.get_by_role("button", name="Review the grant").click()
    page.get_by_role("button", name="Give it now").click()
    expect(page).to_have_url(re.compile("/ops/runs/ops_change_grant/page__"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Give search-oncall → scale:ads/*")
    assert len(site.airflow.asked) == 1


def test_after_a_mistake_the_focus_is_at_its_field(page: Page, site: Site) -> None:
    page.goto(f"{ACCESS}/grants/give")
    page.get_by_label("Group").fill("no-such-group")
    page.get_by_label("Action").fill("scale:ads/*")
    page.get_by_label("Reason").fill("they help out")
    page.get_by_role("button", name="Review the grant").click()
    page.get_by_text("the company directory has no group 'no-such-group'").wait_for()
    assert page.evaluate("document.activeElement.name") == "group"
    expect(page.get_by_label("Reason")).to_have_value("they help out")
    assert accessibility_findings(page) == []


def test_the_question_is_asked_by_pressing_enter(page: Page) -> None:
    page.goto(ACCESS)
    box = page.get_by_role("combobox", name=re.compile("Who may"))
    box.fill("scale:ads/bidder")
    box.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("You may scale:ads/bidder")


def test_everything_works_without_scripts(page_without_scripts: Page, site: Site, company: psycopg.Connection) -> None:
    page = page_without_scripts
    path = path_of(hold(company))
    page.goto(f"{ACCESS}/sources")
    page.get_by_role("link", name="Look at what it would change").click()
    page.get_by_role("link", name="Release …").click()
    page.get_by_label("Reason").fill("they changed teams")
    page.locator("form button[type=submit]").first.click()
    expect(page).to_have_url(re.compile("/ops/runs/ops_decide_sync/page__"))
    page.goto(ACCESS)
    page.get_by_role("combobox", name=re.compile("Who may")).fill("view:workers")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("You may view:workers")
    assert [run["conf"]["source"] for run in site.airflow.asked.values()] == [path.split("/")[4]]

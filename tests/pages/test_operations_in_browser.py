"""The operations' pages in a real browser: choices that follow, all of it without scripts, and accessible."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.pages.operation_site import PAGE
from tests.support.browser import PHONE, WIDE, check_look, each_look
from tests.support.company import SEARCH
from tests.support.product_site import Site

pytestmark = pytest.mark.browser


@pytest.fixture
def site(operation_site: Site) -> Site:
    return operation_site


def open_page(chromium: Browser, site: Site, reader: str, **how: Any) -> Iterator[Page]:
    context = chromium.new_context(base_url=site.address, reduced_motion="reduce", **how)
    context.add_cookies([{"name": "user", "value": reader, "url": site.address}])
    yield context.new_page()
    context.close()


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    yield from open_page(chromium, site, SEARCH, viewport=WIDE)


@pytest.fixture
def page_without_scripts(chromium: Browser, site: Site) -> Iterator[Page]:
    yield from open_page(chromium, site, SEARCH, viewport=PHONE, java_script_enabled=False)


def shards(page: Page) -> list[str]:
    return page.get_by_label("Shard").locator("option").all_inner_texts()


@pytest.mark.usefixtures("offers")
def test_choices_follow_at_once_and_nothing_else_changes(page: Page) -> None:
    page.goto(f"{PAGE}/purge-cache")
    page.get_by_label("Reason").fill("typed before")
    region = page.get_by_label("Region")
    region.focus()
    region.select_option("eu")
    expect(page.locator("[data-renewed]")).to_have_text("Choices updated: Shard")
    assert shards(page) == ["Choose …", "Label of e1", "Label of e2"]
    expect(region).to_be_focused()
    expect(page.get_by_label("Reason")).to_have_value("typed before")
    region.select_option("us")
    expect(page.get_by_label("Shard").locator("option")).to_have_text(["Nothing to choose from"])


def in_background(route: Route) -> bool:
    return route.request.resource_type == "fetch"


@pytest.mark.usefixtures("offers")
def test_choices_that_cant_be_fetched_are_asked_for_by_a_page(page: Page) -> None:
    page.goto(f"{PAGE}/purge-cache")
    page.route(
        "**/purge-cache", lambda route: route.abort() if route.request.resource_type == "fetch" else route.continue_()
    )
    with page.expect_navigation():
        page.get_by_label("Region").select_option("eu")
    assert shards(page) == ["Choose …", "Label of e1", "Label of e2"]


@pytest.mark.usefixtures("offers")
def test_all_of_it_works_without_scripts(page_without_scripts: Page, site: Site) -> None:
    page = page_without_scripts
    page.goto(f"{PAGE}/purge-cache")
    page.get_by_label("Region").select_option("eu")
    page.get_by_role("button", name="Update choices").click()
    page.get_by_label("Shard").select_option("e2")
    page.get_by_label("Reason").fill("no scripts")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_label("Shard")).to_have_value("e2")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Ask for approval").click()
    page.wait_for_url("**/ops/runs/ops_run_purge-cache/page__*")
    ((_, asked),) = site.airflow.asked.items()
    assert asked["conf"] == {"region": "eu", "shard": "e2", "reason": "no scripts"}


@pytest.mark.usefixtures("offers")
@each_look
def test_axe_finds_nothing(chromium: Browser, site: Site, look: dict[str, Any]) -> None:
    for page in open_page(chromium, site, SEARCH, **look):
        for path in ("", "?q=nothing-like-it", "/purge-cache?region=eu", "/rebuild-report"):
            page.goto(f"{PAGE}{path}")
            check_look(page, path)
        page.goto(f"{PAGE}/purge-cache?region=eu&shard=e1&reason=x")
        page.get_by_role("button", name="Review").click()
        page.get_by_role("button", name="Ask for approval").wait_for()
        check_look(page, "the review")

"""The pages in a real browser: the main job by clicking, and what a mouse alone would not show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from demo.client import Client
from demo.stack import Stack
from tests.support.browser import (
    WIDE,
    check_look,
    each_look,
    operations_frame,
    sign_in,
    signed_in,
)
from tests.support.running_stack import ADS, SCALE_DAG, SEARCH, VIEWER

pytestmark = [pytest.mark.stack, pytest.mark.browser]

PAGES = [
    "/ops/workers",
    "/ops/workers?q=nothing-like-it",
    "/ops/workers/ads/bidder/scale",
    "/ops/operations",
    "/ops/operations?q=nothing-like-it",
    "/ops/operations/rebuild-report",
    "/ops/operations/repair-orders",
    "/ops/settings",
    "/ops/settings?q=nothing-like-it",
    "/ops/settings/ads/batch-size",
    "/ops/settings/ads/batch-size?value=50&expected=1",
    "/ops/audit",
    "/ops/access",
    "/ops/access?action=scale:ads/bidder",
    "/ops/access/grants",
    "/ops/access/sources",
    "/ops/docs",
]


@pytest.fixture(scope="module")
def ads_session(chromium: Browser, stack: Stack) -> Iterator[BrowserContext]:
    context = signed_in(chromium, stack, ADS, viewport=WIDE)
    yield context
    context.close()


@pytest.fixture
def page(ads_session: BrowserContext) -> Iterator[Page]:
    opened = ads_session.new_page()
    yield opened
    opened.close()


def test_from_login_to_all_workers_ready_by_clicking(chromium: Browser, stack: Stack, ads: Client) -> None:
    run_id = ads.trigger(SCALE_DAG, {"pool": "ads/bidder", "replicas": 6, "reason": "where the story begins"})
    assert ads.wait_for_run(SCALE_DAG, run_id) == "success"
    context = sign_in(chromium, stack, ADS, viewport=WIDE)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name="Operations").first.click()
    frame = operations_frame(page)

    row = frame.get_by_role("row").filter(has_text="ads/bidder")
    row.get_by_role("link", name=re.compile("Scale")).click()
    frame.get_by_label("Workers", exact=True).first.fill("9")
    frame.get_by_label("Reason").fill("bid backlog is rising")
    frame.get_by_role("button", name="Review change").click()
    dialog = frame.get_by_role("dialog")
    expect(dialog).to_contain_text("ads/bidder")
    expect(dialog).to_contain_text("6")
    expect(dialog).to_contain_text("9")
    dialog.get_by_role("button", name="Scale now").click()

    expect(frame.get_by_text("9 of 9 ready").first).to_be_visible(timeout=60_000)
    expect(frame.get_by_text("Done", exact=True).first).to_be_visible(timeout=60_000)
    expect(page).to_have_url(re.compile("/plugin/operations"))

    frame.get_by_role("link", name="Open in Airflow").click()
    expect(page).to_have_url(re.compile(f"/dags/{SCALE_DAG}/runs/page__[0-9a-f]+"))
    expect(page.locator("iframe")).to_have_count(0)
    context.close()


def test_a_mistake_is_told_at_the_field_and_nothing_typed_is_lost(page: Page) -> None:
    page.goto("/ops/workers/ads/bidder/scale")
    page.locator("form").first.evaluate("form => form.noValidate = true")
    page.get_by_label("Workers", exact=True).first.fill("99")
    page.get_by_label("Reason").fill("too many")
    page.get_by_role("button", name="Review change").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("No grant of yours allows this, so it would be refused.")).to_be_visible()
    send = dialog.get_by_role("button", name="Scale now")
    expect(send).to_be_disabled()
    send.evaluate("button => { button.disabled = false; button.click(); }")
    expect(page.get_by_text("ads/bidder may have 2 to 20 workers")).to_be_visible()
    expect(page.get_by_label("Workers", exact=True).first).to_have_value("99")
    expect(page.get_by_label("Reason")).to_have_value("too many")


def test_the_form_works_without_javascript(chromium: Browser, stack: Stack) -> None:
    context = signed_in(chromium, stack, SEARCH, java_script_enabled=False)
    page = context.new_page()
    page.goto("/ops/workers/search/ranker/scale")
    page.get_by_label("Workers", exact=True).first.fill("5")
    page.get_by_label("Reason").fill("no script here")
    page.locator("form button[type=submit]").first.click()
    expect(page).to_have_url(re.compile(f"/ops/runs/{SCALE_DAG}/page__"))
    context.close()


@each_look
def test_axe_finds_nothing_on_any_page(chromium: Browser, stack: Stack, look: dict[str, Any]) -> None:
    context = signed_in(chromium, stack, ADS, **look)
    page = context.new_page()
    page.goto("/ops/audit")
    run = page.locator("td a[href*='/ops/runs/']").first.get_attribute("href")
    assert run is not None
    for path in [*PAGES, run, "/ops/no-such-page", "/ops/workers/search/ranker/scale"]:
        page.goto(path)
        check_look(page, path)
    context.close()


def test_a_viewer_sees_all_pools_and_no_button(chromium: Browser, stack: Stack) -> None:
    context = signed_in(chromium, stack, VIEWER, viewport=WIDE)
    page = context.new_page()
    page.goto("/ops/workers")
    expect(page.get_by_text("ads/bidder").first).to_be_visible()
    assert page.get_by_role("link", name=re.compile("^(Scale|Watch)")).count() == 0
    expect(page.get_by_text("ads-oncall").first).to_be_visible()
    context.close()

"""axe-core finds nothing on any page, in both modes, wide and on a phone; nothing runs out of a phone's screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import accessibility_findings
from tests.web.sample import ADS

pytestmark = pytest.mark.browser

Mode = Literal["light", "dark"]
PAGES = [
    "/ops/workers",
    "/ops/workers?q=nothing",
    "/ops/workers/ads/bidder/scale",
    "/ops/runs/x",
    "/ops/audit",
    "/ops/docs",
    "/ops/hidden",
    "/ops/nothing",
    "/ops/trouble/x",
    "/ops/trouble/database",
]


@pytest.fixture(params=["light", "dark"])
def mode(request: pytest.FixtureRequest) -> Mode:
    chosen: Mode = request.param
    return chosen


@pytest.fixture(params=[1180, 360], ids=["wide", "phone"])
def page(request: pytest.FixtureRequest, chromium: Browser, address: str, mode: Mode) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=address, color_scheme=mode, viewport={"width": request.param, "height": 700}, reduced_motion="reduce"
    )
    context.add_cookies([{"name": "user", "value": ADS, "url": address}])
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_nothing_runs_out_of_the_screen(page: Page, path: str) -> None:
    page.goto(path)
    assert accessibility_findings(page) == []
    width, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= screen


def test_axe_finds_nothing_in_the_dialog_and_at_a_field_with_a_mistake(page: Page) -> None:
    page.goto("/ops/workers/ads/bidder/scale")
    page.get_by_role("button", name="Review change").click()
    assert accessibility_findings(page) == []
    page.evaluate("document.querySelector('form[method=post]').noValidate = true")
    page.get_by_role("button", name="Back").click()
    page.get_by_label("Workers", exact=True).fill("99")
    page.get_by_role("button", name="Review change").click()
    page.get_by_role("button", name="Scale now").click()
    page.get_by_text("replicas: '99' is not accepted").wait_for()
    assert page.evaluate("document.activeElement.name") == "replicas"
    assert accessibility_findings(page) == []


def test_axe_finds_nothing_on_the_sign_in_page(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/ops/workers")
    assert accessibility_findings(page) == []

"""Headless Chromium for the tests, on the running product."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Frame, Page, StorageState, sync_playwright

from demo.accounts import PASSWORD
from demo.stack import Stack

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
# Both widths and both schemes. What depends on two of them at once is a component's matter: tests/web has all four.
_LOOKS = {
    "wide-light": {"viewport": WIDE, "color_scheme": "light"},
    "phone-dark": {"viewport": PHONE, "color_scheme": "dark"},
}
each_look = pytest.mark.parametrize("look", _LOOKS.values(), ids=_LOOKS)
_signed_in: dict[tuple[str, str], StorageState] = {}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield browser
        browser.close()


def sign_in(browser: Browser, stack: Stack, email: str, **options: Any) -> BrowserContext:
    """Log in through Airflow's own login page, as a person does."""
    context = browser.new_context(base_url=stack.url, **options)
    page = context.new_page()
    page.goto("/auth/login/")
    page.fill("input[name=username]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("input[type=submit], button[type=submit]")
    page.wait_for_url(lambda url: "/auth/login" not in url)
    return context


def signed_in(browser: Browser, stack: Stack, email: str, **options: Any) -> BrowserContext:
    """A browser of a person who has logged in before: Airflow takes only five logins in 40 seconds."""
    key = (stack.url, email)
    if key not in _signed_in:
        context = sign_in(browser, stack, email)
        _signed_in[key] = context.storage_state()
        context.close()
    return browser.new_context(base_url=stack.url, storage_state=_signed_in[key], **options)


def operations_frame(page: Page) -> Frame:
    """The frame of Airflow's page in which ours are."""
    element = page.wait_for_selector("iframe")
    assert element is not None
    frame = element.content_frame()
    assert frame is not None
    return frame


def accessibility_findings(page: Page | Frame) -> list[str]:
    """What axe-core finds wrong, a line each."""
    found = Axe().run(page).response["violations"]
    return [f"{issue['id']}: {node['target']} {node['failureSummary']}" for issue in found for node in issue["nodes"]]


def check_look(page: Page, what: str) -> None:
    """Fail if axe-core finds anything, or something runs out of the screen."""
    assert accessibility_findings(page) == [], what
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"{what} is wider than the screen by {overflow} px"

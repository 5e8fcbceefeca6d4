"""Take the pictures in docs/images from the running product: `.venv/bin/python -m docs.screenshots`."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from demo.accounts import PASSWORD
from demo.client import Client
from demo.stack import Stack
from demo.temporary import temporary_stack

_IMAGES = Path(__file__).parent / "images"
_PERSON, _OTHER, _APPROVER = "oncall@ads.example.com", "oncall@search.example.com", "admin@platform.example.com"
_SETTLE_MS = 1500
_PAGES = {
    "workers": "/ops/workers",
    "scale": "/ops/workers/ads/bidder/scale?replicas=9",
    "operations": "/ops/operations",
    "operation": "/ops/operations/rebuild-report?report=clicks&day=2026-11-01&depth=3",
    "settings": "/ops/settings",
    "audit": "/ops/audit",
    "access": "/ops/access?action=scale:search/ranker",
}
_PURGE = {"region": "eu", "prefix": "ads:", "reason": "Stale ads after the rollback"}


def main() -> None:
    """Start a demo, do what the pictures show, take them in light and dark."""
    with temporary_stack() as stack, sync_playwright() as playwright:
        _leave_a_history(stack)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        # The run's picture comes first: it has to be taken while the run is under way.
        for scheme, replicas in (("light", 9), ("dark", 4)):
            _take(browser, stack, scheme, replicas)


def _leave_a_history(stack: Stack) -> None:
    with Client(stack.url, _PERSON) as client, Client(stack.url, _OTHER) as other:
        _act(client, "ads/bidder", 9, "Bid backlog at 40 k and rising")
        _act(client, "ads/bidder", 6, "Backlog drained")
        _act(other, "ads/bidder", 12, "Crawl depends on it")
        other.trigger("ops_run_purge-cache", dict(_PURGE))


def _begin_a_run(stack: Stack, replicas: int) -> str:
    """Ask for a change and return its page, while it is under way."""
    with Client(stack.url, _PERSON) as client:
        conf: dict[str, object] = {"pool": "ads/indexer", "replicas": replicas, "reason": "Re-index"}
        return f"/ops/runs/ops_scale_workers/{client.trigger('ops_scale_workers', conf)}"


def _act(client: Client, pool: str, replicas: int, reason: str) -> None:
    run_id = client.trigger("ops_scale_workers", {"pool": pool, "replicas": replicas, "reason": reason})
    client.wait_for_run("ops_scale_workers", run_id)


def _take(browser: Browser, stack: Stack, scheme: str, replicas: int) -> None:
    own = {"run": _begin_a_run(stack, replicas), **_PAGES}
    for person, pages in ((_PERSON, own), (_APPROVER, {"approvals": "/ops/approvals"})):
        _take_as(person, pages, browser, stack, scheme)


def _take_as(person: str, pages: Mapping[str, str], browser: Browser, stack: Stack, scheme: str) -> None:
    context = browser.new_context(
        base_url=stack.url,
        viewport={"width": 1180, "height": 720},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto("/auth/login/")
    page.fill("input[name=username]", person)
    page.fill("input[name=password]", PASSWORD)
    page.click("input[type=submit], button[type=submit]")
    page.wait_for_url(lambda url: "/auth/login" not in url)
    for name, path in pages.items():
        page.goto(path)
        page.wait_for_timeout(_SETTLE_MS)
        page.screenshot(path=_IMAGES / f"{name}-{scheme}.png")
    context.close()


if __name__ == "__main__":
    main()

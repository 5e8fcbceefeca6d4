"""Operations, approval and settings on the running product, in a real browser, by clicking alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.client import Client
from demo.stack import Stack
from tests.product.operation_runs import PURGE, PURGED, REPORT, waiting_run
from tests.product.over_rest import eventually, records
from tests.support.browser import WIDE, check_look, each_look, signed_in
from tests.support.running_stack import ADMIN, ADS, SEARCH

pytestmark = [pytest.mark.stack, pytest.mark.browser]


@contextmanager
def browsing(chromium: Browser, stack: Stack, email: str) -> Iterator[Page]:
    context = signed_in(chromium, stack, email, viewport=WIDE)
    yield context.new_page()
    context.close()


def run_id_of(page: Page) -> str:
    return page.url.rsplit("/", 1)[1]


def test_an_on_call_runs_an_operation_and_sees_how_far_it_is(chromium: Browser, stack: Stack, ads: Client) -> None:
    with browsing(chromium, stack, ADS) as page:
        page.goto("/ops/workers")
        page.get_by_role("navigation").get_by_role("link", name="Operations").click()
        mine = page.get_by_role("table", name="Your operations")
        mine.get_by_role("link", name="Run Rebuild a report").click()
        page.get_by_label("Report", exact=True).select_option("delivery")
        page.get_by_label("Day").fill("2026-11-02")
        page.get_by_role("spinbutton", name="Depth").fill("4")
        page.get_by_label("Comment").fill("two\nlines; $(id) {{ 7*7 }}")
        page.get_by_label("Reason").fill("late events")
        page.get_by_role("button", name="Review").click()

        shown = page.get_by_role("main")
        expect(shown).to_contain_text("rebuild_report.py")
        expect(shown).to_contain_text(r'"comment": "two\nlines; $(id) {{ 7*7 }}"')
        page.get_by_role("button", name="Run now").click()

        expect(page).to_have_url(re.compile(f"/ops/runs/{REPORT}/page__"))
        bar = page.get_by_role("progressbar")
        expect(bar).to_be_visible(timeout=30_000)
        early = float(bar.get_attribute("aria-valuenow") or bar.get_attribute("value") or "nan")
        expect(page.get_by_text(re.compile("part 1: "))).to_be_visible()
        expect(page.get_by_role("link", name="Cancel")).to_be_visible()
        expect(page.get_by_text("Done", exact=True).first).to_be_visible(timeout=60_000)
        assert early < 100
        expect(page.get_by_text(re.compile("part 10: "))).to_be_visible()
        (record,) = records(ads, run_id_of(page))
        assert (record["outcome"], record["actor"], record["reason"]) == ("succeeded", ADS, "late events")

        page.get_by_role("link", name="Run again").click()
        expect(page.get_by_label("Report", exact=True)).to_have_value("delivery")
        expect(page.get_by_label("Day")).to_have_value("2026-11-02")
        expect(page.get_by_label("Comment")).to_have_value("two\nlines; $(id) {{ 7*7 }}")


def test_two_people_approve_by_clicking(chromium: Browser, stack: Stack, search: Client) -> None:
    with browsing(chromium, stack, SEARCH) as asking, browsing(chromium, stack, ADMIN) as approving:
        asking.goto("/ops/operations/purge-cache")
        asking.get_by_label("Region").select_option("asia")
        asking.get_by_label("Keys").fill("query:")
        asking.get_by_label("Reason").fill("stale queries")
        asking.get_by_role("button", name="Review").click()
        asking.get_by_role("button", name="Ask for approval").click()
        expect(asking.get_by_text("Waiting for approval", exact=True)).to_be_visible(timeout=30_000)
        expect(asking.get_by_text("somebody else has to answer: somebody in platform-admins")).to_be_visible()
        expect(asking.get_by_role("link", name="Approve")).to_have_count(0)

        approving.goto("/ops/workers")
        approving.get_by_role("navigation").get_by_role("link", name=re.compile(r"^Approvals \d+$")).click()
        approving.get_by_role("row", name=re.compile("stale queries")).get_by_role("link", name="Answer").click()
        expect(approving.get_by_role("main")).to_contain_text("query:")
        expect(approving.get_by_role("main")).to_contain_text("stale queries")
        approving.get_by_label("Note").fill("go on")
        approving.get_by_role("button", name="Approve").click()

        expect(asking.get_by_text("Done", exact=True).first).to_be_visible(timeout=60_000)
        expect(asking.get_by_text("by admin@platform.example.com: “go on”")).to_be_visible()
        (record,) = records(search, run_id_of(asking))
        assert (record["outcome"], record["actor"], record["approved_by"]) == ("succeeded", SEARCH, ADMIN)


def test_a_setting_is_changed_and_set_back_by_clicking(chromium: Browser, stack: Stack, search: Client) -> None:
    def present() -> object:
        found = search.get("/ops/api/v1/settings")["settings"]
        return next(each["value"] for each in found if each["setting"] == "search/ranking-model")

    before = present()
    after = "bm25" if before != "bm25" else "two-tower"
    with browsing(chromium, stack, SEARCH) as page:
        page.goto("/ops/settings")
        page.get_by_role("link", name="Change search/ranking-model").click()
        page.get_by_label("Value", exact=True).select_option(after)
        page.get_by_label("Reason").fill("fewer timeouts")
        page.get_by_role("button", name="Review change").click()
        page.get_by_role("dialog").get_by_role("button", name="Change now").click()
        expect(page.get_by_text("Done", exact=True).first).to_be_visible(timeout=60_000)
        assert present() == after

        page.get_by_role("link", name=re.compile("^Set back")).click()
        expect(page.get_by_label("Value", exact=True)).to_have_value(str(before))
        page.get_by_label("Reason").fill("no better")
        page.get_by_role("button", name="Review change").click()
        page.get_by_role("dialog").get_by_role("button", name="Change now").click()
        expect(page.get_by_text("Done", exact=True).first).to_be_visible(timeout=60_000)
        eventually(lambda: present() == before)


@each_look
def test_axe_finds_nothing_while_it_runs_or_waits(
    chromium: Browser, stack: Stack, ads: Client, search: Client, look: dict[str, Any]
) -> None:
    running = ads.trigger(REPORT, {"report": "clicks", "day": "2026-11-01", "reason": "to look at"})
    waiting = waiting_run(search, PURGE, dict(PURGED))
    eventually(lambda: [record["outcome"] for record in records(ads, running)] != [])
    pages = {
        ADS: [f"/ops/runs/{REPORT}/{running}", f"/ops/runs/{REPORT}/{running}/cancel"],
        SEARCH: [f"/ops/runs/{PURGE}/{waiting}", f"/ops/runs/{PURGE}/{waiting}/answer", "/ops/operations/purge-cache"],
        ADMIN: [f"/ops/runs/{PURGE}/{waiting}/answer", "/ops/approvals"],
    }
    for email, paths in pages.items():
        context = signed_in(chromium, stack, email, **look)
        page = context.new_page()
        for path in paths:
            page.goto(path)
            check_look(page, path)
        context.close()
    assert ads.wait_for_run(REPORT, running) == "success"

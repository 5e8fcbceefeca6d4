"""The scripts, in a real browser: what they add, and that the pages work without them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from ops_dashboard.web.wording import ago, difference
from tests.web.sample import ADS, NOBODY, SEEN_AT, rollout

pytestmark = pytest.mark.browser

SCALE = "/ops/workers/ads/bidder/scale"
RUN = "/ops/runs/x"


@pytest.fixture
def context(chromium: Browser, address: str) -> Iterator[BrowserContext]:
    context = chromium.new_context(base_url=address)
    context.add_cookies([{"name": "user", "value": ADS, "url": address}])
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab; what the browser complains about, such as a script against the policy, fails the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert [each for each in complaints if "Failed to load resource" not in each] == []


@pytest.fixture
def rolling() -> Iterator[None]:
    """A rollout at 10 of 12, whatever other tests left."""
    rollout.ready, rollout.broken = 10, False
    yield
    rollout.ready, rollout.broken = 10, False


def test_a_number_outside_of_the_ranges_is_told_in_the_dialog_and_on_its_button(page: Page) -> None:
    page.goto(SCALE)
    dialog = page.locator("dialog")
    for number, outside in ((12, False), (13, True), (17, True), (18, False), (30, False), (1, True), (2, False)):
        page.get_by_label("Workers", exact=True).fill(str(number))
        note = dialog.locator("[data-outside]")
        button = dialog.locator("[data-confirmed]")
        assert note.evaluate("note => !note.hidden") is outside, number
        expect(button).to_have_text("Ask for approval" if outside else "Scale now")


def test_where_nobody_could_approve_a_number_the_dialog_does_not_send_it(page: Page) -> None:
    page.goto(SCALE)
    dialog = page.locator("dialog")
    dialog.locator("[data-outside]").evaluate("note => { note.dataset.button = ''; }")
    button, field = dialog.locator("[data-confirmed]"), page.get_by_label("Workers", exact=True)
    for number, sends in ((13, False), (12, True), (17, False), (18, True)):
        field.fill(str(number))
        expect(button).to_have_text("Scale now")
        expect(button).to_be_enabled(enabled=sends)


def test_the_tab_of_a_page_is_in_sight_on_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 110, "height": 600})
    page.goto("/ops/audit")
    expect(page.get_by_role("navigation").get_by_role("link", name="Audit")).to_be_in_viewport(ratio=0.99)
    page.goto("/ops/workers")
    expect(page.get_by_role("navigation").get_by_role("link", name="Workers")).to_be_in_viewport(ratio=0.99)


def test_a_change_is_confirmed_in_a_dialog_that_repeats_it(page: Page) -> None:
    page.goto(SCALE)
    page.get_by_label("Workers", exact=True).fill("9")
    page.get_by_role("button", name="Review change").click()
    dialog = page.get_by_role("dialog", name="Scale ads/bidder?")
    expect(dialog.locator(".headline")).to_have_text(re.compile(r"6\s+→\s*to\s+9"))
    expect(dialog).to_contain_text("3 more workers")
    expect(dialog.get_by_text("That is a large change.")).to_be_hidden()
    expect(dialog.get_by_role("button", name="Back")).to_be_focused()
    dialog.get_by_role("button", name="Scale now").click()
    expect(page).to_have_url(re.compile("/ops/runs/page__9$"))


def test_a_large_change_is_warned_of_while_it_is_typed(page: Page) -> None:
    page.goto(SCALE)
    field = page.get_by_label("Workers", exact=True)
    warning = page.locator(".columns > div:last-child").get_by_text("That is a large change.")
    expect(warning).to_be_visible()
    field.fill("7")
    expect(warning).to_be_hidden()
    expect(page.locator(".columns > div:last-child [data-difference]")).to_have_text("1 more worker")
    field.fill("")
    expect(page.locator(".columns > div:last-child [data-after]")).to_have_text("–")


def test_the_slider_and_the_field_move_together(page: Page) -> None:
    page.goto(SCALE)
    slider = page.get_by_label("Workers, as a slider")
    field = page.get_by_label("Workers", exact=True)
    field.fill("5")
    expect(slider).to_have_value("5")
    slider.press("ArrowRight")
    expect(field).to_have_value("6")
    expect(page.locator(".columns > div:last-child [data-difference]")).to_have_text("no change")


def test_going_back_from_the_dialog_sends_nothing(page: Page) -> None:
    page.goto(SCALE)
    page.get_by_role("button", name="Review change").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Review change").click()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page).to_have_url(re.compile(f"{SCALE}$"))


def test_a_number_that_is_not_accepted_does_not_reach_the_dialog(page: Page) -> None:
    page.goto(SCALE)
    page.get_by_label("Workers", exact=True).fill("21")
    page.get_by_role("button", name="Review change").click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_form_is_sent_once_however_often_its_button_is_clicked(page: Page) -> None:
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.goto(SCALE)
    page.get_by_role("button", name="Review change").click()
    page.get_by_role("button", name="Scale now").dblclick(no_wait_after=True)
    page.wait_for_url("**/ops/runs/page__12")
    assert len(sent) == 1


def test_everything_but_the_dialog_and_live_updates_works_without_scripts(chromium: Browser, address: str) -> None:
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    context.add_cookies([{"name": "user", "value": ADS, "url": address}])
    page = context.new_page()
    page.goto("/ops/workers")
    page.get_by_label("Search pools").fill("bidder")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("ads/reporter")).to_have_count(0)
    page.get_by_role("link", name="Scale ads/bidder").click()
    page.get_by_label("Workers", exact=True).fill("9")
    expect(page.get_by_label("Workers, as a slider")).to_be_hidden()
    page.get_by_role("button", name="Scale", exact=True).click()
    expect(page).to_have_url(re.compile("/ops/runs/page__9$"))
    expect(page.get_by_role("link", name="Reload to see what has changed")).to_be_visible()
    context.close()


def test_a_filter_applies_at_once_and_stays_in_the_address(page: Page) -> None:
    page.goto("/ops/workers")
    expect(page.get_by_role("button", name="Apply")).to_be_hidden()
    page.get_by_label("Team", exact=True).select_option("ads")
    expect(page).to_have_url(re.compile(r"/ops/workers\?team=ads$"))
    page.get_by_label("Search pools").fill("bidder")
    page.get_by_label("Search pools").press("Enter")
    expect(page).to_have_url(re.compile(r"/ops/workers\?q=bidder&team=ads$"))
    page.go_back()
    expect(page.get_by_label("Team", exact=True)).to_have_value("ads")
    expect(page.get_by_label("Search pools")).to_have_value("")


def test_a_live_part_follows_without_disturbing_the_rest(page: Page, rolling: None) -> None:
    page.goto(RUN)
    page.evaluate("document.querySelector('h1').dataset.untouched = 'yes'")
    page.get_by_role("link", name="Set back to 6").focus()
    rollout.ready = 11
    expect(page.get_by_text("11 of 12 ready · 14 s")).to_be_visible()
    expect(page.get_by_role("link", name="Set back to 6")).to_be_focused()
    expect(page.get_by_role("status").first).to_have_text("11 of 12 ready")
    expect(page.locator("h1")).to_have_attribute("data-untouched", "yes")


def test_a_live_part_stops_when_the_server_says_that_it_is_done(page: Page, rolling: None) -> None:
    page.clock.install()
    page.goto(RUN)
    rollout.ready = 12
    page.clock.run_for(1_000)
    expect(page.get_by_text("12 of 12 ready · 14 s")).to_be_visible()
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.clock.run_for(60_000)
    assert fetched == []


def test_a_lost_connection_is_said_and_what_was_seen_stays(page: Page, rolling: None) -> None:
    page.goto(RUN)
    rollout.broken = True
    lost = page.get_by_text("No answer, retrying. What you see may be old.")
    expect(lost).to_be_visible()
    expect(page.get_by_text("10 of 12 ready · 14 s")).to_be_visible()
    rollout.broken, rollout.ready = False, 11
    expect(page.get_by_text("11 of 12 ready · 14 s")).to_be_visible()
    expect(lost).to_be_hidden()


def test_a_sign_in_that_ended_leads_to_the_sign_in_page(page: Page, context: BrowserContext, rolling: None) -> None:
    page.goto(RUN)
    context.clear_cookies()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_a_run_that_one_may_no_longer_see_says_so(
    page: Page, context: BrowserContext, address: str, rolling: None
) -> None:
    page.goto(RUN)
    context.add_cookies([{"name": "user", "value": NOBODY, "url": address}])
    expect(page.get_by_text("You may not do this")).to_be_visible()


def test_inside_airflow_the_pages_take_its_colours_and_follow_them(page: Page) -> None:
    page.goto("/frame")
    inner = page.frame_locator("iframe").locator("html")
    expect(inner).to_have_class("scripted dark")
    expect(inner.locator("body")).to_have_css("background-color", "rgb(1, 2, 3)")
    expect(inner.locator("body")).to_have_css("font-family", "monospace")
    page.evaluate("""() => {
        document.documentElement.className = "light";
        document.documentElement.style.setProperty("--chakra-colors-bg", "rgb(250, 250, 250)");
    }""")
    expect(inner).to_have_class("scripted light")
    expect(inner.locator("body")).to_have_css("background-color", "rgb(250, 250, 250)")
    inner.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(inner).to_have_class("scripted")
    expect(inner.locator("body")).to_have_css("font-family", re.compile("^Inter"))
    inner.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(inner).to_have_class("scripted light")


def test_inside_airflow_a_link_to_airflow_moves_the_outer_page(page: Page) -> None:
    page.goto("/frame")
    page.evaluate("addEventListener('popstate', () => document.title = 'moved to ' + location.pathname)")
    page.frame_locator("iframe").get_by_role("link", name="Open in Airflow").click()
    expect(page).to_have_title("moved to /dags/ops_scale_workers")
    expect(page.frame_locator("iframe").get_by_role("heading", name="Scaling ads/bidder")).to_be_visible()


@pytest.mark.parametrize(("scheme", "colour"), [("light", "rgb(255, 255, 255)"), ("dark", "oklch(0.232 0.032 266)")])
def test_outside_airflow_the_pages_follow_the_system(chromium: Browser, address: str, scheme: str, colour: str) -> None:
    page = chromium.new_page(base_url=address, color_scheme=scheme, extra_http_headers={"Cookie": f"user={ADS}"})  # type: ignore[arg-type]
    page.goto("/ops/workers")
    expect(page.locator("body")).to_have_css("background-color", colour)
    page.close()


def test_times_go_on_counting_by_the_servers_clock(page: Page) -> None:
    page.clock.install()
    page.goto("/ops/workers")
    expect(page.locator(".aside time")).to_have_text("3 s ago")
    page.clock.run_for(120_000)
    expect(page.locator(".aside time")).to_have_text("2 min ago")


def test_the_scripts_say_the_same_words_as_the_server(page: Page) -> None:
    page.goto("/ops/workers")
    seconds = [0, 1, 59, 60, 61, 3599, 3600, 86_399, -1, -90, -7200]
    changes = [(6, 12), (12, 6), (6, 7), (6, 6)]
    said = page.evaluate(
        """async ([seconds, changes]) => {
            const path = document.querySelector("script[type=module]").src.replace("page.js", "wording.js");
            const words = await import(path);
            return [seconds.map(words.ago), changes.map(([from, to]) => words.difference(from, to, "workers"))];
        }""",
        [seconds, changes],
    )
    assert said == [
        [ago(SEEN_AT - timedelta(seconds=each), SEEN_AT) for each in seconds],
        [difference(before, after, "workers") for before, after in changes],
    ]


def test_the_keyboard_reaches_the_content_first(page: Page) -> None:
    page.goto("/ops/workers")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()

"""Declaring pages: what can't work is refused where it is written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ops_dashboard import Page, PageRequest, Router
from ops_dashboard.web.app import create_app
from tests.web.sample import make_host


def shown(_request: PageRequest) -> Page:
    return Page("Shown")


async def awaited(_request: PageRequest) -> Page:
    return Page("Awaited")


def declare(path: str = "/shown", *, needs: str | None = "view:shown", nav: int | None = None) -> Router:
    router = Router("/ops")
    router.page(path, title="Shown", needs=needs, nav=nav)(shown)
    return router


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: declare("shown"), "/opsshown is outside /ops"),
        (lambda: declare("/"), "path '/ops/' is not accepted"),
        (lambda: declare("/Shown page"), "path '/ops/Shown page' is not accepted"),
        (lambda: declare("/shown\n"), "is not accepted"),
        (lambda: declare("/{team}", needs="view:{group}"), r"needs 'view:\{group\}' names \['group'\]"),
        (lambda: declare("/{team}", nav=1), "has many"),
        (lambda: Router("ops"), "prefix: 'ops' is not accepted"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused(mistake: Callable[[], Router], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        create_app([mistake()], make_host())


def test_a_coroutine_is_no_page() -> None:
    with pytest.raises(TypeError, match=r"test_router\.awaited: a page is a plain function"):
        Router("/ops").page("/x", title="X")(awaited)  # type: ignore[type-var]


def test_two_pages_with_one_path_are_refused_naming_both() -> None:
    with pytest.raises(ValueError, match=r"test_router\.shown: GET /ops/shown is already taken by .*\.shown"):
        create_app([declare(), declare()], make_host())


def test_a_router_outside_the_mount_is_refused() -> None:
    other = Router("/other")
    other.page("/shown", title="Shown")(shown)
    with pytest.raises(ValueError, match="/other/shown is outside /ops"):
        create_app([other], make_host())


def test_the_decorator_returns_the_function_itself() -> None:
    assert Router("/ops").page("/shown", title="Shown")(shown) is shown


@pytest.mark.parametrize(
    ("path", "needs", "values", "action"),
    [
        ("/workers", "view:{page}", {}, "view:workers"),
        ("/workers/{team}", "view:{page}", {"team": "ads"}, "view:workers"),
        ("/workers/{team}/{role}", "scale:{team}/{role}", {"team": "ads", "role": "bidder"}, "scale:ads/bidder"),
        ("/workers/{team}", "scale:{team}/*", {"team": "{page}"}, "scale:{page}/*"),
        ("/workers", None, {}, None),
    ],
)
def test_the_needed_action_is_filled_in_from_the_path(
    path: str, needs: str | None, values: dict[str, str], action: str | None
) -> None:
    assert declare(path, needs=needs).routes[0].action("/ops", values) == action


def test_without_needs_a_page_asks_for_the_view_right_of_its_first_word() -> None:
    router = Router("/ops")
    router.page("/reports/{day}", title="Report")(shown)
    assert router.routes[0].action("/ops", {"day": "monday"}) == "view:reports"

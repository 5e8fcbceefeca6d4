"""Serves declared pages: who asks, may they, call the function, render what it returns."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ops_dashboard.text import shown
from ops_dashboard.web.assets import load_assets
from ops_dashboard.web.components import Page, Redirect
from ops_dashboard.web.errors import Problem, forbidden, not_found
from ops_dashboard.web.freshness import Freshness
from ops_dashboard.web.links import Links, address
from ops_dashboard.web.rendering import Masthead, NavItem, Renderer, View
from ops_dashboard.web.request import NO_VALUES, Host, PageRequest, User, Values
from ops_dashboard.web.security import TOKEN_FIELD, FormTokens, check_origin
from ops_dashboard.web.threads import in_own_thread

if TYPE_CHECKING:
    from ops_dashboard.web.router import Answer, Route, Router


_log = logging.getLogger(__name__)


class PageServer:
    """The pages of all routers, served for one host.

    Args:
        routers: Whose pages.
        prefix: The part of every path that the mount in Airflow takes away.
        host: What the application around the pages provides.

    Raises:
        ValueError: Two functions have the same path and method, or a path lies outside `prefix`.
    """

    def __init__(self, routers: Sequence[Router], prefix: str, host: Host) -> None:
        self.host = host
        self.prefix = prefix
        self.routes = [route for router in routers for route in router.routes]
        _refuse_overlaps(self.routes, prefix)
        self.assets = load_assets()
        self.renderer = Renderer(self.assets, [router.templates for router in routers if router.templates])
        self._nav = sorted((route for route in self.routes if route.nav is not None), key=lambda route: route.nav or 0)
        self._paths = {route.function: self.local(route) for route in self.routes}
        self._tokens = FormTokens(host.secret)

    def local(self, route: Route) -> str:
        """Give a route's path as our own app sees it, below the mount."""
        return route.path.removeprefix(self.prefix)

    async def serve(self, route: Route, http: Request) -> Response:
        """Answer a request for a page. What waits, for the database or the page function, runs in a thread of ours."""
        form = NO_VALUES
        if route.method == "POST":
            check_origin(http.headers)
            form = await _read_form(http)
            self._tokens.check(form.get(TOKEN_FIELD, ""), http.state.ops_user)
        return await in_own_thread(self._answer, route, http, form)

    def request(self, http: Request, form: Values = NO_VALUES) -> PageRequest:
        """Build what a page function or an API route is given; leaving its `resources` gives back what it opened."""
        return PageRequest(
            user=http.state.ops_user,
            path=_clean_path(http.path_params),
            query=_without_nul(http.query_params),
            form=form,
            now=self.host.now(),
            links=self.links(http),
            host=self.host,
            http=http,
            resources=ExitStack(),
        )

    def admit(self, request: PageRequest, route: Route | None = None) -> None:
        """Decide in one question what the navigation shows and whether the user may do what this route needs.

        Raises:
            Problem: 403 with the reason.
        """
        needed = route.action(self.prefix, dict(request.path)) if route else None
        shown = {each.path: each.action(self.prefix, {}) for each in self._nav}
        actions = {action for action in (needed, *shown.values()) if action is not None}
        decisions = self.host.authorise(request, sorted(actions)) if actions else {}
        visible = [each for each in self._nav if (action := shown[each.path]) is None or decisions[action].allowed]
        # All rest on the groups of one person, so each tells the same age.
        groups = next((Freshness(each.synced_at, each.max_age) for each in decisions.values()), None)
        more = request.url(self.host.groups_page) if self.host.groups_page else ""
        request.http.state.ops_masthead = Masthead(
            who=request.user.name,
            nav=self._tabs(visible, route, request),
            synced_at=groups.synced_at if groups else None,
            warning=groups.warning(request.now, more) if groups else None,
        )
        if needed is not None and not decisions[needed].allowed:
            raise forbidden(decisions[needed].reason, request.who_may(needed))

    def home(self, http: Request) -> Response:
        """Lead to the first page that is for this user in particular, else to what tells what they may."""
        request = self.request(http)
        with request.resources:
            self.admit(request)
        tabs = [tab.href for tab in http.state.ops_masthead.nav]
        for_all = {request.url(self.local(each)) for each in self._nav if each.needs is None}
        # Whoever may nothing is told why, if there is a page for that.
        why = [request.url(self.host.access_page)] if self.host.access_page else []
        found = next(iter([*(href for href in tabs if href not in for_all), *why, *tabs]), None)
        if found is None:
            raise forbidden("none of the pages here is open to you")
        return RedirectResponse(found, status_code=303)

    def links(self, http: Request) -> Links:
        """Give the addresses as this request sees them."""
        return Links(http.scope.get("root_path", ""), self.prefix, self._paths, self.assets.path)

    def view(self, http: Request, form: Values = NO_VALUES) -> View:
        """Give templates what they may know of a request, also of one that failed early."""
        user: User | None = getattr(http.state, "ops_user", None)
        return View(
            links=self.links(http),
            path=address(http),
            now=self.host.now(),
            query=http.query_params,
            form=form,
            masthead=getattr(http.state, "ops_masthead", Masthead()),
            token=self._tokens.issue(user) if user else "",
            banner=self.host.banner,
        )

    def _answer(self, route: Route, http: Request, form: Values) -> Response:
        request = self.request(http, form)
        with request.resources:
            self.admit(request, route)
            # The page may wait for a cluster; it takes a connection again if it needs one.
            request.release_database()
            return self._response(route.function(request), http, form)

    def _response(self, answer: Answer, http: Request, form: Values) -> Response:
        if isinstance(answer, Redirect):
            return RedirectResponse(answer.to, status_code=303)
        if isinstance(answer, Page):
            status = answer.status or (422 if http.method == "POST" else 200)
            return HTMLResponse(self.renderer.page(answer, self.view(http, form)), status)
        return answer

    def _tabs(self, visible: Sequence[Route], route: Route | None, request: PageRequest) -> tuple[NavItem, ...]:
        """Mark the tab that the route belongs to, else the longest one that the current address begins with."""
        tab = route.tab(request) if route and route.tab else None
        here = address(request.http) if tab is None else request.links.root + tab.removeprefix(self.prefix)
        tabs = [(each, request.url(self.local(each))) for each in visible]
        covering = [href for _, href in tabs if here == href or here.startswith(f"{href}/")]
        current = max(covering, key=len, default="")
        return tuple(NavItem(each.title, href, href == current, _count(each, request)) for each, href in tabs)


def _count(route: Route, request: PageRequest) -> int:
    """Say how many things wait on a page; one page that can't tell must not take all the others along."""
    if route.count is None:
        return 0
    try:
        return route.count(request)
    except Exception:  # noqa: BLE001 - whatever a page of somebody else raises
        _log.exception("The count of %s, shown on its tab, failed", route.where)
        request.release_database()  # its transaction may have failed as well
        return 0


def _refuse_overlaps(routes: Sequence[Route], prefix: str) -> None:
    seen: dict[tuple[str, str], Route] = {}
    for route in routes:
        if not route.path.startswith(f"{prefix}/"):
            raise ValueError(f"{route.where}: {route.path} is outside {prefix}, where these pages are mounted")
        earlier = seen.setdefault((route.method, route.path), route)
        if earlier is not route:
            raise ValueError(f"{route.where}: {route.method} {route.path} is already taken by {earlier.where}")


async def _read_form(http: Request) -> Values:
    """Read a posted form of text fields; files are refused by the parser."""
    posted = await http.form(max_files=0, max_fields=200)
    return _without_nul(ImmutableMultiDict([(name, str(value)) for name, value in posted.multi_items()]))


def _without_nul(values: Values) -> Values:
    """Refuse NUL, which no database column and no Kubernetes field takes."""
    for name, value in values.multi_items():
        if "\0" in name or "\0" in value:
            raise Problem(400, "This request was not understood", f"{shown(name)} contains a NUL character.")
    return values


def _clean_path(values: Mapping[str, object]) -> dict[str, str]:
    """Refuse what can be in no name: control characters and their like."""
    cleaned = {name: str(value) for name, value in values.items()}
    if not all(value.isprintable() for value in cleaned.values()):
        raise not_found("The address contains characters that no name here has.")
    return cleaned

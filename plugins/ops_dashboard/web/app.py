"""Builds the FastAPI app that Airflow mounts: every route authenticated, whatever it serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, update_wrapper
from inspect import iscoroutinefunction
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import Match

from ops_dashboard.web.errors import Explain, no_page, wrong_method
from ops_dashboard.web.failures import Failures, LastResort
from ops_dashboard.web.reference import reference_page
from ops_dashboard.web.request import Host, PageRequest, User
from ops_dashboard.web.router import Route, Router
from ops_dashboard.web.security import BodyLimit, SecurityHeaders
from ops_dashboard.web.serving import PageServer
from ops_dashboard.web.threads import in_own_thread

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(
    routers: Sequence[Router],
    host: Host,
    *,
    prefix: str = "/ops",
    api: Sequence[APIRouter] = (),
    explain: Mapping[type[Exception], Explain] | None = None,
) -> FastAPI:
    """Build the app to mount at `prefix`.

    Args:
        routers: The pages. All their paths begin with `prefix`.
        host: What the application around the pages provides.
        prefix: The `url_prefix` under which Airflow mounts the app.
        api: JSON routes, each a `JsonRoute`. Documented at `/docs` and `/openapi.json`.
        explain: For exceptions of the domain, what the reader is told.

    Raises:
        ValueError: Two functions have the same path and method, or a path lies outside `prefix`.
    """
    app = FastAPI(
        title="Operations",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(_remember(host.authenticate))],
    )
    docs = Router(prefix)
    docs.page("/docs", title="JSON API", needs=None)(reference_page(app.openapi))
    server = PageServer([*routers, docs], prefix, host)
    app.state.server = server
    failures = Failures(server)
    failures.install(app, explain or {})
    app.add_middleware(BodyLimit)
    app.add_middleware(LastResort, failures=failures)
    app.add_middleware(SecurityHeaders)
    _add_routes(app, server, api)
    return app


def _add_routes(app: FastAPI, server: PageServer, api: Sequence[APIRouter]) -> None:
    add = partial(app.add_api_route, include_in_schema=False, response_model=None)
    for router in api:
        app.include_router(router)
    for route in server.routes:
        methods = ["GET", "HEAD"] if route.method == "GET" else [route.method]
        add(server.local(route), _endpoint(server, route), methods=methods, name=route.where)
    add("/", _waiting(server.home), methods=["GET"])
    add("/static/{digest}/{name}", server.assets.response, methods=["GET"])
    add("/static/{name}", server.assets.response, methods=["GET"])
    add("/openapi.json", _openapi(app), methods=["GET"])
    # Last, so that unknown addresses are authenticated too: strangers learn nothing about what exists.
    add("/{path:path}", _fallback(app, server), methods=_METHODS)


def _remember(authenticate: Callable[..., Any]) -> Callable[..., Any]:
    async def remember(request: Request, user: User = Depends(authenticate)) -> None:  # noqa: B008 (known only here)
        # Not `state.user`: Airflow keeps its own user there.
        request.state.ops_user = user

    return remember


def _endpoint(server: PageServer, route: Route) -> Callable[..., Any]:
    async def endpoint(request: Request) -> Response:
        return await server.serve(route, request)

    return endpoint


def _waiting(function: Callable[[Request], Response]) -> Callable[..., Any]:
    async def endpoint(request: Request) -> Response:
        return await in_own_thread(function, request)

    return endpoint


def _openapi(app: FastAPI) -> Callable[..., Any]:
    def document(request: Request) -> dict[str, Any]:
        return {**app.openapi(), "servers": [{"url": request.scope.get("root_path", "")}]}

    return document


def _fallback(app: FastAPI, server: PageServer) -> Callable[..., Any]:
    def other_methods(request: Request) -> list[str]:
        """Name the methods of the routes that have this path."""
        return sorted(
            method
            for route in app.routes
            if route.matches(request.scope)[0] is Match.PARTIAL
            for method in getattr(route, "methods", ())
        )

    def refuse(request: Request) -> Response:
        made = server.request(request)
        with made.resources:
            server.admit(made)
        if allowed := other_methods(request):
            raise wrong_method(request.method, request.url.path, ", ".join(allowed))
        raise no_page(request.url.path)

    return _waiting(refuse)


async def page_request(request: Request) -> PageRequest:
    """FastAPI dependency of JSON routes: the same request object that pages get."""
    server: PageServer = request.app.state.server
    return server.request(request)


ApiRequest: TypeAlias = Annotated[PageRequest, Depends(page_request)]
"""Type of the parameter `request` of a JSON route: `def pools(request: ApiRequest) -> Pools`."""


class JsonRoute(APIRoute):
    """A JSON route: like a page a plain function, which waits in a thread of ours: `APIRouter(route_class=JsonRoute)`.

    Raises:
        TypeError: The function is a coroutine, which would keep everybody waiting.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        # A router that is included in another declares its routes anew.
        waiting = endpoint if isinstance(endpoint, _InOwnThread) else _InOwnThread(endpoint)
        super().__init__(path, waiting, **options)


class _InOwnThread:
    """Calls a function that takes `request: ApiRequest`; to FastAPI it looks like that function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        if iscoroutinefunction(function):
            raise TypeError(f"{function.__module__}.{function.__qualname__}: a JSON route is a plain function (def)")
        update_wrapper(self, function)
        self._function = function

    async def __call__(self, request: PageRequest, **values: Any) -> Any:  # noqa: ANN401 - whatever it returns
        return await in_own_thread(self._call, request, values)

    def _call(self, request: PageRequest, values: Mapping[str, Any]) -> Any:  # noqa: ANN401
        # A connection must not be kept while the answer waits to be sent: others wait for it.
        with request.resources:
            return self._function(request=request, **values)

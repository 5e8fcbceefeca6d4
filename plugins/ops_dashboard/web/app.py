"""Builds the FastAPI app that Airflow mounts: every route authenticated, whatever it serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Match

from ops_dashboard.web.errors import Explain, no_page, wrong_method
from ops_dashboard.web.failures import Failures, LastResort
from ops_dashboard.web.reference import reference_page
from ops_dashboard.web.request import Host, PageRequest, User
from ops_dashboard.web.router import Route, Router
from ops_dashboard.web.security import BodyLimit, SecurityHeaders
from ops_dashboard.web.serving import PageServer

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
        api: JSON routes; they take the request as an `ApiRequest`. Documented at `/docs` and `/openapi.json`.
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
    add("/", server.home, methods=["GET"])
    add("/static/{digest}/{name}", server.assets.response, methods=["GET"])
    add("/static/{name}", server.assets.response, methods=["GET"])
    add("/openapi.json", _openapi(app), methods=["GET"])
    # Last, so that unknown addresses are authenticated too: strangers learn nothing about what exists.
    add("/{path:path}", _fallback(app, server), methods=_METHODS)


def _remember(authenticate: Callable[..., Any]) -> Callable[..., None]:
    def remember(request: Request, user: User = Depends(authenticate)) -> None:  # noqa: B008 (known only here)
        # Not `state.user`: Airflow keeps its own user there.
        request.state.ops_user = user

    return remember


def _endpoint(server: PageServer, route: Route) -> Callable[..., Any]:
    async def endpoint(request: Request) -> Response:
        return await server.serve(route, request)

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

    def refuse(request: Request) -> None:
        with server.request(request) as page_request:
            server.admit(page_request)
        if allowed := other_methods(request):
            raise wrong_method(request.method, request.url.path, ", ".join(allowed))
        raise no_page(request.url.path)

    async def fallback(request: Request) -> None:
        await run_in_threadpool(refuse, request)

    return fallback


def page_request(request: Request) -> Iterator[PageRequest]:
    """FastAPI dependency of JSON routes: the same request object that pages get."""
    server: PageServer = request.app.state.server
    with server.request(request) as made:
        yield made


ApiRequest: TypeAlias = Annotated[PageRequest, Depends(page_request)]
"""Parameter type of a JSON route: `def pools(request: ApiRequest) -> Pools`."""

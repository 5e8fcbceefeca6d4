"""The HTTP side: one endpoint that does what Kubernetes' generic API server does for every kind of object."""

from __future__ import annotations

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan

from demo.simulator.access import Access
from demo.simulator.addresses import Address, parse_address
from demo.simulator.documents import SERVICE_ACCOUNTS, WORKLOADS, Document
from demo.simulator.errors import StatusError, bad_request, not_found
from demo.simulator.patches import apply_patch
from demo.simulator.scale import scale_of, scaled
from demo.simulator.selectors import field_selector, label_selector
from demo.simulator.store import Store

_VERSION = {"major": "1", "minor": "37", "gitVersion": "v1.37.0-simulated"}


def api_app(store: Store, access: Access, lifespan: Lifespan[Starlette]) -> Starlette:
    """Return the application that serves a store; `lifespan` goes on as long as it is served."""
    api = _Api(store, access)

    async def version(_request: Request) -> Response:
        return JSONResponse(_VERSION)

    async def ready(_request: Request) -> Response:
        return PlainTextResponse("ok")

    methods = ["GET", "POST", "PATCH", "DELETE", "PUT"]
    return Starlette(
        routes=[
            Route("/version", version),
            Route("/readyz", ready),
            Route("/{path:path}", api.answer, methods=methods),
        ],
        lifespan=lifespan,
    )


class _Api:
    def __init__(self, store: Store, access: Access) -> None:
        self._store = store
        self._access = access

    async def answer(self, request: Request) -> Response:
        """Answer a request; from reading its body on nothing comes between."""
        body = await request.body()
        try:
            user = self._access.authenticate(request.headers.get("Authorization", ""))
            address = parse_address(request.method, request.url.path)
            self._access.authorise(user, address)
            document = self._carry_out(address, request, body)
        except StatusError as error:
            return JSONResponse(error.document(), error.code)
        return JSONResponse(document, 201 if address.verb == "create" else 200)

    def _carry_out(self, address: Address, request: Request, body: bytes) -> Document:
        match address.verb, address.subresource:
            case "get", ("" | "scale"):
                document = self._store.get(address.resource, address.namespace, address.name)
                answer = scale_of(document) if _is_scale(address) else document
            case "list", "":
                answer = self._list(address, request)
            case "create", "":
                answer = self._store.create(address.resource, address.namespace, _object(body), _manager(request))
            case "create", "token" if address.resource is SERVICE_ACCOUNTS:
                answer = self._token(address)
            case "patch", ("" | "scale"):
                answer = self._patch(address, request, _json(body))
            case "delete", "":
                self._store.delete(address.resource, address.namespace, address.name)
                answer = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
            case _:
                raise StatusError(405, "MethodNotAllowed", f"the simulator cannot {address.verb} {address.target}")
        return answer

    def _list(self, address: Address, request: Request) -> Document:
        labels = label_selector(request.query_params.get("labelSelector", ""))
        fields = field_selector(request.query_params.get("fieldSelector", ""))
        resource = address.resource
        found = self._store.list(resource, address.namespace)
        return {
            "kind": f"{resource.kind}List",
            "apiVersion": resource.version,
            "metadata": {"resourceVersion": self._store.version},
            "items": [each for each in found if labels(each["metadata"].get("labels", {})) and fields(each)],
        }

    def _patch(self, address: Address, request: Request, patch: object) -> Document:
        resource, content_type = address.resource, request.headers.get("Content-Type", "")
        before = self._store.get(resource, address.namespace, address.name)
        if not _is_scale(address):
            patched = apply_patch(content_type, before, patch)
            return self._store.update(resource, patched, manager=_manager(request))
        changed = scaled(resource, before, apply_patch(content_type, scale_of(before), patch))
        return scale_of(self._store.update(resource, changed, manager=_manager(request), subresource="scale"))

    def _token(self, address: Address) -> Document:
        self._store.get(SERVICE_ACCOUNTS, address.namespace, address.name)
        token = self._access.token_for_service_account(address.namespace, address.name)
        return {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "metadata": {},
            "spec": {"audiences": []},
            "status": {"token": token, "expirationTimestamp": "9999-12-31T00:00:00Z"},
        }


def _is_scale(address: Address) -> bool:
    if address.subresource and address.resource not in WORKLOADS:
        raise not_found(address.resource, address.name)
    return address.subresource == "scale"


def _json(body: bytes) -> object:
    try:
        value: object = json.loads(body)
    except ValueError as error:
        raise bad_request(f"the body is not JSON: {error}") from error
    return value


def _object(body: bytes) -> Document:
    value = _json(body)
    if not isinstance(value, dict):
        raise bad_request("the body is not an object")
    return value


def _manager(request: Request) -> str:
    """The client's name in managedFields: what it says, or the start of its User-Agent."""
    return request.query_params.get("fieldManager") or request.headers.get("User-Agent", "unknown").split("/")[0]

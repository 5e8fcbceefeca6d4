"""The page `/docs`: what programs may ask, from the OpenAPI document, in our own look and without foreign scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from ops_dashboard.web.components import Code, Column, Heading, Link, Node, Page, Panel, Table, Text
from ops_dashboard.web.request import PageRequest

Schema: TypeAlias = Mapping[str, Any]
"""A part of the OpenAPI document."""

_DEPTH = 4
_PARAMETERS = (
    Column("Parameter", width=25),
    Column("Where", width=15),
    Column("Accepted", width=25),
    Column("Meaning"),
)
_FIELDS = (Column("Field of the answer", width=25), Column("Type", width=25), Column("Meaning"))


def reference_page(document: Callable[[], Schema]) -> Callable[[PageRequest], Page]:
    """Make the page function that describes an OpenAPI document."""

    def reference(request: PageRequest) -> Page:
        api = document()
        return Page(
            "JSON API",
            *(
                node
                for path, methods in api["paths"].items()
                for method, operation in methods.items()
                for node in _operation(f"{method.upper()} {request.links.root}{path}", operation, api)
            ),
            lead=(
                "For programs: send the same cookie, or Airflow's token as a Bearer header. ",
                Link("OpenAPI document", request.url("/openapi.json")),
            ),
        )

    return reference


def _operation(name: str, operation: Schema, api: Schema) -> Iterator[Node]:
    yield Heading(Code(name))
    yield Text(operation.get("description") or operation.get("summary"))
    parameters = [
        (Code(each["name"]), each["in"], _kind(each["schema"], api), each.get("description", ""))
        for each in operation.get("parameters", ())
    ]
    if parameters:
        yield Panel(Table(_PARAMETERS, parameters, label=f"Parameters of {name}"), flush=True)
    answer = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if fields := list(_fields("", answer, api)):
        yield Panel(Table(_FIELDS, fields, label=f"Answer of {name}"), flush=True)


def _fields(path: str, schema: Schema, api: Schema) -> Iterator[tuple[Node, ...]]:
    """List the fields of an object and of those inside it: "pools", "pools[].ready"."""
    for name, field in _resolve(schema, api).get("properties", {}).items():
        yield Code(f"{path}{name}"), _kind(field, api), field.get("description", "")
        inner = field.get("items")
        if path.count(".") < _DEPTH:  # a schema may contain itself
            yield from _fields(f"{path}{name}[]." if inner else f"{path}{name}.", inner or field, api)


def _resolve(schema: Schema, api: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = api["components"]["schemas"][_name(schema)]
    return found


def _name(schema: Schema) -> str:
    return str(schema["$ref"]).rsplit("/", 1)[1]


def _kind(schema: Schema, api: Schema) -> str:
    """Say what a schema accepts, in words."""
    if "anyOf" in schema:
        return " or ".join(_kind(choice, api) for choice in schema["anyOf"])
    resolved = _resolve(schema, api)
    if "enum" in resolved:
        return " | ".join(str(value) for value in resolved["enum"])
    if "items" in resolved:
        return f"list of {_kind(resolved['items'], api)}"
    if "$ref" in schema:
        return _name(schema)
    words = [str(resolved.get("format") or resolved.get("type", "any"))]
    words += [f"{sign} {resolved[key]}" for key, sign in (("minimum", "≥"), ("maximum", "≤")) if key in resolved]
    return ", ".join(words)

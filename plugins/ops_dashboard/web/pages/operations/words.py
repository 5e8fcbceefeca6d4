"""How operations and their runs read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from urllib.parse import quote

from ops_dashboard.catalog import Operation
from ops_dashboard.parameters import text_of
from ops_dashboard.scripts import Interpreter
from ops_dashboard.text import shorten
from ops_dashboard.web.components import Code, Link, Node
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.wording import lasting

_LONGEST_SUMMARY = 140
_INTERPRETERS = {Interpreter.PYTHON: "Python script", Interpreter.BASH: "Bash script", Interpreter.SH: "Shell script"}


def operation_url(request: PageRequest, name: str, texts: Mapping[str, str] = MappingProxyType({})) -> str:
    """Give the address of the page of an operation, its form filled in with the texts of some values.

    A plain path, since a parameter may be called as the page's own path calls the operation.
    """
    return request.filled_url(f"/operations/{quote(name, safe='')}", texts)


def example_of(operation: Operation) -> dict[str, str]:
    """The texts of the values that the catalog gives as an example."""
    return {name: text_of(value) for name, value in operation.example.items()}


def paragraphs(operation: Operation) -> list[str]:
    """What it does, as the catalog says it."""
    return [" ".join(part.split()) for part in operation.description.split("\n\n") if part.strip()]


def summary(operation: Operation) -> str:
    """What it does, in a line: its first sentence."""
    first = next(iter(paragraphs(operation)), "")
    sentence = re.match(r".+?[.!?](?= |$)", first)
    return shorten(sentence[0] if sentence else first, _LONGEST_SUMMARY)


def kind_of(operation: Operation) -> tuple[str, str]:
    """What carries it out, and what exactly that is called."""
    if operation.script is not None:
        return _INTERPRETERS[operation.script.interpreter], operation.script.file
    if operation.sql is not None:
        return f"SQL on {operation.sql.connection}", operation.sql.file
    assert operation.pod is not None  # noqa: S101 - the catalog has made sure
    return f"Pod in {operation.pod.namespace}", operation.pod.image


def what_runs(request: PageRequest, operation: Operation) -> tuple[str, Node]:
    """The same for a page, with the way to what a file says."""
    kind, name = kind_of(operation)
    if operation.pod is not None:
        return kind, Code(name)
    return kind, Link(Code(name), request.url("/operations/{name}/source", name=operation.name))


def time_limit(operation: Operation) -> str:
    """How long one attempt may take."""
    return duration(operation.timeout)


def duration(seconds: float) -> str:
    """A time that something takes."""
    return f"{max(round(seconds), 1)} s" if seconds < 120 else lasting(timedelta(seconds=seconds))


def at_once(operation: Operation) -> str:
    """How many runs may go on at the same time."""
    limit, per = operation.concurrency.limit, operation.concurrency.per
    count = "one run" if limit == 1 else f"{limit} runs"
    if per is None:
        return f"{count} at a time"
    return f"{count} at a time for each {operation.parameters[per].label(per)}"


def retries(operation: Operation) -> str:
    """What happens after a failure."""
    if operation.retries:
        times = "once" if operation.retries == 1 else f"up to {operation.retries} times"
        return f"tried again {times}; doing it twice does no harm"
    return "not tried again" + ("; doing it twice does no harm" if operation.idempotent else "")


def approval(operation: Operation) -> str:
    """Whose word it takes."""
    if operation.approval is None:
        return "not needed"
    return f"takes somebody in {operation.approval.group}, within {duration(operation.approval.within)}"

"""Addresses of pages, correct wherever Airflow is mounted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote, urlencode

from starlette.datastructures import ImmutableMultiDict

if TYPE_CHECKING:
    from starlette.requests import Request

Target: TypeAlias = Callable[..., Any] | str
"""A page function, or a path below the prefix."""

CURSOR = "cursor"
"""Query parameter that says where a list goes on; a changed filter drops it."""


def address(http: Request) -> str:
    """Give the path that was asked for. Servers hand it on decoded: "?" in it may have been part of a name."""
    return quote(http.scope["path"], safe="/:@!$&'()*+,;=~")


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses as one request sees them.

    Attributes:
        root: Path of our pages as the browser sees it: "/ops", or "/airflow/ops" below a sub-path.
        prefix: The part of it that is ours.
        paths: The path of each page function.
        assets: Path of the static files below `root`, with their digest.
    """

    root: str
    prefix: str
    paths: Mapping[Callable[..., Any], str]
    assets: str

    @property
    def airflow_root(self) -> str:
        """Path of Airflow itself, without a slash at its end."""
        return self.root.removesuffix(self.prefix)

    def asset(self, name: str) -> str:
        """Give the address of a static file."""
        return f"{self.root}{self.assets}/{name}"

    def to(self, target: Target, values: Mapping[str, str | int]) -> str:
        """Give the address of a page; see `PageRequest.url`.

        Raises:
            LookupError: The function is no page, or a value of its path is missing.
        """
        path = target if isinstance(target, str) else self._path_of(target)
        names = re.findall(r"{(\w+)}", path)
        if missing := [name for name in names if name not in values]:
            raise LookupError(f"the address {path} also needs {', '.join(missing)}")
        filled = re.sub(r"{(\w+)}", lambda match: quote(str(values[match[1]]), safe=""), path)
        return self.with_query(f"{self.root}{filled}", {}, {k: v for k, v in values.items() if k not in names})

    def filled(self, target: Target, texts: Mapping[str, str]) -> str:
        """Give the address of a form that is filled in; see `PageRequest.filled_url`."""
        address_of_form = self.to(target, {})
        return f"{address_of_form}?{urlencode(texts)}" if texts else address_of_form

    def with_query(
        self, path: str, query: Mapping[str, str] | ImmutableMultiDict[str, str], changes: Mapping[str, str | int]
    ) -> str:
        """Give `path` with the query changed: an empty value removes its parameter."""
        kept = query.multi_items() if isinstance(query, ImmutableMultiDict) else query.items()
        pairs = [(name, value) for name, value in kept if name not in changes and name != CURSOR]
        pairs += [(name, str(value)) for name, value in changes.items()]
        encoded = urlencode([(name, value) for name, value in pairs if value])
        return f"{path}?{encoded}" if encoded else path

    def _path_of(self, page: Callable[..., Any]) -> str:
        try:
            return self.paths[page]
        except KeyError:
            raise LookupError(f"{page!r} is not a page of this site; decorate it with router.page") from None

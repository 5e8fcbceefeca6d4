"""The router: plain functions become pages.

```python
router = Router(prefix="/ops")

@router.page("/workers", title="Workers", needs="view:workers", nav=1)
def workers(request: PageRequest) -> Page: ...

@router.form("/workers/{team}/{role}/scale", needs="scale:{team}/{role}")
def scale(request: PageRequest) -> Redirect | Page: ...
```

Before a function is called, the request is authenticated and its action authorised; before a form's function is
called, the form is also known to come from one of our own pages. `docs/pages.md` is the guide.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

from starlette.responses import Response

from ops_dashboard.web.components import Page, Redirect
from ops_dashboard.web.request import PageRequest

Answer: TypeAlias = Page | Redirect | Response
PageFunction: TypeAlias = Callable[[PageRequest], Answer]
Tab: TypeAlias = str | Callable[[PageRequest], str]
F = TypeVar("F", bound=Callable[[PageRequest], Answer])

_PATH = re.compile(r"(?:/(?:[a-z0-9._-]+|\{[a-z_]+\}))+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Route:
    """A declared page or form.

    Attributes:
        path: The whole path, prefix included, with `{names}` for what varies.
        method: GET for a page, POST for a form.
        title: Label in the navigation.
        needs: Action with `{names}` from the path; None lets every signed-in user in.
        nav: Position in the navigation; None keeps it out.
        tab: Whole path of the page in the navigation that a request for this one belongs to; None goes by the path.
        count: How many things on the page wait for the reader, shown on its tab.
        function: What answers.
    """

    path: str
    method: str
    title: str
    needs: str | None
    nav: int | None
    tab: Callable[[PageRequest], str] | None
    count: Callable[[PageRequest], int] | None
    function: PageFunction

    def __post_init__(self) -> None:
        """Refuse a declaration that could not work, where it is written."""
        if not _PATH.fullmatch(self.path):
            raise ValueError(f"{self.where}: path {self.path!r} is not accepted; write it as '/workers/{{team}}/scale'")
        if inspect.iscoroutinefunction(self.function):
            raise TypeError(
                f"{self.where}: a page is a plain function (def); the router calls it in a thread of its own"
            )
        names = set(re.findall(r"{(\w+)}", self.path))
        unknown = set(re.findall(r"{(\w*)}", self.needs or "")) - names - {"page"}
        if unknown:
            raise ValueError(
                f"{self.where}: needs {self.needs!r} names {sorted(unknown)}, which the path does not have"
            )
        if self.nav is not None and names:
            raise ValueError(f"{self.where}: a page in the navigation has one address; {self.path!r} has many")

    @property
    def where(self) -> str:
        """Name the function, for messages."""
        return f"{self.function.__module__}.{self.function.__qualname__}"

    def action(self, prefix: str, path: dict[str, str]) -> str | None:
        """Give the action that a request for this path needs."""
        if self.needs is None:
            return None
        page = self.path.removeprefix(prefix).split("/")[1]
        return re.sub(r"{(\w+)}", lambda match: {"page": page, **path}[match[1]], self.needs)


class Router:
    """Collects pages; `create_app` serves those of one or several routers.

    Args:
        prefix: Where the pages stand, seen from Airflow's own address. The routers of one app share its beginning:
            "/ops" and "/ops/reports".
        templates: Folder of your own templates, for the component `Template`.
    """

    def __init__(self, prefix: str = "/ops", *, templates: Path | None = None) -> None:
        if not _PATH.fullmatch(prefix):
            raise ValueError(f"prefix: {prefix!r} is not accepted; write it as '/ops'")
        self.prefix = prefix
        self.templates = templates
        self.routes: list[Route] = []

    def page(
        self,
        path: str,
        *,
        title: str,
        needs: str | None = "view:{page}",
        nav: int | None = None,
        tab: Tab | None = None,
        count: Callable[[PageRequest], int] | None = None,
    ) -> Callable[[F], F]:
        """Declare a page.

        Args:
            path: Its path below the prefix; `{name}` stands for one segment, found in `request.path`.
            title: Its label in the navigation.
            needs: The action that a user must be allowed. `{name}` is filled in from the path; `{page}` is the first
                word of the path. None lets every signed-in user in.
            nav: Its position in the navigation, which shows it to those who may see it; None leaves it out.
            tab: Path of the page in the navigation that it belongs to, where the beginning of its own path does not
                say so: "/runs/{id}" may belong to "/workers". A function of the request where that varies.
            count: Says how many things on the page wait for the reader. Its tab shows them on every page, so it has to
                be quick.

        Raises:
            ValueError: The path or `needs` is malformed.
            TypeError: The function is a coroutine.
        """
        return self._declare("GET", path, needs=needs, title=title, nav=nav, tab=tab, count=count)

    def form(self, path: str, *, needs: str | None) -> Callable[[F], F]:
        """Declare what receives the form of the page with the same path. It returns a `Redirect` when it worked.

        Args:
            path: The page's path.
            needs: As for `page`; a form has to say it.

        Raises:
            ValueError: The path or `needs` is malformed.
            TypeError: The function is a coroutine.
        """
        return self._declare("POST", path, needs=needs)

    def _declare(
        self,
        method: str,
        path: str,
        *,
        needs: str | None,
        title: str = "",
        nav: int | None = None,
        tab: Tab | None = None,
        count: Callable[[PageRequest], int] | None = None,
    ) -> Callable[[F], F]:
        def belongs_to(request: PageRequest) -> str:
            return f"{self.prefix}{tab(request) if callable(tab) else tab}"

        def register(function: F) -> F:
            where = belongs_to if tab is not None else None
            self.routes.append(Route(f"{self.prefix}{path}", method, title, needs, nav, where, count, function))
            return function

        return register

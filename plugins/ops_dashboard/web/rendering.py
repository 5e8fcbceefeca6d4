"""Turns pages into HTML: one template per component, everything escaped, nothing undefined."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from ops_dashboard.web import wording
from ops_dashboard.web.assets import Assets
from ops_dashboard.web.components import Component, Node, Page, Template
from ops_dashboard.web.links import Links
from ops_dashboard.web.request import NO_VALUES, Values
from ops_dashboard.web.security import TOKEN_FIELD

_FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class NavItem:
    """One tab of the navigation.

    Attributes:
        count: How many things on its page wait for the reader.
    """

    title: str
    href: str
    current: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class Masthead:
    """What stands above every page.

    Attributes:
        who: The user, as shown.
        nav: The pages that this user may see.
        synced_at: When their groups were last read; None shows nothing.
        warning: What they have to know of how old that is, above all else on the page.
    """

    who: str = ""
    nav: tuple[NavItem, ...] = ()
    synced_at: datetime | None = None
    warning: Node = None


@dataclass(frozen=True, slots=True)
class View:
    """The request, as templates see it under the name `view`."""

    links: Links
    path: str
    now: datetime
    query: Values = field(default_factory=lambda: NO_VALUES)
    form: Values = field(default_factory=lambda: NO_VALUES)
    masthead: Masthead = field(default_factory=Masthead)
    token: str = ""
    banner: str = ""

    def here(self, name: str, value: str) -> str:
        """Give the address of this page with one filter changed."""
        return self.links.with_query(self.path, self.query, {name: value})


class Renderer:
    """Renders pages and problems.

    Args:
        assets: The static files that pages refer to.
        folders: Template folders of routers; a component's own template is never replaced by one of theirs.
    """

    def __init__(self, assets: Assets, folders: Sequence[Path] = ()) -> None:
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(_FOLDER), *(FileSystemLoader(folder) for folder in folders)]),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=self._finalize,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "ago": wording.ago,
            "exact": wording.exact,
            "clock": wording.clock,
            "difference": wording.difference,
        }
        self._environment.globals["token_field"] = TOKEN_FIELD
        self._look = assets.files["look.css"].decode()

    def page(self, page: Page, view: View) -> str:
        """Render a page."""
        return self._environment.get_template("page.html").render(page=page, view=view)

    def sign_in(self, login: str, view: View) -> tuple[str, str]:
        """Render the page for somebody not signed in, who may load neither style sheet nor script.

        Returns:
            The HTML, with the style inside, and the CSP source that allows exactly this style.
        """
        html = self._environment.get_template("sign_in.html").render(login=login, look=Markup(self._look), view=view)  # noqa: S704
        digest = base64.b64encode(hashlib.sha256(self._look.encode()).digest()).decode()
        return html, f"'sha256-{digest}'"

    @pass_context
    def _finalize(self, context: Context, value: object) -> object:
        """Render what a template prints: components by their templates, all else as text."""
        if isinstance(value, Component):
            return self._component(value, context["view"])
        if isinstance(value, tuple):
            return Markup().join(Markup.escape(self._finalize(context, item)) for item in value)
        return "" if value is None else value

    def _component(self, component: Component, view: View) -> Markup:
        if isinstance(component, Template):
            return self._render(component.file, dict(component.values), view)
        return self._render(component.template, {"c": component}, view)

    def _render(self, name: str, values: Mapping[str, object], view: View) -> Markup:
        html = self._environment.get_template(name).render(values, view=view)
        return Markup(html)  # noqa: S704 (the output of an autoescaping template)

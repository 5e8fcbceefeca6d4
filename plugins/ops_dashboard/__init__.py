"""Self-service operations inside the Airflow web UI.

`from ops_dashboard import Page, PageRequest, Redirect, Router` is where a page begins (docs/pages.md). The names are
loaded when they are asked for: Airflow imports this package in every process, and only its web server shows pages.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops_dashboard.web.components import Page, Redirect
    from ops_dashboard.web.request import PageRequest
    from ops_dashboard.web.router import Router

_HOMES = {
    "Page": "ops_dashboard.web.components",
    "PageRequest": "ops_dashboard.web.request",
    "Redirect": "ops_dashboard.web.components",
    "Router": "ops_dashboard.web.router",
}

__all__ = ["Page", "PageRequest", "Redirect", "Router"]


def __getattr__(name: str) -> object:
    """Load one of the names above (PEP 562)."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

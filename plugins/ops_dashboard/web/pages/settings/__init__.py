"""The pages below `/settings`: all settings, and the form that changes one."""

from __future__ import annotations

from ops_dashboard.web.pages.settings import form, listing

PAGES = (listing.router, form.router)

__all__ = ["PAGES"]

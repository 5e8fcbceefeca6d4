"""The pages below `/workers`: all pools, and the form that scales one."""

from __future__ import annotations

from ops_dashboard.web.pages.workers import form, listing

PAGES = (listing.router, form.router)

__all__ = ["PAGES"]

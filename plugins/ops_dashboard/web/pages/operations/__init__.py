"""Operations: what used to be a ticket. What there is, and a form for each of them."""

from __future__ import annotations

from ops_dashboard.web.pages.operations import catalogue, run_form, source
from ops_dashboard.web.pages.operations.words import operation_url

PAGES = (catalogue.router, run_form.router, source.router)

__all__ = ["PAGES", "operation_url"]

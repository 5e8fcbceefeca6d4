"""The pages below `/access`: who may do what and why, the grants, and the directories behind them."""

from __future__ import annotations

from ops_dashboard.web.pages.access import decide_run, give, grants, revoke, rights, sources, sync_run

PAGES = (
    rights.router,
    grants.router,
    give.router,
    revoke.router,
    sources.router,
    sync_run.router,
    decide_run.router,
)

__all__ = ["PAGES"]

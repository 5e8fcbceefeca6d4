"""The JSON routes, for other programs. Their names are a promise: add to them, never rename."""

from __future__ import annotations

from fastapi import APIRouter

from ops_dashboard.web.api import access, ledger, operations, pools, settings, sources

router = APIRouter(prefix="/api/v1")
router.include_router(pools.router)
router.include_router(operations.router)
router.include_router(settings.router)
router.include_router(ledger.router)
router.include_router(access.router)
router.include_router(sources.router)

__all__ = ["router"]

"""Decide what becomes of a sync of the directory that is held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from ops_dashboard.acts.requests import ActRequest

DECIDE_SYNC_DAG_ID = "ops_decide_sync"


class DecideSyncRequest(ActRequest):
    """Apply exactly what a held sync would change, or let go of it."""

    verb: ClassVar[str] = "manage"

    source: str = Field(pattern="^[a-z][a-z0-9_-]{0,62}$", description="the name of a source of users and groups")
    digest: str = Field(
        pattern="^[0-9a-f]{64}$", description="the digest of the differences that were looked at: 64 hexadecimal digits"
    )
    decision: Literal["release", "discard"] = Field(description="release or discard")

    @classmethod
    def resource_of(cls, values: Mapping[str, Any]) -> str:  # noqa: ARG003 - one right for all sources
        """Who belongs to which group."""
        return "access"

    @property
    def requested(self) -> str:
        """The decision, and about what."""
        return f"{self.decision} of sync {self.digest[:12]} of {self.source}"

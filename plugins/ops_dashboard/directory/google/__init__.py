"""The directory of Google Workspace, by its Directory API."""

from __future__ import annotations

from ops_dashboard.directory.google.settings import GoogleSettings
from ops_dashboard.directory.google.source import GoogleSource

__all__ = ["GoogleSettings", "GoogleSource"]

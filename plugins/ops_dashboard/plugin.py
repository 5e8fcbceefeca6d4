"""What Airflow loads: registration only. Airflow imports this in every process, so it imports nothing heavy."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

_PREFIX = "/ops"


class OpsDashboardPlugin(AirflowPlugin):
    """Mounts the pages and puts "Operations" into Airflow's menu."""

    name = "ops_dashboard"

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The web app, built when the API server asks; no other process does."""
        from ops_dashboard.web.airflow_host import build_app

        return [{"app": build_app(), "url_prefix": _PREFIX, "name": "Operations"}]

    @cached_property
    def external_views(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """One entry in the menu; the pages have their own navigation, which shows what the person may see."""
        # The browser resolves these, so they need the path under which a proxy may have put Airflow.
        base = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/") + _PREFIX
        return [
            {
                "name": "Operations",
                "href": f"{base}/",
                "destination": "nav",
                "url_route": "operations",
                "nav_top_level": True,
                "icon": f"{base}/static/icon.svg",
                "icon_dark_mode": f"{base}/static/icon-dark.svg",
            }
        ]

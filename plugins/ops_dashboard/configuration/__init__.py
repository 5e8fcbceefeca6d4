"""Settings: reading one, and changing it if it is still what was seen.

`home_of` knows where a setting lives; `current` makes a value of the text that is kept there.
"""

from __future__ import annotations

from ops_dashboard.configuration.encoding import current, to_text
from ops_dashboard.configuration.errors import ChangedError, ConfigurationError, UncertainChangeError
from ops_dashboard.configuration.homes import home_of
from ops_dashboard.configuration.models import Current, Home, RestartTarget, Stored, restart_target

__all__ = [
    "ChangedError",
    "ConfigurationError",
    "Current",
    "Home",
    "RestartTarget",
    "Stored",
    "UncertainChangeError",
    "current",
    "home_of",
    "restart_target",
    "to_text",
]

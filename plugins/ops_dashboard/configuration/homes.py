"""Which home a setting has, and what is read of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self

from ops_dashboard.catalog import Setting
from ops_dashboard.configuration.config_maps import ConfigMapApi, ConfigMapHome, read_all
from ops_dashboard.configuration.models import Home
from ops_dashboard.configuration.variables import VariableHome


def home_of(setting: Setting) -> Home:
    """Return where a setting lives."""
    if setting.config_map is not None:
        return ConfigMapHome(_api(setting.config_map.connection), setting.config_map, setting.name)
    return VariableHome(_variable(setting), setting.title)


def key_of(setting: Setting) -> str:
    """Return what tells a setting from others at the same place."""
    return setting.config_map.key if setting.config_map is not None else _variable(setting)


@dataclass(frozen=True, slots=True)
class Place:
    """What one read tells: a whole ConfigMap of a cluster, or, without a connection, an Airflow variable."""

    connection: str
    namespace: str
    name: str

    @classmethod
    def of(cls, setting: Setting) -> Self:
        """Where a setting is."""
        place = setting.config_map
        return cls("", "", _variable(setting)) if place is None else cls(place.connection, place.namespace, place.name)

    def texts(self) -> Mapping[str, str]:
        """Look once, for a page; a page can be loaded again. Texts by key.

        Raises:
            ConfigurationError: It could not be read.
        """
        if self.connection:
            return read_all(_api(self.connection), self.namespace, self.name)
        text = VariableHome(self.name, "").peek().text
        return {} if text is None else {self.name: text}


@cache
def _api(connection_id: str) -> ConfigMapApi:
    """The client of each cluster is made once per process."""
    return ConfigMapApi(connection_id)


def _variable(setting: Setting) -> str:
    if setting.variable is None:
        raise ValueError(f"setting {setting.name} lives nowhere")  # which no catalog can declare
    return setting.variable

"""All settings as one person sees them: from the catalog, the access tables, the ledger and where they live."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ops_dashboard import access, ledger
from ops_dashboard.acts import ChangeSettingRequest
from ops_dashboard.catalog import Setting
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.configuration.models import Current
from ops_dashboard.configuration.reading import value_reader
from ops_dashboard.overview.views import View

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingView(View):
    """One setting.

    Attributes:
        current: None if it could not be read.
    """

    setting: Setting
    current: Current | None


@dataclass(frozen=True, slots=True)
class SettingsOverview:
    """All settings of the catalog.

    Attributes:
        problems: Why some could not be read, a sentence each.
        seen_at: When the oldest was read.
    """

    settings: tuple[SettingView, ...]
    problems: tuple[str, ...]
    seen_at: datetime


def read_settings(
    database: Callable[[], AbstractContextManager[psycopg.Connection[Any]]], user: str
) -> SettingsOverview:
    """Look at everything for one person.

    Args:
        database: Opens a connection, which is given back before the values are read: a cluster that hangs must not use
            up the connections of everybody.
        user: Airflow's username.

    Raises:
        CatalogError: The catalog has mistakes.
        DatabaseDownError: Nobody's rights can be told.
    """
    known = current_catalog().settings
    actions = [setting.action for setting in known.values()]
    with database() as connection:
        decisions = access.decide_all(connection, user, actions)
        groups = access.groups_that_may(connection, actions)
        changes = ledger.last_changes(connection, ChangeSettingRequest.verb, list(known))
    touched = {name: entries[0].last_heard for name, entries in changes.items() if entries}
    values = value_reader().read(known.values(), since=touched)
    views = tuple(
        SettingView(
            setting=setting,
            current=values.by_setting.get(setting.name),
            decision=decisions[setting.action],
            may=groups[setting.action],
            last=next(iter(changes[setting.name]), None),
        )
        for setting in known.values()
    )
    return SettingsOverview(views, values.problems, values.seen_at)

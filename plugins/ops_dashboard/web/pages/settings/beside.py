"""What stands beside a setting's form: where it lives, who answers for it, and who changed it."""

from __future__ import annotations

from ops_dashboard import ledger
from ops_dashboard.access import Decision
from ops_dashboard.acts import ChangeSettingRequest
from ops_dashboard.catalog import Setting
from ops_dashboard.configuration import restart_target
from ops_dashboard.configuration.reading import Values
from ops_dashboard.parameters import accepted
from ops_dashboard.web.components import Badge, Code, Column, Empty, Facts, Link, Node, Stacked, Table, Time, Tone
from ops_dashboard.web.pages.runs import run_url
from ops_dashboard.web.pages.shared import effect, outcome_badge, person
from ops_dashboard.web.pages.values import value_in_words
from ops_dashboard.web.request import PageRequest

_RECENT = 5


def facts(setting: Setting, values: Values, decision: Decision) -> Facts:
    """What is known of a setting, and why this person may change it."""
    target = restart_target(setting)
    return Facts(
        ("Now", _now(setting, values)),
        ("Accepted", accepted(setting.value)),
        ("Your grant", _grant(decision)),
        ("Lives in", lives_in(setting)),
        ("Restarts", str(target) if target else "nothing"),
        ("Owner", setting.owner),
        ("Seen", Time(values.seen_at)),
    )


def lives_in(setting: Setting) -> str:
    """Where it lives, in words."""
    place = setting.config_map
    if place is None:
        return f"Airflow variable {setting.variable}"
    return f"ConfigMap {place.name} in namespace {place.namespace}, key {place.key}"


def recent_changes(request: PageRequest, setting: Setting) -> Table:
    """The last requests that changed it, with their runs."""
    changes = ledger.last_changes(request.database, ChangeSettingRequest.verb, [setting.name], per_resource=_RECENT)
    rows = [
        (
            Stacked(Link(effect(entry), run_url(request, entry)), entry.reason),
            Stacked(person(entry.actor, request.user.name), Time(entry.at)),
            outcome_badge(entry),
        )
        for entry in changes[setting.name]
    ]
    columns = (Column("Change", numeric=True), Column("By"), Column("Outcome"))
    return Table(columns, rows, "Recent changes", Empty("Nobody has changed this setting from here yet."))


def _now(setting: Setting, values: Values) -> Node:
    current = values.by_setting.get(setting.name)
    if current is None:
        return Badge("Not seen", Tone.IDLE)
    if current.value is None:
        return Badge("Not set", Tone.IDLE)
    return Code(value_in_words(current.value))


def _grant(decision: Decision) -> str:
    bounds = decision.grant.bounds if decision.grant else ""
    return f"{decision.grant}, {bounds}" if bounds else str(decision.grant)

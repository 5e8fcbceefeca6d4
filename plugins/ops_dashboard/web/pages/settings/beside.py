"""What stands beside a setting's form: what is set now, where it lives, and who answers for it."""

from __future__ import annotations

from ops_dashboard.access import Decision
from ops_dashboard.catalog import Setting
from ops_dashboard.configuration import restart_target
from ops_dashboard.configuration.reading import Values
from ops_dashboard.parameters import accepted
from ops_dashboard.web.components import Badge, Code, Facts, Node, Time, Tone
from ops_dashboard.web.pages.values import value_in_words


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

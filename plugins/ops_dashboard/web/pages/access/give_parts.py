"""What the page that gives a grant consists of: the form, and a look at what exactly would be given."""

from __future__ import annotations

from collections.abc import Mapping

from ops_dashboard import access
from ops_dashboard.acts import ChangeGrantRequest
from ops_dashboard.catalog import limits_in_words
from ops_dashboard.web.components import (
    Code,
    Facts,
    Fieldset,
    Form,
    Hidden,
    Node,
    NumberField,
    Panel,
    Submit,
    TextField,
    Time,
    TimeField,
)
from ops_dashboard.web.pages.access.words import known_actions, unknown_resource
from ops_dashboard.web.pages.asking import once, reason_field, shown_as
from ops_dashboard.web.request import PageRequest

STEP = "step"
REVIEW, CHANGE, GIVE = "review", "change", "give"
"""The steps that the form is sent for."""
LIMITS = {"min": "Least", "max": "Most", "max_change": "Change at once"}
FIELDS = ("group", "action", *LIMITS, "expires_at", "reason")

_MOST_SUGGESTIONS = 1000
_LEAST = {"min": 0, "max": 0, "max_change": 1}


def form(request: PageRequest, errors: Mapping[str, str]) -> Form:
    """The fields, filled in as the address asks for at first."""
    return Form(
        TextField(
            "group",
            "Group",
            request.query.get("group", ""),
            hint="As the company directory names it.",
            error=errors.get("group"),
            required=True,
            suggestions=access.group_names(request.database)[:_MOST_SUGGESTIONS],
        ),
        TextField(
            "action",
            "Action",
            request.query.get("action", ""),
            hint="As in scale:ads/bidder, or scale:ads/* for all of a team's; * is any text.",
            error=errors.get("action"),
            required=True,
            suggestions=known_actions(access.granted_actions(request.database))[:_MOST_SUGGESTIONS],
        ),
        Fieldset(
            "Limits",
            *(_limit(name, errors) for name in LIMITS),
            hint="Numbers of workers; what is left empty is open, within the pool's own limits.",
            # What was given stands in the fields; as a mapping nobody has written it.
            error=errors.get("limits", "").rpartition("is not accepted; ")[2] or None,
        ),
        TimeField(
            "expires_at",
            "Expires at (UTC)",
            hint="Left empty, it holds until somebody revokes it.",
            error=errors.get("expires_at"),
        ),
        reason_field(errors),
        once(),
        submit=Submit("Review the grant", STEP, REVIEW),
        cancel=request.url("/access/grants"),
    )


def _limit(name: str, errors: Mapping[str, str]) -> NumberField:
    error = errors.get(f"limits.{name}")
    return NumberField(name, LIMITS[name], minimum=_LEAST[name], error=error, required=False)


def review(request: PageRequest, asked: ChangeGrantRequest, *, again: bool) -> tuple[Node, ...]:
    """What would be given, and the button.

    Args:
        request: Holds what was typed.
        asked: What it means.
        again: It is shown once more because the answer was lost, and is still the same request.
    """
    sent = Form(
        *(Hidden(name, request.form.get(name, "")) for name in FIELDS),
        once(shown_as(request) if again else ""),
        submit=Submit("Give it now", STEP, GIVE),
        also=(Submit("Change", STEP, CHANGE),),
        cancel=request.url("/access/grants"),
    )
    facts = Facts(
        ("Group", Code(asked.group)),
        ("Action", Code(asked.action)),
        ("Limits", limits_in_words(asked.bounds) or "none of its own"),
        ("Until", Time(asked.expires_at) if asked.expires_at is not None else "no end"),
        ("Reason", asked.reason),
    )
    return (unknown_resource(asked.action), Panel(facts, sent))

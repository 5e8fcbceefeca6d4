"""What pages and programs ask about access alike."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from ops_dashboard.acts import DecideSyncRequest
from ops_dashboard.catalog import ActionPattern, CatalogGrant

_ACTIONS: TypeAdapter[str] = TypeAdapter(ActionPattern)

ACTION_IN_WORDS = str(CatalogGrant.model_fields["action"].description)
"""What is accepted: whatever a grant may name."""

MANAGES = f"{DecideSyncRequest.verb}:{DecideSyncRequest.resource_of({})}"
"""What somebody must be allowed who decides about held syncs, and who sees people's names in what a sync changes."""

SEES_OTHERS = "view:access"
"""What somebody must be allowed who looks at the grants, and at what other people may. What they may themselves, and
how old the groups are, everybody is told: a refusal has to be understood by whom it is for."""


def check_action(text: str) -> str:
    """Return what is asked for, if it is an action.

    Raises:
        ValueError: It is none; says what is accepted.
    """
    try:
        return _ACTIONS.validate_python(text)
    except ValidationError:
        raise ValueError(ACTION_IN_WORDS) from None
